/*
 * slot.h: address space for one linear memory, with unreachable space on both sides.
 */
#ifndef SELVAGE_RUNTIME_SLOT_H
#define SELVAGE_RUNTIME_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"

struct sv_engine;

/* [start, base) is the guard below, [base, base + reach) is reserved for the memory. */
struct slot {
	uint8_t *start; /* owned mapping; NULL: none */
	uint8_t *base;
	uint64_t reach;
};

/* Reserve `reach` bytes (a multiple of the page) and the guard below; nothing is accessible yet. */
SV_MUST_USE bool slot_lease(struct slot *slot, struct sv_engine *engine, uint64_t reach,
		struct sv_error *error);

/* Count one more memory, wherever it is; false with `error` at the limit max_slots. */
SV_MUST_USE bool slot_count_take(struct sv_engine *engine, struct sv_error *error);
void slot_count_give(struct sv_engine *engine);

/* Unmap everything. An empty slot is allowed. */
void slot_return(struct slot *slot, struct sv_engine *engine);

#endif
