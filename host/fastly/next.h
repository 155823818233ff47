/*
 * next.h: several requests, one after the other, at one guest.
 */
#ifndef SELVAGE_HOST_FASTLY_NEXT_H
#define SELVAGE_HOST_FASTLY_NEXT_H

#include "host/fastly/fastly.h"

/* What is counted and numbered by requests begins anew. */
void fastly_begin_request(struct fastly_guest *guest);

/* Make handles of the guest's request and its body, and store them at argument `index` and + 1. */
enum fastly_status fastly_give_request(struct fastly_call *call, unsigned index);

/* Whether it is known if there is another request; if not, the guest is woken when it is. */
bool fastly_promise_ready(struct fastly_guest *guest);

#endif
