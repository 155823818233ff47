/*
 * cgi.h: parts of the CGI ABI (RFC 3875) that cgi.c puts together.
 */
#ifndef SELVAGE_HOST_CGI_H
#define SELVAGE_HOST_CGI_H

#include <stdbool.h>
#include <stddef.h>

#include "host/host.h"

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
 * `is_head`: the request was HEAD, so a Content-Length need not match the body.
 */
SV_MUST_USE bool cgi_reply_read(struct host_response *response, bool is_head,
		struct sv_error *error);

#endif
