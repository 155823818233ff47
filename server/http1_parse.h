/*
 * http1_parse.h: bytes of a connection into requests (RFC 9112). Strict: what could be
 * read in two ways is refused. Does no I/O and takes no memory; what it fills are views
 * of the bytes it was given.
 *
 * One request: http1_find_head until it says READY, http1_parse_head with exactly those
 * bytes, then, while it says MORE, http1_parse_body with what follows.
 */
#ifndef SELVAGE_SERVER_HTTP1_PARSE_H
#define SELVAGE_SERVER_HTTP1_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <llhttp/llhttp.h>

#include "base/bytes.h"
#include "host/host.h"
#include "server/limits.h"
#include "server/request.h"

enum http1_result {
	HTTP1_MORE,    /* needs more bytes */
	HTTP1_READY,   /* this part is complete */
	HTTP1_REFUSED, /* see `head`: status and reason; the connection must end */
};

struct http1_parser {
	struct request_head head;
	llhttp_t llhttp;
	/* the head as it is found */
	size_t scanned;    /* bytes looked at */
	size_t line_start; /* of the line being looked for */
	size_t head_start; /* behind empty lines before the request */
	size_t lines;      /* complete ones */
	/* what the head says */
	struct host_header *headers; /* `request->headers`, writable; room for the limit */
	bool keep_alive;
	bool is_chunked;
	bool has_head;    /* the head is over: what comes as a field is a trailer */
	bool is_complete; /* of the message */
	/* the body */
	struct buffer *body;
	struct host_response *trailers; /* borrowed; NULL: they are dropped */
	struct buffer trailer; /* name and value of one, as far as they have come */
	size_t trailer_name;   /* bytes of the name */
	bool has_trailer_name; /* it is whole */
	uint64_t framing;      /* bytes of chunk framing and trailers so far */
	uint64_t body_bytes;
	const uint8_t *framing_from; /* where the framing not yet checked begins */
	uint8_t framing_last;        /* last byte of it; 0: none */
};

/* A parser with these limits; they are borrowed. */
void http1_parser_init(struct http1_parser *parser, const struct server_limits *limits);

/* Ready for the next request. */
void http1_parser_reset(struct http1_parser *parser);

/*
 * Look for the end of a head in `bytes`, the bytes since the end of the last request. Each
 * call gets the same bytes and more. READY: the head is the first `*length` of them.
 */
enum http1_result http1_find_head(struct http1_parser *parser, struct sv_bytes bytes,
		size_t *length);

/*
 * Parse a whole head into `request`, whose headers go to `headers` (room for the limit).
 * READY: the request has no body. MORE: the body goes to `body` with http1_parse_body.
 */
enum http1_result http1_parse_head(struct http1_parser *parser, struct sv_bytes head,
		struct host_request *request, struct host_header *headers, struct buffer *body);

/* Take body bytes; `*used` of them belonged to this request. READY: `body` is complete. */
enum http1_result http1_parse_body(struct http1_parser *parser, struct sv_bytes bytes,
		size_t *used);

/* Refuse the request; always returns HTTP1_REFUSED. The first reason stays. */
enum http1_result http1_refuse(struct http1_parser *parser, int status, const char *format, ...)
		SV_PRINTF(3, 4);

/* The rules that llhttp leaves to us, over a parsed head. (http1_check.c) */
enum http1_result http1_check_head(struct http1_parser *parser);

/* The rules about Transfer-Encoding alone, when the rest could not be parsed. */
enum http1_result http1_check_codings(struct http1_parser *parser);

/* What is wrong with a request line that llhttp did not take. */
enum http1_result http1_check_line(struct http1_parser *parser, struct sv_bytes line);

#endif
