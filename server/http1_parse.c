/*
 * http1_parse.c: finds the head of a request, has llhttp parse it and its body, and
 * watches the framing. The rules about single fields are in http1_check.c.
 */
#include "server/http1_parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Empty lines a client may send before a request (RFC 9112, section 2.2). */
static const size_t max_empty_lines = 2;

/* Longest "METHOD " and " HTTP/1.1\r\n" around a target. */
static const size_t line_overhead = 48;

enum http1_result http1_refuse(struct http1_parser *parser, int status, const char *format, ...)
{
	if (parser->head.status)
		return HTTP1_REFUSED;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(parser->head.reason, sizeof parser->head.reason, format, arguments);
	va_end(arguments);
	parser->head.status = status;
	return HTTP1_REFUSED;
}

/* ---- llhttp's callbacks: views of what it was given ---- */

static struct http1_parser *parser_of(llhttp_t *llhttp)
{
	return llhttp->data;
}

static int take_target(llhttp_t *llhttp, const char *at, size_t length)
{
	parser_of(llhttp)->head.request->target = (struct sv_bytes){(const uint8_t *)at, length};
	return 0;
}

/* ---- trailers, whose parts are copied: they may come one by one ---- */

static int trailer_take(struct http1_parser *parser, const char *at, size_t length)
{
	struct buffer *trailer = &parser->trailer;
	trailer->limit = parser->head.limits->head_bytes;
	if (!parser->trailers || buffer_append(trailer, at, length, NULL))
		return 0;
	http1_refuse(parser, 431, "a trailer of more than %llu bytes",
			(unsigned long long)trailer->limit);
	return HPE_USER;
}

/* The one that has come is whole, if there is one. */
static int trailer_end(struct http1_parser *parser)
{
	struct sv_bytes name = buffer_view(&parser->trailer), value = name;
	if (!parser->has_trailer_name)
		return 0;
	name.length = parser->trailer_name;
	value.data += name.length;
	value.length -= name.length;
	bool is_good = request_add_trailer(&parser->head, parser->trailers, name, value);
	buffer_finish(&parser->trailer);
	parser->trailer_name = 0;
	parser->has_trailer_name = false;
	return is_good ? 0 : HPE_USER;
}

static int trailer_take_name(struct http1_parser *parser, const char *at, size_t length)
{
	int result = trailer_end(parser);
	if (!result)
		result = trailer_take(parser, at, length);
	parser->trailer_name = parser->trailer.length;
	return result;
}

static int end_name(llhttp_t *llhttp)
{
	struct http1_parser *parser = parser_of(llhttp);
	parser->has_trailer_name = parser->has_head && parser->trailers;
	return 0;
}

/* ---- heads ---- */

static int take_name(llhttp_t *llhttp, const char *at, size_t length)
{
	struct http1_parser *parser = parser_of(llhttp);
	struct host_request *request = parser->head.request;
	if (parser->has_head)
		return trailer_take_name(parser, at, length);
	if (request->header_count >= parser->head.limits->header_fields) {
		http1_refuse(parser, 431, "more than %llu header fields",
				(unsigned long long)parser->head.limits->header_fields);
		return HPE_USER;
	}
	parser->headers[request->header_count++] = (struct host_header){
			.name = {(const uint8_t *)at, length},
			.value = {(const uint8_t *)at + length, 0},
	};
	return 0;
}

static int take_value(llhttp_t *llhttp, const char *at, size_t length)
{
	struct http1_parser *parser = parser_of(llhttp);
	const uint8_t *data = (const uint8_t *)at;
	if (parser->has_head)
		return trailer_take(parser, at, length);
	if (!parser->head.request->header_count)
		return 0;
	struct sv_bytes *value = &parser->headers[parser->head.request->header_count - 1].value;
	if (value->length) { /* a later part of one value: spaces may have been cut off between */
		const uint8_t *end = value->data + value->length;
		while (end < data && (*end == ' ' || *end == '\t'))
			end++;
		if (end != data) {
			http1_refuse(parser, 400, "a header field whose value is in pieces");
			return HPE_USER;
		}
		length += (size_t)(data - value->data);
	} else {
		value->data = data;
	}
	data = value->data;
	while (length && (value->data[length - 1] == ' ' || value->data[length - 1] == '\t'))
		length--;
	value->length = length;
	return 0;
}

static int end_head(llhttp_t *llhttp)
{
	struct http1_parser *parser = parser_of(llhttp);
	parser->has_head = true;
	parser->keep_alive = llhttp_should_keep_alive(llhttp);
	parser->is_chunked = llhttp->flags & F_CHUNKED;
	/* Upgrade is a wish that a server may ignore; CONNECT is refused after the head. */
	llhttp->upgrade = 0;
	return 0;
}

