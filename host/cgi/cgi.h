/*
 * cgi.h: parts of the CGI ABI (RFC 3875) that cgi.c puts together.
 */
#ifndef SELVAGE_HOST_CGI_H
#define SELVAGE_HOST_CGI_H

#include <stdbool.h>
#include <stddef.h>

#include "host/host.h"
#include "host/wasi/wasi.h"

/* The environment of one request; buffers are kept from one use to the next. */
struct cgi_environment {
	struct buffer text;     /* "NAME=value\0" one after the other */
	size_t *offsets;        /* owned; where each begins */
	const char **variables; /* owned; what the guest is given */
	size_t count;
	size_t capacity;
};

/* How the building of an environment ended. */
enum cgi_built {
	CGI_BUILT = 0,
	CGI_BAD_PATH, /* the client's fault; `error` says what is wrong with the path */
	CGI_NO_ROOM,  /* ours */
};

/* The meta-variables of `request`, then the variables of `guest`. */
enum cgi_built cgi_environment_build(struct cgi_environment *environment,
		const struct host_guest *guest, const struct host_request *request,
		struct sv_error *error);

/* Release the buffers. */
void cgi_environment_finish(struct cgi_environment *environment);

/*
 * Read the CGI response in response->body: fills status and fields and sets body_start.
 * `is_head`: the request was HEAD, so a Content-Length need not match the body. Not `is_whole`:
 * more of the body follows.
 */
SV_MUST_USE bool cgi_reply_read(struct host_response *response, bool is_head, bool is_whole,
		struct sv_error *error);

/* Whether the head of a CGI response is there. */
bool cgi_reply_has_head(struct sv_bytes output);

/* ---- output.c: what a guest writes, kept or streamed ---- */

struct cgi_output {
	struct host_call *call;
	bool is_streamed; /* the response has begun */
	bool is_kept;     /* it cannot be streamed */
	bool is_wrong;    /* it is longer than it said */
};

/* Take bytes of the guest's; a function of enum wasi_taken and its arguments. */
enum wasi_taken cgi_output_take(void *output, struct sv_bytes bytes, size_t *count);

/* The guest is going to wait: what there is goes out, if the head is there. */
void cgi_output_flush(struct cgi_output *output);

/* The guest has ended well: all of it was written. */
void cgi_output_end(struct cgi_output *output);

#endif
