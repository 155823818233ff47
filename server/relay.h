/*
 * relay.h: a handler that passes requests on to another one, which can be replaced while it
 * serves. Requests that have begun end where they began.
 */
#ifndef SELVAGE_SERVER_RELAY_H
#define SELVAGE_SERVER_RELAY_H

#include "server/executor.h"

struct relay;

/* Passes on to `handler`; `gone` is called when it was replaced and its last request has ended. */
struct relay *relay_new(const struct handler *handler, void (*gone)(void *data), void *data,
		struct sv_error *error);

/* No worker may be left. `gone` is called for the handler that it has. NULL is allowed. */
void relay_free(struct relay *relay);

/* From now on to another one; any thread. False with `error`: as before. */
SV_MUST_USE bool relay_replace(struct relay *relay, const struct handler *handler,
		void (*gone)(void *data), void *data, struct sv_error *error);

/* What is given to the server; lives as long as the relay. */
const struct handler *relay_handler(const struct relay *relay);

#endif
