/*
 * http.h: a request as a guest's world sees it, and the response it makes. Checks are such that no
 * guest can write into the head of a message anything but fields.
 */
#ifndef SELVAGE_HOST_HTTP_H
#define SELVAGE_HOST_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

struct host_intake;
struct host_response;
struct host_tls;

/* A header field as it came: no CR, LF or NUL in either part, no space around the value. */
struct host_header {
	struct sv_bytes name;
	struct sv_bytes value;
};

/* One request. All views are borrowed from the server and live until the ABI returns. */
struct host_request {
	struct sv_bytes method;
	struct sv_bytes target; /* path with the query, as sent */
	struct sv_bytes path;   /* still percent-encoded; starts with '/', or is "*" */
	struct sv_bytes query;  /* behind the first '?', which is not part of it */
	unsigned major_version, minor_version; /* 1.0, 1.1 or 2.0 */
	const struct host_header *headers;
	size_t header_count;
	struct sv_bytes body;
	struct host_intake *intake; /* the body comes through this instead; NULL: it is whole */
	/* Behind the body: whose fields are there when all of it has come. NULL: none. */
	const struct host_response *trailers;
	bool has_body; /* a body was announced, perhaps an empty one */
	int64_t body_length; /* of that, as announced; -1: it was not */
	const char *scheme;
	const char *http2_print; /* of its client's first frames; NULL: it came by HTTP/1 */
	const struct host_tls *tls; /* tls.h; NULL: it came without */
	const char *remote_address;
	uint16_t remote_port;
	uint8_t local_octets[16], local_length; /* where it came to: 4 or 16; 0: not known */
	const char *server_name; /* host part of the Host field, else the listening address */
	uint16_t server_port;
	char trace_id[33]; /* of its traceparent, which is valid; "": it has none */
};

/* The first header field of this name (any case), or NULL. */
const struct host_header *host_request_header(const struct host_request *request, const char *name);

/* True for HTTP/1.0. */
static inline bool host_request_is_old(const struct host_request *request)
{
	return request->major_version < 2 && request->minor_version == 0;
}

/* "HTTP/1.1", as CGI has it; constant string. */
const char *host_request_protocol(const struct host_request *request);

/* A field of a response: places in the response's text. */
struct host_field {
	uint32_t name, name_length;
	uint32_t value, value_length;
};

/* What the guest answers. Buffers are kept from one use to the next. */
struct host_response {
	int status;
	struct host_field *fields; /* owned */
	size_t field_count, field_capacity;
	size_t field_limit;  /* most fields; 0: none */
	struct buffer text;  /* names and values; its limit is that of the head */
	struct buffer body;  /* its limit is that of the body */
	size_t body_start;   /* what comes before it in `body` is not sent */
	struct sv_bytes lent; /* the body, in place of `body`, if `give_back` is there (lend.h) */
	void (*give_back)(void *), *lender;
	int64_t announced;   /* length given for an answer to HEAD; -1: none */
	bool is_packed;      /* an answer to HEAD whose body would be packed */
};

/* Make it the answer of a guest that says nothing: 200, no fields, no body. Keeps buffers. */
void host_response_reset(struct host_response *response);

/* Release the buffers. */
void host_response_finish(struct host_response *response);

/*
 * Add a field. False for a name that is not a token, a value with a CR, LF, NUL or other
 * control character, or too much of either; the response is then as before.
 */
SV_MUST_USE bool host_response_add(struct host_response *response, struct sv_bytes name,
		struct sv_bytes value, struct sv_error *error);

/* Remove the fields of this name (any case) among the first `before`. */
void host_response_remove(struct host_response *response, struct sv_bytes name, size_t before);

/* Name and value of field `index`, which is below the count. */
struct host_header host_response_field(const struct host_response *response, size_t index);

/* True if a status may be sent as a final one. */
bool host_status_is_final(int64_t status);

/* A view of a NUL-terminated string. Here, so that a constant's length is one too. */
static inline struct sv_bytes host_text(const char *text)
{
	return (struct sv_bytes){(const uint8_t *)text, strlen(text)};
}

/* Case-insensitive comparison of header names. Most differ in length already. */
static inline bool host_name_equal(struct sv_bytes a, struct sv_bytes b)
{
	return a.length == b.length &&
			(!a.length ||
					strncasecmp((const char *)a.data, (const char *)b.data,
							a.length) == 0);
}

#endif
