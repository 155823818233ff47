/*
 * reply.c: what a CGI program wrote on its standard output, read as a CGI response
 * (RFC 3875, section 6). Lines may end in CR LF or in LF alone. A local redirect is
 * not followed: it goes to the client as a redirect.
 */
#include "host/cgi/cgi.h"

#include <string.h>
#include <strings.h>

/* What has been seen of the fields that mean something to the server. */
struct reply {
	struct host_response *response;
	bool is_head; /* of a HEAD request */
	bool has_status, has_type, has_location;
	int64_t length; /* Content-Length; -1: none */
};

static bool reply_status(struct reply *reply, struct sv_bytes value, struct sv_error *error)
{
	if (reply->has_status)
		return sv_fail(error, SV_ERROR_INVALID, "two Status fields");
	reply->has_status = true;
	int status = 0;
	size_t i = 0;
	for (; i < value.length && i < 3 && value.data[i] >= '0' && value.data[i] <= '9'; i++)
		status = status * 10 + (value.data[i] - '0');
	bool ends = i == value.length || value.data[i] == ' ';
	if (i != 3 || !ends || !host_status_is_final(status))
		return sv_fail(error, SV_ERROR_INVALID,
				"a Status field that is not a final status of three digits: "
				"\"%.*s\"",
				(int)(value.length < 60 ? value.length : 60),
				(const char *)value.data);
	reply->response->status = status;
	return true;
}

static bool reply_length(struct reply *reply, struct sv_bytes value, struct sv_error *error)
{
	int64_t length = 0;
	bool is_number = value.length > 0 && value.length < 18;
	for (size_t i = 0; is_number && i < value.length; i++) {
		is_number = value.data[i] >= '0' && value.data[i] <= '9';
		length = length * 10 + (value.data[i] - '0');
	}
	if (!is_number)
		return sv_fail(error, SV_ERROR_INVALID, "a Content-Length that is not a number");
	if (reply->length >= 0)
		return sv_fail(error, SV_ERROR_INVALID, "two Content-Length fields");
	reply->length = length;
	return true;
}

static bool reply_field(struct reply *reply, struct sv_bytes name, struct sv_bytes value,
		struct sv_error *error)
{
	if (host_name_equal(name, host_text("Status")))
		return reply_status(reply, value, error);
	if (host_name_equal(name, host_text("Content-Length")))
		return reply_length(reply, value, error);
	if (host_name_equal(name, host_text("Content-Type"))) {
		if (reply->has_type)
			return sv_fail(error, SV_ERROR_INVALID, "two Content-Type fields");
		reply->has_type = true;
	}
	if (host_name_equal(name, host_text("Location"))) {
		if (reply->has_location || !value.length)
			return sv_fail(error, SV_ERROR_INVALID, "%s",
					value.length ? "two Location fields" : "an empty Location");
		reply->has_location = true;
	}
	return host_response_add(reply->response, name, value, error);
}

static bool reply_line(struct reply *reply, struct sv_bytes line, struct sv_error *error)
{
	const uint8_t *colon = memchr(line.data, ':', line.length);
	if (!colon || colon == line.data)
		return sv_fail(error, SV_ERROR_INVALID,
				"a line of the head that is not \"name: value\": \"%.*s\"",
				(int)(line.length < 60 ? line.length : 60),
				(const char *)line.data);
	struct sv_bytes name = {line.data, (size_t)(colon - line.data)};
	struct sv_bytes value = {colon + 1, line.length - name.length - 1};
	return reply_field(reply, name, bytes_trim(value), error);
}

/* Take the next line off `rest`, without its end. */
static bool next_line(struct sv_bytes *rest, struct sv_bytes *line)
{
	const uint8_t *end = rest->length ? memchr(rest->data, '\n', rest->length) : NULL;
	if (!end)
		return false;
	*line = (struct sv_bytes){rest->data, (size_t)(end - rest->data)};
	rest->data = end + 1;
	rest->length -= line->length + 1;
	if (line->length && line->data[line->length - 1] == '\r')
		line->length--;
	return true;
}

/* Rules about the fields together, and about the body. */
static bool reply_check(struct reply *reply, bool is_whole, struct sv_error *error)
{
	struct host_response *response = reply->response;
	size_t length = response->body.length - response->body_start;
	if (!reply->has_status && !reply->has_type && !reply->has_location)
		return sv_fail(error, SV_ERROR_INVALID,
				"a head without Content-Type, Location or Status");
	if (reply->has_location && !reply->has_status)
		response->status = 302;
	bool may_differ = (reply->is_head && length == 0) ||
			(!is_whole && length <= (uint64_t)reply->length);
	if (reply->length >= 0 && (uint64_t)reply->length != length && !may_differ)
		return sv_fail(error, SV_ERROR_INVALID,
				"a Content-Length of %lld for a body of %zu bytes",
				(long long)reply->length, length);
	response->announced = reply->length;
	if ((length || !is_whole) && !reply->has_type)
		return host_response_add(response, host_text("Content-Type"),
				host_text("application/octet-stream"), error);
	return true;
}

bool cgi_reply_has_head(struct sv_bytes output)
{
	struct sv_bytes line;
	while (next_line(&output, &line)) {
		if (!line.length)
			return true;
	}
	return false;
}

bool cgi_reply_read(struct host_response *response, bool is_head, bool is_whole,
		struct sv_error *error)
{
	struct reply reply = {.response = response, .is_head = is_head, .length = -1};
	struct sv_bytes rest = buffer_view(&response->body), line;
	if (!rest.length)
		return sv_fail(error, SV_ERROR_INVALID, "no output");
	for (;;) {
		if (!next_line(&rest, &line))
			return sv_fail(error, SV_ERROR_INVALID,
					"output without an empty line that ends the head");
		if (!line.length)
			break;
		TRY(reply_line(&reply, line, error));
	}
	response->body_start = (size_t)(rest.data - response->body.data);
	return reply_check(&reply, is_whole, error);
}
