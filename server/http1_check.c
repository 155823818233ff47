/*
 * http1_check.c: what RFC 9112 demands of a request beyond its grammar, and what must be refused
 * because two servers could understand it differently. Rules for all protocols are in request.c.
 */
#include "server/http1_parse.h"

#include <string.h>

static bool is_token_byte(uint8_t c)
{
	bool alphanumeric = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
	return alphanumeric || (c && strchr("!#$%&'*+-.^_`|~", c));
}

enum http1_result http1_check_line(struct http1_parser *parser, struct sv_bytes line)
{
	size_t at = 0;
	while (at < line.length && is_token_byte(line.data[at]))
		at++;
	if (!at || at == line.length || line.data[at] != ' ')
		return http1_refuse(parser, 400, "a malformed method");
	if (line.length >= 14 && memcmp(line.data, "PRI * HTTP/2.0", 14) == 0)
		return http1_refuse(parser, 505,
				"HTTP/2 behind HTTP/1.1, or on a TLS connection without ALPN");
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
	return request_bytes_are(last, chunked) && rest.length && rest.data[rest.length - 1] == ',';
}

enum http1_result http1_check_codings(struct http1_parser *parser)
{
	struct sv_bytes coding, length;
	size_t count = request_find(parser->head.request, "Transfer-Encoding", &coding);
	if (!count)
		return HTTP1_READY;
	if (request_find(parser->head.request, "Content-Length", &length))
		return http1_refuse(parser, 400, "Content-Length together with Transfer-Encoding");
	if (count > 1)
		return http1_refuse(parser, 400, "more than one Transfer-Encoding field");
	if (request_bytes_are(coding, "chunked"))
		return HTTP1_READY;
	if (ends_in_chunked(coding))
		return http1_refuse(parser, 501, "a transfer coding other than chunked");
	return http1_refuse(parser, 400, "a Transfer-Encoding that is not chunked");
}

enum http1_result http1_check_head(struct http1_parser *parser)
{
	struct request_head *head = &parser->head;
	if (http1_check_codings(parser) == HTTP1_REFUSED)
		return HTTP1_REFUSED;
	if (host_request_is_old(head->request) && parser->is_chunked)
		return http1_refuse(parser, 400, "Transfer-Encoding in HTTP/1.0");
	if (!request_check(head, parser->is_chunked))
		return HTTP1_REFUSED;
	head->expects_continue &= !parser->is_complete;
	return HTTP1_READY;
}
