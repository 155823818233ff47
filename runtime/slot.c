/*
 * slot.c: reservation of address space.
 */
#include "runtime/slot.h"

#include <inttypes.h>
#include <sys/mman.h>

#include "abi/limits.h"
#include "runtime/engine.h"

/* The memory and what is between it and the next; more for its image and open pages. */
static const uint64_t slot_mappings = 2;

bool slot_count_take(struct sv_engine *engine, struct sv_error *error)
{
	if (atomic_fetch_add(&engine->slots, 1) < engine->config.max_slots)
		return true;
	slot_count_give(engine);
	return sv_fail(error, SV_ERROR_LIMIT,
			"%" PRIu64 " linear memories are in use, the limit max_slots",
			engine->config.max_slots);
}

void slot_count_give(struct sv_engine *engine)
{
	atomic_fetch_sub(&engine->slots, 1);
}

static void slot_uncount(struct sv_engine *engine)
{
	engine_give_mappings(engine, slot_mappings);
	slot_count_give(engine);
}

bool slot_lease(struct slot *slot, struct sv_engine *engine, uint64_t reach, struct sv_error *error)
{
	TRY(slot_count_take(engine, error));
	if (!engine_take_mappings(engine, slot_mappings)) {
		slot_count_give(engine);
		return engine_fail_mappings(engine, error);
	}
	uint64_t whole = SV_PRE_GUARD + reach;
	uint8_t *start = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			-1, 0);
	if (start == MAP_FAILED) {
		slot_uncount(engine);
		return sv_fail_errno(error,
				"cannot reserve %" PRIu64
				" bytes of address space for a memory (a process has 128 "
				"TiB; see ulimit -v and vm.max_map_count)",
				whole);
	}
	*slot = (struct slot){.start = start, .base = start + SV_PRE_GUARD, .reach = reach};
	return true;
}

void slot_return(struct slot *slot, struct sv_engine *engine)
{
	if (!slot->start)
		return;
	munmap(slot->start, SV_PRE_GUARD + slot->reach);
	slot_uncount(engine);
	*slot = (struct slot){0};
}
