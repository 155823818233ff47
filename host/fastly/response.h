/*
 * response.h: what other files do with the response that goes to the client.
 */
#ifndef SELVAGE_HOST_FASTLY_RESPONSE_H
#define SELVAGE_HOST_FASTLY_RESPONSE_H

#include "host/fastly/fastly.h"

/* Whether the client gets all of it, whatever the guest does now. */
bool fastly_response_is_whole(const struct fastly_guest *guest);

/*
 * Send a response: what has come of its body goes with the head, the rest as it comes. WAITS, and
 * is then called again, when the message may be NULL, until all has gone; a stream is the guest's.
 */
enum fastly_status fastly_response_send(struct fastly_guest *guest, struct fastly_message *message,
		struct fastly_body *body, bool is_streaming);

/* Write some bytes of a streamed body: WAITS, or ERROR if they do not get to the client. */
enum fastly_status fastly_response_write(struct fastly_guest *guest, struct sv_bytes bytes,
		size_t *count);

/* The body is whole, with the trailers that it has. */
enum fastly_status fastly_response_close(struct fastly_guest *guest, struct fastly_body *body);

/* It is given up: the client sees that, and the log has the reason. */
void fastly_response_break(struct fastly_guest *guest, struct fastly_body *body,
		const char *reason);

/* The guest has ended: what it has begun and not closed is no response. */
void fastly_response_end(struct fastly_guest *guest);

#endif
