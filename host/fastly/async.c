/*
 * async.c: waiting for one of several things (fastly_async_io): responses, bytes of bodies or room
 * for them, lookups in the cache, and operations on stores, which are always done.
 */
#include <string.h>

#include "host/fastly/body.h"
#include "host/fastly/entries.h"
#include "host/fastly/flow.h"
#include "host/fastly/kv_ops.h"
#include "host/fastly/next.h"
#include "host/fastly/pending.h"

/* Things that can be waited for at once. */
#define MAX_HANDLES 256u

bool fastly_handles_read(struct fastly_call *call, struct fastly_handles *list)
{
	struct sv_bytes bytes;
	list->count = fastly_argument(call, 1);
	if (list->count > MAX_HANDLES ||
			!fastly_bytes_at(call, fastly_argument(call, 0),
					list->count * (uint32_t)sizeof(uint32_t), &bytes))
		return false;
	list->bytes = bytes.data;
	return true;
}

uint32_t fastly_handles_get(const struct fastly_handles *list, uint32_t index)
{
	uint32_t handle;
	memcpy(&handle, list->bytes + index * sizeof handle, sizeof handle);
	return handle;
}

static bool body_is_ready(struct fastly_guest *guest, struct fastly_body *body)
{
	if (flow_goes(body))
		return flow_writable(guest, body) != FLOW_LATER;
	return fastly_body_left(body) || flow_readable(guest, body) != FLOW_LATER;
}

bool fastly_async_ready(struct fastly_guest *guest, uint32_t handle, bool *is_ready)
{
	struct fastly_pending *pending = fastly_pending_of(guest, handle);
	bool is_op = fastly_slot_is_taken(&guest->op_slots, handle - FASTLY_OP_HANDLES);
	bool is_body = fastly_slot_is_taken(&guest->body_slots, handle);
	uint32_t entry = handle - FASTLY_ENTRY_HANDLES;
	bool is_promise = guest->has_promise && handle == FASTLY_PROMISE;
	bool is_entry = fastly_slot_is_taken(&guest->entry_slots, entry);
	if (pending)
		*is_ready = fastly_pending_answered(guest, pending) != FETCH_LATER;
	else if (is_body)
		*is_ready = body_is_ready(guest, &guest->bodies[handle]);
	else if (is_entry)
		*is_ready = fastly_entry_settle(guest, &guest->entries[entry]) != FASTLY_WAITS;
	else if (is_promise)
		*is_ready = fastly_promise_ready(guest);
	else
		*is_ready = is_op;
	return pending || is_body || is_entry || is_op || is_promise;
}

enum fastly_status fastly_async_io_is_ready(struct fastly_call *call)
{
	bool is_ready;
	if (!fastly_async_ready(call->guest, fastly_argument(call, 0), &is_ready))
		return FASTLY_BADF;
	return fastly_give_u32(call, 1, is_ready);
}

/* When the guest wants to know that nothing happened; 0 milliseconds: never. */
static bool select_is_over(struct fastly_call *call)
{
	struct fastly_wait *wait = &call->guest->wait;
	uint64_t milliseconds = fastly_argument(call, 2), now = host_now();
	if (!milliseconds)
		return false;
	if (!wait->until)
		wait->until = now + milliseconds * UINT64_C(1000000);
	return now >= wait->until;
}

enum fastly_status fastly_async_io_select(struct fastly_call *call)
{
	struct fastly_handles list;
	bool is_ready, has_ready = false;
	uint32_t first = 0;
	if (!fastly_handles_read(call, &list) || !fastly_is_place(call, 3, sizeof(uint32_t)) ||
			(!list.count && !fastly_argument(call, 2)))
		return FASTLY_INVAL;
	/* All are asked, so that each wakes the guest. */
	for (uint32_t i = 0; i < list.count; i++) {
		if (!fastly_async_ready(call->guest, fastly_handles_get(&list, i), &is_ready))
			return FASTLY_BADF;
		if (is_ready && !has_ready)
			first = i;
		has_ready |= is_ready;
	}
	if (has_ready)
		return fastly_give_u32(call, 3, first);
	return select_is_over(call) ? fastly_give_u32(call, 3, UINT32_MAX) : FASTLY_WAITS;
}
