/*
 * response.h: what every protocol says of a response in its head.
 */
#ifndef SELVAGE_SERVER_RESPONSE_H
#define SELVAGE_SERVER_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "host/host.h"

/* True for the fields that only the server sends: of the message, the connection, itself. */
bool response_field_is_ours(struct sv_bytes name);

/* True for those that a client must know before the body (RFC 9110, section 6.5.1). */
bool response_field_is_for_heads(struct sv_bytes name);

/* True if a response with this status has a body. */
bool response_has_content(int status);

/*
 * What Content-Length says, or -1: nothing does. `more`: bytes that follow those of the response,
 * -1: nobody knows how many.
 */
int64_t response_length(const struct host_response *response, bool is_head, int64_t more);

/* A time as the field Date has it (RFC 9110, section 5.6.7); valid until the next call. */
const char *response_date(time_t time);

#endif
