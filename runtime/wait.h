/*
 * wait.h: threads that sleep until another one notifies an address of shared memory.
 */
#ifndef SELVAGE_RUNTIME_WAIT_H
#define SELVAGE_RUNTIME_WAIT_H

#include "runtime/shared.h"

/* What memory.atomic.wait yields; the numbers are WebAssembly's. */
enum wait_result {
	WAIT_NOTIFIED = 0,
	WAIT_NOT_EQUAL = 1, /* the value was another one: did not sleep */
	WAIT_TIMED_OUT = 2,
	WAIT_ENDED, /* the guest is to end: not for its eyes */
};

/* What to wait for. */
struct wait_order {
	uint64_t address; /* in the memory and aligned */
	uint32_t width;   /* of the value: 4 or 8 */
	uint64_t expected;
	int64_t timeout; /* nanoseconds; negative: none */
};

/* Sleep if the value is the expected one. Ends early if a trap is noted in `pending`. */
enum wait_result wait_sleep(struct sv_shared_memory *shared, const struct wait_order *order,
		const _Atomic uint32_t *pending);

/* Wake at most `count` that sleep at `address`, the longest sleeping first: how many. */
uint32_t wait_notify(struct sv_shared_memory *shared, uint64_t address, uint32_t count);

#endif
