/*
 * http1_check.c: what RFC 9110 and 9112 demand of a request beyond its grammar, and
 * what must be refused because two servers could understand it differently.
 */
#include "server/http1_parse.h"

#include <string.h>

static bool is_token_byte(uint8_t c)
{
	bool alphanumeric = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
	return alphanumeric || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool bytes_are(struct sv_bytes bytes, const char *text)
{
	return host_name_equal(bytes, host_text(text));
}

/* The number of fields of this name; `*first` is the first of them. */
static size_t field_find(const struct http1_parser *parser, const char *name,
		struct sv_bytes *first)
{
	size_t count = 0;
	const struct host_request *request = parser->request;
	struct sv_bytes wanted = host_text(name);
	for (size_t i = 0; i < request->header_count; i++) {
		if (!host_name_equal(request->headers[i].name, wanted))
			continue;
		if (!count++)
			*first = request->headers[i].value;
	}
	return count;
}

enum http1_result http1_check_line(struct http1_parser *parser, struct sv_bytes line)
{
	size_t at = 0;
	while (at < line.length && is_token_byte(line.data[at]))
		at++;
	if (!at || at == line.length || line.data[at] != ' ')
		return http1_refuse(parser, 400, "a malformed method");
	if (line.length >= 14 && memcmp(line.data, "PRI * HTTP/2.0", 14) == 0)
		return http1_refuse(parser, 505, "HTTP/2 is not supported");
	struct sv_bytes method = {line.data, at};
	const uint8_t *target = line.data + at + 1;
	const uint8_t *space = memchr(target, ' ', (size_t)(line.data + line.length - target));
	if (!space || space == target)
		return http1_refuse(parser, 400, "a request line without target or version");
	struct sv_bytes version = {space + 1, (size_t)(line.data + line.length - space - 1)};
	if (version.length != 8 || memcmp(version.data, "HTTP/", 5) != 0 || version.data[6] != '.')
		return http1_refuse(parser, 400, "a malformed version");
	if (version.data[5] != '1' || (version.data[7] != '0' && version.data[7] != '1'))
		return http1_refuse(parser, 505, "a version that is not HTTP/1.1 or HTTP/1.0");
	if (method.length == 7 && memcmp(method.data, "CONNECT", 7) == 0)
		return http1_refuse(parser, 501, "CONNECT is not supported");
	if (llhttp_get_errno(&parser->llhttp) == HPE_INVALID_METHOD)
		return http1_refuse(parser, 501, "an unknown method");
	return HTTP1_READY;
}

/* A list of codings of which chunked is the last: well-formed, but more than we can undo. */
static bool ends_in_chunked(struct sv_bytes codings)
{
	static const char chunked[] = "chunked";
	const size_t length = sizeof chunked - 1;
	if (codings.length < length)
		return false;
	struct sv_bytes rest = {codings.data, codings.length - length};
	struct sv_bytes last = {codings.data + rest.length, length};
	while (rest.length &&
			(rest.data[rest.length - 1] == ' ' || rest.data[rest.length - 1] == '\t'))
		rest.length--;
	return bytes_are(last, chunked) && rest.length && rest.data[rest.length - 1] == ',';
}

enum http1_result http1_check_codings(struct http1_parser *parser)
{
	struct sv_bytes coding, length;
	size_t count = field_find(parser, "Transfer-Encoding", &coding);
	if (!count)
		return HTTP1_READY;
	if (field_find(parser, "Content-Length", &length))
		return http1_refuse(parser, 400, "Content-Length together with Transfer-Encoding");
	if (count > 1)
		return http1_refuse(parser, 400, "more than one Transfer-Encoding field");
	if (bytes_are(coding, "chunked"))
		return HTTP1_READY;
	if (ends_in_chunked(coding))
		return http1_refuse(parser, 501, "a transfer coding other than chunked");
	return http1_refuse(parser, 400, "a Transfer-Encoding that is not chunked");
}

static enum http1_result check_length(struct http1_parser *parser)
{
	struct sv_bytes value;
	size_t count = field_find(parser, "Content-Length", &value);
	parser->request->has_body = count || parser->is_chunked;
	if (!count)
		return HTTP1_READY;
	if (count > 1)
		return http1_refuse(parser, 400, "more than one Content-Length field");
	if (!value.length || value.length > 19)
		return http1_refuse(parser, value.length ? 413 : 400, "a malformed Content-Length");
	uint64_t length = 0;
	for (size_t i = 0; i < value.length; i++) {
		if (value.data[i] < '0' || value.data[i] > '9')
			return http1_refuse(parser, 400, "a malformed Content-Length");
		length = length * 10 + (value.data[i] - '0');
	}
	if (length > parser->limits->body_bytes)
		return http1_refuse(parser, 413, "a body of more than %llu bytes",
				(unsigned long long)parser->limits->body_bytes);
	return HTTP1_READY;
}

/* Host: a name or address, a colon and a port; no user, path or space. */
static bool host_is_valid(struct sv_bytes host)
{
	for (size_t i = 0; i < host.length; i++) {
		uint8_t c = host.data[i];
		bool alphanumeric =
				(c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
		if (!alphanumeric && !strchr("-._~!$&'()*+,;=:[]%", c))
			return false;
	}
	return host.length <= 255;
}

static enum http1_result check_host(struct http1_parser *parser)
{
	struct sv_bytes host = {0};
	size_t count = field_find(parser, "Host", &host);
	if (count > 1)
		return http1_refuse(parser, 400, "more than one Host field");
	if (!count && parser->request->minor_version > 0)
		return http1_refuse(parser, 400, "no Host field");
	if (!host_is_valid(host))
		return http1_refuse(parser, 400, "a malformed Host field");
	parser->host = host;
	return HTTP1_READY;
}

static enum http1_result check_expectation(struct http1_parser *parser)
{
	struct sv_bytes value;
	size_t count = field_find(parser, "Expect", &value);
	if (!count || parser->request->minor_version == 0)
		return HTTP1_READY;
	if (count > 1 || !bytes_are(value, "100-continue"))
		return http1_refuse(parser, 417, "an expectation other than 100-continue");
	parser->expects_continue = !parser->is_complete;
	return HTTP1_READY;
}

/* "http://host/path" is as good as "/path" and a Host field (RFC 9112, section 3.2.2). */
static enum http1_result take_absolute(struct http1_parser *parser, struct sv_bytes *rest)
{
	static const char *const schemes[] = {"http://", "https://"};
	for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++) {
		size_t length = strlen(schemes[i]);
		struct sv_bytes start = {rest->data, length};
		if (rest->length <= length || !bytes_are(start, schemes[i]))
			continue;
		struct sv_bytes host = {rest->data + length, 0};
		size_t most = rest->length - length;
		while (host.length < most && !strchr("/?", host.data[host.length]))
			host.length++;
		if (!host.length || !host_is_valid(host))
			break;
		parser->host = host;
		rest->data += length + host.length;
		rest->length -= length + host.length;
		return HTTP1_READY;
	}
	return http1_refuse(parser, 400, "a target that is neither a path nor an http URL");
}

enum http1_result http1_check_target(struct http1_parser *parser)
{
	struct host_request *request = parser->request;
	struct sv_bytes rest = request->target;
	if (rest.length > parser->limits->target_bytes)
		return http1_refuse(parser, 414, "a target of more than %llu bytes",
				(unsigned long long)parser->limits->target_bytes);
	if (memchr(rest.data, '#', rest.length))
		return http1_refuse(parser, 400, "a fragment in the target");
	if (rest.length == 1 && rest.data[0] == '*') {
		request->path = rest;
		if (bytes_are(request->method, "OPTIONS"))
			return HTTP1_READY;
		return http1_refuse(parser, 400, "the target * with a method that is not OPTIONS");
	}
	if (!rest.length || rest.data[0] != '/') {
		if (take_absolute(parser, &rest) == HTTP1_REFUSED)
			return HTTP1_REFUSED;
		if (!rest.length)
			rest = host_text("/");
		if (rest.data[0] != '/')
			return http1_refuse(parser, 400, "a target without a path");
		request->target = rest;
	}
	const uint8_t *mark = memchr(rest.data, '?', rest.length);
	request->path = (struct sv_bytes){
			rest.data, mark ? (size_t)(mark - rest.data) : rest.length};
	if (mark)
		request->query =
				(struct sv_bytes){mark + 1, rest.length - request->path.length - 1};
	return HTTP1_READY;
}

enum http1_result http1_check_head(struct http1_parser *parser)
{
	static enum http1_result (*const checks[])(struct http1_parser *) = {
			http1_check_codings,
			check_length,
			check_host,
			http1_check_target,
			check_expectation,
	};
	if (parser->request->minor_version == 0 && parser->is_chunked)
		return http1_refuse(parser, 400, "Transfer-Encoding in HTTP/1.0");
	for (size_t i = 0; i < ARRAY_LENGTH(checks); i++) {
		if (checks[i](parser) == HTTP1_REFUSED)
			return HTTP1_REFUSED;
	}
	return HTTP1_READY;
}
