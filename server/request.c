/*
 * request.c: see request.h. What only HTTP/1.1 can get wrong is in http1_check.c.
 */
#include "server/request.h"

#include <llhttp/llhttp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "server/response.h"

bool request_refuse(struct request_head *head, int status, const char *format, ...)
{
	if (head->status)
		return false;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(head->reason, sizeof head->reason, format, arguments);
	va_end(arguments);
	head->status = status;
	return false;
}

size_t request_find(const struct host_request *request, const char *name, struct sv_bytes *first)
{
	size_t count = 0;
	struct sv_bytes wanted = host_text(name);
	for (size_t i = 0; i < request->header_count; i++) {
		if (!host_name_equal(request->headers[i].name, wanted))
			continue;
		if (!count++)
			*first = request->headers[i].value;
	}
	return count;
}

/* A list of words, some with parameters. */
static bool list_has_trailers(struct sv_bytes list)
{
	static const char word[] = "trailers";
	const size_t length = sizeof word - 1;
	for (size_t at = 0; at + length <= list.length; at++) {
		const char *here = (const char *)list.data + at;
		bool begins = !at || strchr(", \t", here[-1]);
		bool ends = at + length == list.length || strchr(",; \t", here[length]);
		if (begins && ends && strncasecmp(here, word, length) == 0)
			return true;
	}
	return false;
}

bool request_takes_trailers(const struct host_request *request)
{
	for (size_t i = 0; i < request->header_count; i++) {
		const struct host_header *field = &request->headers[i];
		if (request_bytes_are(field->name, "TE") && list_has_trailers(field->value))
			return true;
	}
	return false;
}

bool request_add_trailer(struct request_head *head, struct host_response *trailers,
		struct sv_bytes name, struct sv_bytes value)
{
	struct sv_error error = SV_ERROR_INIT;
	if (response_field_is_for_heads(name) ||
			host_response_add(trailers, name, bytes_trim(value), &error))
		return true;
	int status = error.code == SV_ERROR_LIMIT ? 431
			: error.code == SV_ERROR_NO_MEMORY ? 503
							   : 400;
	return request_refuse(head, status, "trailers: %s", error.text);
}

/* ---- rules ---- */

static bool check_length(struct request_head *head)
{
	struct sv_bytes value;
	size_t count = request_find(head->request, "Content-Length", &value);
	if (!count)
		return true;
	if (count > 1)
		return request_refuse(head, 400, "more than one Content-Length field");
	if (!value.length || value.length > 19)
		return request_refuse(head, value.length ? 413 : 400, "a malformed Content-Length");
	for (size_t i = 0; i < value.length; i++) {
		if (value.data[i] < '0' || value.data[i] > '9')
			return request_refuse(head, 400, "a malformed Content-Length");
		head->length = head->length * 10 + (value.data[i] - '0');
	}
	head->has_length = head->request->has_body = true;
	if (head->length > head->limits->body_bytes)
		return request_refuse(head, 413, "a body of more than %llu bytes",
				(unsigned long long)head->limits->body_bytes);
	return true;
}

/* A name or address, a colon and a port; no user, path or space. */
bool request_host_is_valid(struct sv_bytes host)
{
	for (size_t i = 0; i < host.length; i++) {
		uint8_t c = host.data[i];
		bool alphanumeric =
				(c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
		if (!alphanumeric && (!c || !strchr("-._~!$&'()*+,;=:[]%", c)))
			return false;
	}
	return host.length <= 255;
}

static bool check_host(struct request_head *head)
{
	struct sv_bytes host = {0};
	size_t count = request_find(head->request, "Host", &host);
	if (count > 1)
		return request_refuse(head, 400, "more than one Host field");
	if (!count && !host_request_is_old(head->request))
		return request_refuse(head, 400, "no Host field");
	if (!request_host_is_valid(host))
		return request_refuse(head, 400, "a malformed Host field");
	head->host = host;
	return true;
}

static bool check_expectation(struct request_head *head)
{
	struct sv_bytes value;
	size_t count = request_find(head->request, "Expect", &value);
	if (!count || host_request_is_old(head->request))
		return true;
	if (count > 1 || !request_bytes_are(value, "100-continue"))
		return request_refuse(head, 417, "an expectation other than 100-continue");
	head->expects_continue = true;
	return true;
}

/* "http://host/path" is as good as "/path" and a Host field (RFC 9112, section 3.2.2). */
static bool take_absolute(struct request_head *head, struct sv_bytes *rest)
{
	static const char *const schemes[] = {"http://", "https://"};
	for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++) {
		size_t length = strlen(schemes[i]);
		struct sv_bytes start = {rest->data, length};
		if (rest->length <= length || !request_bytes_are(start, schemes[i]))
			continue;
		struct sv_bytes host = {rest->data + length, 0};
		size_t most = rest->length - length;
		while (host.length < most && !strchr("/?", host.data[host.length]))
			host.length++;
		if (!host.length || !request_host_is_valid(host))
			break;
		head->host = host;
		rest->data += length + host.length;
		rest->length -= length + host.length;
		return true;
	}
	return request_refuse(head, 400, "a target that is neither a path nor an http URL");
}

/* The target's path, and the host if it has one: HTTP/2 has it elsewhere. */
static bool take_path(struct request_head *head, struct sv_bytes *rest)
{
	struct host_request *request = head->request;
	if (rest->length && rest->data[0] == '/')
		return true;
	if (request->major_version > 1)
		return request_refuse(head, 400, "a :path that does not begin with /");
	if (!take_absolute(head, rest))
		return false;
	if (!rest->length)
		*rest = host_text("/");
	if (rest->data[0] != '/')
		return request_refuse(head, 400, "a target without a path");
	request->target = *rest;
	return true;
}

static bool check_target(struct request_head *head)
{
	struct host_request *request = head->request;
	struct sv_bytes rest = request->target;
	if (rest.length > head->limits->target_bytes)
		return request_refuse(head, 414, "a target of more than %llu bytes",
				(unsigned long long)head->limits->target_bytes);
	if (rest.length && memchr(rest.data, '#', rest.length))
		return request_refuse(head, 400, "a fragment in the target");
	if (rest.length == 1 && rest.data[0] == '*') {
		request->path = rest;
		return request_bytes_are(request->method, "OPTIONS") ||
				request_refuse(head, 400,
						"the target * with a method that is not OPTIONS");
	}
	if (!take_path(head, &rest))
		return false;
	const uint8_t *mark = memchr(rest.data, '?', rest.length);
	request->path = (struct sv_bytes){
			rest.data, mark ? (size_t)(mark - rest.data) : rest.length};
	if (mark)
		request->query =
				(struct sv_bytes){mark + 1, rest.length - request->path.length - 1};
	return true;
}

bool request_check_method(struct request_head *head)
{
	static const char *const methods[] = {
#define METHOD(number, name, string) #string,
			HTTP_METHOD_MAP(METHOD)
#undef METHOD
	};
	struct sv_bytes method = head->request->method;
	if (request_bytes_are(method, "CONNECT"))
		return request_refuse(head, 501, "CONNECT is not supported");
	for (size_t i = 0; i < ARRAY_LENGTH(methods); i++) {
		if (strlen(methods[i]) == method.length &&
				memcmp(methods[i], method.data, method.length) == 0)
			return true;
	}
	return request_refuse(head, 501, "an unknown method");
}

bool request_check(struct request_head *head, bool is_chunked)
{
	head->request->has_body = is_chunked;
	return check_length(head) && check_host(head) && check_target(head) &&
			check_expectation(head);
}
