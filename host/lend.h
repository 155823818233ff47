/*
 * lend.h: bodies of responses that somebody else keeps, so that they need not be copied.
 */
#ifndef SELVAGE_HOST_LEND_H
#define SELVAGE_HOST_LEND_H

#include "host/host.h"

/* The bytes of the body that are in a response: its own, or lent ones. */
struct sv_bytes host_response_body(const struct host_response *response);

/*
 * Make these bytes the body, in place of one of its own. They stay until `give_back` is called,
 * which the next reset of the response does, on any thread. `give_back` NULL: no body is lent.
 */
void host_response_lend(struct host_response *response, struct sv_bytes bytes,
		void (*give_back)(void *lender), void *lender);

#endif
