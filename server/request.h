/*
 * request.h: what a request must be in every protocol (RFC 9110), and the host it is for. Where its
 * fields are found is the protocol's own. What could be understood in two ways is refused.
 */
#ifndef SELVAGE_SERVER_REQUEST_H
#define SELVAGE_SERVER_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/check.h"
#include "host/host.h"
#include "server/limits.h"

struct request_head {
	const struct server_limits *limits; /* borrowed */
	struct host_request *request;       /* borrowed */
	struct sv_bytes host;      /* of the target, else of the Host field */
	uint64_t length;           /* of the body, if a field has it; else 0 */
	bool has_length;
	bool expects_continue;     /* the client waits before it sends the body */
	/* refusal */
	int status;
	char reason[160];
};

/* Refuse the request, always false. The first reason stays. */
bool request_refuse(struct request_head *head, int status, const char *format, ...) SV_PRINTF(3, 4);

/*
 * Check the fields of a request and split its target: path, query, host. `is_chunked`: it has a
 * body of unknown length. False: it is refused.
 */
SV_MUST_USE bool request_check(struct request_head *head, bool is_chunked);

/* Refuse CONNECT, and methods that nobody has registered. HTTP/1.1's are llhttp's to check. */
SV_MUST_USE bool request_check_method(struct request_head *head);

/* A host as in a Host field: a name or an address, perhaps a port. */
bool request_host_is_valid(struct sv_bytes host);

/* The number of fields of this name; `*first` is the value of the first of them. */
size_t request_find(const struct host_request *request, const char *name, struct sv_bytes *first);

/* True if the bytes are this text, in any case. */
static inline bool request_bytes_are(struct sv_bytes bytes, const char *text)
{
	return host_name_equal(bytes, host_text(text));
}

/*
 * A trailer of the request (RFC 9110, section 6.5): added, or left out if it is one that belongs
 * in heads. False: it is refused.
 */
SV_MUST_USE bool request_add_trailer(struct request_head *head, struct host_response *trailers,
		struct sv_bytes name, struct sv_bytes value);

/* True if the client takes trailers behind a response (RFC 9110, section 10.1.4). */
bool request_takes_trailers(const struct host_request *request);

#endif
