/*
 * memory.c: the memories of a store: made, grown, put back, and paid for. Their bytes are
 * backing.c's; those of shared memories have a record of their own, in shared.c.
 */
#include "runtime/memory.h"

#include <inttypes.h>
#include <stdlib.h>

#include "abi/limits.h"
#include "runtime/artifact.h"
#include "runtime/shared.h"
#include "runtime/store.h"

static void memory_join(struct sv_memory *memory, struct sv_store *store)
{
	memory->store = store;
	memory->next = store->memories;
	store->memories = memory;
}

static struct sv_memory *memory_record(struct sv_error *error)
{
	struct sv_memory *memory = calloc(1, sizeof *memory);
	if (!memory)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the record of a memory");
	return memory;
}

static bool memory_make(struct sv_memory *memory, struct sv_store *store,
		const struct memory_plan *plan, struct sv_error *error)
{
	struct backing *backing = &memory->own;
	memory->backing = backing;
	backing_plan(backing, plan, store->limits.max_memory);
	if (!store_take_memory(store, backing->initial))
		return sv_fail(error, SV_ERROR_LIMIT,
				"the module needs %" PRIu64 " bytes of "
				"memory; the store's limit max_memory is %" PRIu64,
				backing->initial, store->limits.max_memory);
	if (backing_open(backing, store->engine, plan, error))
		return true;
	store_give_memory(store, backing->initial);
	return false;
}

static struct sv_memory *memory_new_shared(struct sv_store *store, const struct memory_plan *plan,
		struct sv_error *error)
{
	struct memory_plan whole = *plan;
	whole.is_leased = false; /* others may write it while it is put back */
	struct sv_shared_memory *shared = shared_new(store->engine, store, &whole, error);
	struct sv_memory *memory = shared ? memory_share(store, shared, error) : NULL;
	if (memory)
		memory->is_payer = true;
	else if (shared)
		shared_stop_paying(shared);
	sv_shared_memory_free(shared);
	return memory;
}

struct sv_memory *memory_new(struct sv_store *store, const struct memory_plan *plan,
		struct sv_error *error)
{
	if (plan->type.is_shared)
		return memory_new_shared(store, plan, error);
	struct sv_memory *memory = memory_record(error);
	if (!memory)
		return NULL;
	if (!memory_make(memory, store, plan, error)) {
		free(memory);
		return NULL;
	}
	memory_join(memory, store);
	return memory;
}

struct sv_memory *memory_share(struct sv_store *store, struct sv_shared_memory *shared,
		struct sv_error *error)
{
	struct sv_memory *memory = memory_record(error);
	if (!memory)
		return NULL;
	memory->shared = shared_use(shared);
	memory->backing = &shared->backing;
	memory_join(memory, store);
	return memory;
}

struct sv_memory *sv_memory_new(struct sv_store *store, struct sv_size_limits limits,
		struct sv_error *error)
{
	struct memory_plan plan;
	if (!memory_plan_of(&plan, limits, error))
		return NULL;
	return memory_new(store, &plan, error);
}

bool memory_plan_of(struct memory_plan *plan, struct sv_size_limits limits, struct sv_error *error)
{
	uint64_t allowed = sv_memory_most_pages(limits.is_64, SV_WASM_PAGE_LOG2);
	*plan = (struct memory_plan){
			.type = artifact_limits_record(limits), .bounds = SV_BOUNDS_GUARD};
	if (limits.minimum <= allowed && limits.minimum <= limits.maximum)
		return true;
	return sv_fail(error, SV_ERROR_USAGE, "no memory can have %" PRIu64 " to %" PRIu64 " pages",
			limits.minimum, limits.maximum);
}

void memory_free(struct sv_memory *memory)
{
	if (memory->shared) {
		if (memory->is_payer)
			shared_stop_paying(memory->shared);
		sv_shared_memory_free(memory->shared);
		free(memory);
		return;
	}
	store_give_memory(memory->store, backing_size(memory->backing));
	backing_close(&memory->own, memory->store->engine);
	free(memory);
}

int64_t memory_grow(struct sv_memory *memory, uint64_t pages)
{
	if (memory->shared)
		return shared_grow(memory->shared, memory->store, pages);
	return backing_grow(memory->backing, memory->store, pages);
}

bool memory_reset(struct sv_memory *memory, struct sv_error *error)
{
	if (memory->shared)
		return shared_reset(memory->shared, error);
	uint64_t grown = backing_size(memory->backing) - memory->backing->initial;
	TRY(backing_reset(memory->backing, error));
	if (grown)
		store_give_memory(memory->store, grown);
	return true;
}

bool memory_is_fresh(const struct sv_memory *memory)
{
	return backing_is_fresh(memory->backing);
}

bool memory_open(struct sv_memory *memory, uint64_t address, uint64_t length)
{
	return !memory->backing->resident || resident_open(memory->backing, address, length);
}

uint8_t *sv_memory_data(struct sv_memory *memory)
{
	/* Nobody knows what will be done with the pointer, nor when. */
	if (!memory_open(memory, 0, backing_size(memory->backing)))
		return NULL;
	return memory->backing->view.base;
}

void *sv_memory_range(struct sv_memory *memory, uint64_t address, uint64_t length)
{
	if (!memory_holds(memory, address, length) || !memory_open(memory, address, length))
		return NULL;
	return memory_base(memory) + address;
}

const uint8_t *sv_memory_view(const struct sv_memory *memory)
{
	return memory->backing->view.base;
}

uint64_t sv_memory_size(const struct sv_memory *memory)
{
	return backing_size(memory->backing);
}

struct sv_shared_memory *sv_memory_shared(struct sv_memory *memory)
{
	return memory->shared ? shared_use(memory->shared) : NULL;
}