static bool framing_check(struct http1_parser *parser, const uint8_t *end);

static int take_body(llhttp_t *llhttp, const char *at, size_t length)
{
	struct http1_parser *parser = parser_of(llhttp);
	if (!framing_check(parser, (const uint8_t *)at))
		return HPE_USER;
	parser->framing_from = (const uint8_t *)at + length;
	parser->framing_last = 0;
	parser->body_bytes += length;
	if (parser->body_bytes > parser->head.limits->body_bytes) {
		http1_refuse(parser, 413, "a body of more than %llu bytes",
				(unsigned long long)parser->head.limits->body_bytes);
		return HPE_USER;
	}
	if (!buffer_append(parser->body, at, length, NULL)) {
		http1_refuse(parser, 503, "no memory for the body");
		return HPE_USER;
	}
	return 0;
}

static int end_message(llhttp_t *llhttp)
{
	int result = trailer_end(parser_of(llhttp));
	if (result)
		return result;
	parser_of(llhttp)->is_complete = true;
	return HPE_PAUSED; /* what follows is another request */
}

static const llhttp_settings_t settings = {
		.on_url = take_target,
		.on_header_field = take_name,
		.on_header_field_complete = end_name,
		.on_header_value = take_value,
		.on_headers_complete = end_head,
		.on_body = take_body,
		.on_message_complete = end_message,
};

void http1_parser_init(struct http1_parser *parser, const struct server_limits *limits)
{
	*parser = (struct http1_parser){.head.limits = limits};
	llhttp_init(&parser->llhttp, HTTP_REQUEST, &settings);
}

void http1_parser_reset(struct http1_parser *parser)
{
	const struct server_limits *limits = parser->head.limits;
	buffer_finish(&parser->trailer);
	*parser = (struct http1_parser){.head.limits = limits};
	llhttp_init(&parser->llhttp, HTTP_REQUEST, &settings);
}

/* ---- the head ---- */

/*
 * A line of the head without its LF: ends in the only CR, has no NUL, and does not
 * continue the line before (obs-fold). Two servers must not see two different heads.
 */
static enum http1_result line_check(struct http1_parser *parser, struct sv_bytes line)
{
	if (!line.length || line.data[line.length - 1] != '\r')
		return http1_refuse(parser, 400, "a line that ends in LF without CR");
	line.length--;
	if (!line.length)
		return HTTP1_READY;
	if (memchr(line.data, '\r', line.length))
		return http1_refuse(parser, 400, "a CR inside a line");
	if (memchr(line.data, 0, line.length))
		return http1_refuse(parser, 400, "a NUL in the head");
	if (line.data[0] == ':')
		return http1_refuse(parser, 400, "a header field without a name");
	if (line.data[0] == ' ' || line.data[0] == '\t')
		return http1_refuse(parser, 400,
				parser->lines ? "a folded header line"
					      : "a space before the method");
	return HTTP1_READY;
}

/* Limits that can be told before the head is complete. */
static enum http1_result find_check_limits(struct http1_parser *parser, size_t length)
{
	const struct server_limits *limits = parser->head.limits;
	size_t size = length - parser->head_start;
	if (!parser->lines && size > limits->target_bytes + line_overhead)
		return http1_refuse(parser, 414, "a target of more than %llu bytes",
				(unsigned long long)limits->target_bytes);
	if (size > limits->head_bytes)
		return http1_refuse(parser, 431, "a head of more than %llu bytes",
				(unsigned long long)limits->head_bytes);
	if (parser->lines > limits->header_fields + 1)
		return http1_refuse(parser, 431, "more than %llu header fields",
				(unsigned long long)limits->header_fields);
	return HTTP1_MORE;
}

enum http1_result http1_find_head(struct http1_parser *parser, struct sv_bytes bytes,
		size_t *length)
{
	while (parser->scanned < bytes.length) {
		const uint8_t *from = bytes.data + parser->scanned;
		const uint8_t *end = memchr(from, '\n', bytes.length - parser->scanned);
		if (!end) {
			parser->scanned = bytes.length;
			break;
		}
		struct sv_bytes line = {bytes.data + parser->line_start,
				(size_t)(end - bytes.data) - parser->line_start};
		if (line_check(parser, line) == HTTP1_REFUSED)
			return HTTP1_REFUSED;
		parser->scanned = parser->line_start = (size_t)(end - bytes.data) + 1;
		if (line.length > 1) {
			parser->lines++;
		} else if (parser->lines) {
			*length = parser->scanned;
			return find_check_limits(parser, *length) == HTTP1_REFUSED ? HTTP1_REFUSED
										   : HTTP1_READY;
		} else {
			parser->head_start = parser->scanned;
			if (parser->head_start > 2 * max_empty_lines)
				return http1_refuse(parser, 400, "empty lines before a request");
		}
		if (find_check_limits(parser, parser->scanned) == HTTP1_REFUSED)
			return HTTP1_REFUSED;
	}
	return find_check_limits(parser, bytes.length);
}

