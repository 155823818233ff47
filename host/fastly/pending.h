/*
 * pending.h: requests that a guest has sent and not yet taken the response of.
 */
#ifndef SELVAGE_HOST_FASTLY_PENDING_H
#define SELVAGE_HOST_FASTLY_PENDING_H

#include "host/fastly/fastly.h"
#include "host/fetch/fetch.h"

struct fastly_changes;
struct readthrough;

struct fastly_pending {
	struct fetch *fetch; /* one use of it is ours; NULL: none is made, or not yet */
	struct readthrough *through; /* owned; what comes through the cache; NULL: not that way */
	struct fastly_changes *changes; /* owned; of the response's fields; NULL: none */
	size_t counted; /* bytes of its body, in what the guest holds */
	bool is_head; /* its answer has no body */
	bool unpacks; /* a body that is compressed */
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

/* READY when there is a response, BROKEN when there will be none. */
enum fetch_progress fastly_pending_answered(struct fastly_guest *guest,
		struct fastly_pending *pending);

/* Whether what a handle stands for has something to be done now; false: there is none. */
SV_MUST_USE bool fastly_async_ready(struct fastly_guest *guest, uint32_t handle, bool *is_ready);

/* ---- responses ---- */

/* Why there is none: enum send_error_detail_tag of the interface's description. */
enum { DETAIL_OK = 1, DETAIL_NOT_FOUND = 5, DETAIL_BAD_KEY = 20, DETAIL_INTERNAL = 22 };

/* Where a detail goes: an argument, or nowhere. */
enum { FASTLY_NO_DETAIL = -1 };

bool fastly_detail_is_place(struct fastly_call *call, int index);
void fastly_detail_give(struct fastly_call *call, int index, uint32_t tag);

/* Whether there is room for a detail, and for handles of response and body from `index` on. */
bool fastly_pending_are_places(struct fastly_call *call, int detail, unsigned index);

/* The response of a request, when it is there; all places have been looked at. */
enum fastly_status fastly_pending_finish(struct fastly_call *call, struct fastly_pending *pending,
		int detail, unsigned index);

#endif
