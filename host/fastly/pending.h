/*
 * pending.h: requests that a guest has sent and not yet taken the response of.
 */
#ifndef SELVAGE_HOST_FASTLY_PENDING_H
#define SELVAGE_HOST_FASTLY_PENDING_H

#include "host/fastly/fastly.h"
#include "host/fetch/fetch.h"

struct fastly_pending {
	struct fetch *fetch; /* one use of it is ours */
	size_t counted;      /* bytes of its body, in what the guest holds */
	bool is_head;        /* its answer has no body */
	bool unpacks;        /* a body that is compressed */
};

/* Handles that a guest lists. */
struct fastly_handles {
	const uint8_t *bytes;
	uint32_t count;
};

/* The handles that arguments 0 and 1 are; false: not in memory, or too many. */
SV_MUST_USE bool fastly_handles_read(struct fastly_call *call, struct fastly_handles *list);
uint32_t fastly_handles_get(const struct fastly_handles *list, uint32_t index);

/* What a handle stands for; NULL: no such request. */
struct fastly_pending *fastly_pending_of(struct fastly_guest *guest, uint32_t handle);

void fastly_pending_close(struct fastly_guest *guest, struct fastly_pending *pending);

/* Whether what a handle stands for has something to be done now; false: there is none. */
SV_MUST_USE bool fastly_async_ready(struct fastly_guest *guest, uint32_t handle, bool *is_ready);

#endif