/* A head llhttp did not take: say why as exactly as we can. */
static enum http1_result refuse_head(struct http1_parser *parser, struct sv_bytes head)
{
	const uint8_t *end = memchr(head.data, '\r', head.length);
	struct sv_bytes line = {head.data, end ? (size_t)(end - head.data) : head.length};
	if (http1_check_line(parser, line) == HTTP1_REFUSED ||
			http1_check_codings(parser) == HTTP1_REFUSED)
		return HTTP1_REFUSED;
	const char *reason = llhttp_get_error_reason(&parser->llhttp);
	return http1_refuse(parser, 400, "%s", reason && *reason ? reason : "a malformed head");
}

enum http1_result http1_parse_head(struct http1_parser *parser, struct sv_bytes head,
		struct host_request *request, struct host_header *headers, struct buffer *body)
{
	head.data += parser->head_start;
	head.length -= parser->head_start;
	*request = (struct host_request){.headers = headers};
	parser->head.request = request;
	parser->headers = headers;
	parser->body = body;
	parser->llhttp.data = parser;
	llhttp_errno_t result =
			llhttp_execute(&parser->llhttp, (const char *)head.data, head.length);
	if (parser->head.status)
		return HTTP1_REFUSED;
	if (result != HPE_OK && result != HPE_PAUSED)
		return refuse_head(parser, head);
	const uint8_t *end = (const uint8_t *)llhttp_get_error_pos(&parser->llhttp);
	if (parser->is_complete && end != head.data + head.length)
		return http1_refuse(parser, 400, "a head whose end is unclear");
	const uint8_t *space = memchr(head.data, ' ', head.length);
	check(space != NULL);
	request->method = (struct sv_bytes){head.data, (size_t)(space - head.data)};
	request->major_version = 1;
	request->minor_version = llhttp_get_http_minor(&parser->llhttp);
	const uint8_t *line_end = memchr(head.data, '\r', head.length);
	struct sv_bytes line = {head.data, (size_t)(line_end - head.data)};
	if (http1_check_line(parser, line) == HTTP1_REFUSED ||
			http1_check_head(parser) == HTTP1_REFUSED)
		return HTTP1_REFUSED;
	return parser->is_complete ? HTTP1_READY : HTTP1_MORE;
}

/* ---- the body ---- */

/*
 * The bytes of chunk framing from framing_from to `end`: every line ends in CR LF, no NUL,
 * and there is not much more framing than data.
 */
static bool framing_check(struct http1_parser *parser, const uint8_t *end)
{
	uint8_t last = parser->framing_last;
	for (const uint8_t *at = parser->framing_from; at < end; at++) {
		bool is_good = *at && (last == '\r') == (*at == '\n') &&
				!(last == '\n' && (*at == ' ' || *at == '\t'));
		if (!is_good) {
			http1_refuse(parser, 400, "malformed framing of a chunked body");
			return false;
		}
		last = *at;
	}
	parser->framing += (uint64_t)(end - parser->framing_from);
	parser->framing_last = last;
	/* One byte a chunk, "1\r\nx\r\n", needs five; the rest is for extensions and trailers. */
	if (parser->framing > parser->head.limits->head_bytes + 8 * parser->body_bytes) {
		http1_refuse(parser, 413, "a chunked body with more framing than data");
		return false;
	}
	return true;
}

enum http1_result http1_parse_body(struct http1_parser *parser, struct sv_bytes bytes, size_t *used)
{
	parser->framing_from = bytes.data;
	llhttp_errno_t result =
			llhttp_execute(&parser->llhttp, (const char *)bytes.data, bytes.length);
	*used = bytes.length;
	if (parser->head.status)
		return HTTP1_REFUSED;
	if (result != HPE_OK && result != HPE_PAUSED) {
		const char *reason = llhttp_get_error_reason(&parser->llhttp);
		return http1_refuse(parser, 400, "%s",
				reason && *reason ? reason : "a malformed body");
	}
	if (parser->is_complete)
		*used = (size_t)((const uint8_t *)llhttp_get_error_pos(&parser->llhttp) -
				bytes.data);
	if (!framing_check(parser, bytes.data + *used))
		return HTTP1_REFUSED;
	return parser->is_complete ? HTTP1_READY : HTTP1_MORE;
}
