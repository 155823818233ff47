/*
 * http_rules.h: what HTTP says about keeping responses (RFC 9111, RFC 5861), with the fields that
 * Fastly adds to it. Only decides.
 */
#ifndef SELVAGE_HOST_FASTLY_HTTP_RULES_H
#define SELVAGE_HOST_FASTLY_HTTP_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "host/host.h"

/* What a response without any field about it is worth, as at Fastly. */
#define HTTP_DEFAULT_SECONDS 120u

/* What is to be done with a response: numbers of the interface's description. */
enum http_action { HTTP_INSERT = 0, HTTP_UPDATE, HTTP_DO_NOT_STORE, HTTP_RECORD_UNCACHEABLE };

/* What its fields say, in seconds. */
struct http_freshness {
	uint64_t max_age, age, stale_while, stale_if_error;
};

/* The first field of this name; NULL data: there is none. */
struct sv_bytes http_field(const struct host_response *head, const char *name);

/* A directive of a field with several, such as max-age; `value` without quotes, perhaps empty. */
SV_MUST_USE bool http_directive(struct sv_bytes field, const char *name, struct sv_bytes *value);

/* A time of one of the three formats that HTTP has; -1: it is none. */
int64_t http_time(struct sv_bytes text);

struct http_freshness http_freshness_of(const struct host_response *head);

/*
 * INSERT, DO_NOT_STORE or RECORD_UNCACHEABLE, for an answer to GET. `is_timed`: somebody else says
 * how long it is good for.
 */
enum http_action http_action_of(const struct host_response *head, bool is_timed);

/* Names of Vary as a list with spaces. False: no memory. */
SV_MUST_USE bool http_vary_of(const struct host_response *head, struct buffer *names);

/* Whether the client has it already: then 304 is the answer. */
bool http_is_not_modified(const struct host_response *request, const struct host_response *stored);

enum http_range { HTTP_RANGE_NONE, HTTP_RANGE_FOUND, HTTP_RANGE_OUTSIDE };

/* The bytes of `length` that a request with one range wants: `from` up to `end`. */
enum http_range http_range_of(const struct host_response *request,
		const struct host_response *stored, uint64_t length, uint64_t *from, uint64_t *end);

/* Whether a field of a request is about what the client has, so that it is not for the backend. */
bool http_is_conditional(struct sv_bytes name);

#endif
