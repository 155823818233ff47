/*
 * http1_write.h: responses into bytes (RFC 9112).
 */
#ifndef SELVAGE_SERVER_HTTP1_WRITE_H
#define SELVAGE_SERVER_HTTP1_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/bytes.h"
#include "host/host.h"

/* What of the request and the connection shapes the head of a response. */
struct http1_frame {
	bool is_head;    /* the request was HEAD */
	bool keep_alive; /* the connection stays open behind this response */
	bool is_old;     /* the request was HTTP/1.0 */
	int64_t more; /* bytes that follow those of the response; -1: told by chunks, or the end */
	time_t time; /* for the Date field */
};

/* Append the head of `response`; `*body` becomes the bytes that follow it, perhaps none. */
SV_MUST_USE bool http1_write_head(struct buffer *out, const struct host_response *response,
		const struct http1_frame *frame, struct sv_bytes *body, struct sv_error *error);

/* Append the trailers, which are fields of `response`, and the line that ends them. */
SV_MUST_USE bool http1_write_trailers(struct buffer *out, const struct host_response *response,
		struct sv_error *error);

/* Make `response` a short text with a status and a reason of ours. */
SV_MUST_USE bool http1_make_text(struct host_response *response, int status, const char *text,
		struct sv_error *error);

/* Reason phrase of a status; constant string, "Unknown" for those without. */
const char *http1_status_text(int status);

#endif
