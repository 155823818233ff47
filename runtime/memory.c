/*
 * memory.c: make, grow and reset linear memories. The only file that knows how a memory
 * gets back to its initial contents.
 */
#include "runtime/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/limits.h"
#include "runtime/artifact.h"
#include "runtime/store.h"

/* A memory without guard strategy still has this much unreachable space behind it. */
static const uint64_t post_guard = SV_PRE_GUARD;

/* Map the pages of the initial image over the memory, copy on write, straight from the file. */
static bool memory_map_image(struct sv_memory *memory, struct sv_error *error)
{
	const struct sv_artifact *artifact = memory->artifact;
	if (!artifact)
		return true;
	const struct sv_memory_record *record = &artifact_memories(artifact)[memory->index];
	const struct sv_extent_record *extents = artifact_extents(artifact) + record->first_extent;
	for (uint32_t i = 0; i < record->extent_count; i++) {
		void *mapped = mmap(memory->view.base + extents[i].address, extents[i].length,
				PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, artifact->fd,
				artifact->image_offset + extents[i].offset);
		if (mapped == MAP_FAILED)
			return sv_fail_errno(error,
					"cannot map the initial memory of %s (see "
			                "vm.max_map_count)",
					artifact->name);
	}
	return true;
}

static bool memory_open(struct sv_memory *memory, struct sv_error *error)
{
	memory->view.base = memory->slot.base;
	memory->view.size = memory->initial;
	if (memory->initial && mprotect(memory->view.base, memory->initial,
						PROT_READ | PROT_WRITE) != 0)
		return sv_fail_errno(error, "cannot make %" PRIu64 " bytes of memory accessible "
				"(see vm.max_map_count and vm.overcommit_memory)", memory->initial);
	return memory_map_image(memory, error);
}

/* Address space behind the base. */
static uint64_t memory_reach(const struct sv_store *store, const struct memory_plan *plan,
		uint64_t maximum)
{
	if (plan->bounds == SV_BOUNDS_GUARD)
		return SV_GUARD_RESERVATION;
	uint64_t most = maximum * SV_WASM_PAGE;
	uint64_t limit = store->limits.max_memory & ~(SV_WASM_PAGE - 1);
	return (most < limit ? most : limit) + post_guard;
}

struct sv_memory *memory_new(struct sv_store *store, const struct memory_plan *plan,
		struct sv_error *error)
{
	uint64_t minimum = plan->limits.minimum, maximum = plan->limits.maximum;
	bool has_maximum = maximum != UINT64_MAX;
	if (!has_maximum || maximum > SV_MEMORY32_MAX_PAGES)
		maximum = SV_MEMORY32_MAX_PAGES;
	if (minimum > maximum) {
		sv_fail(error, SV_ERROR_USAGE, "a memory's minimum of %" PRIu64
				" pages is above its maximum of %" PRIu64, minimum, maximum);
		return NULL;
	}
	struct sv_memory *memory = calloc(1, sizeof *memory);
	if (!memory) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the record of a memory");
		return NULL;
	}
	*memory = (struct sv_memory){.store = store, .initial = minimum * SV_WASM_PAGE,
			.maximum = maximum, .has_maximum = has_maximum,
			.artifact = plan->artifact, .index = plan->index};
	if (!store_take_memory(store, memory->initial)) {
		sv_fail(error, SV_ERROR_LIMIT, "the module needs %" PRIu64 " bytes of memory; the "
				"store's limit max_memory is %" PRIu64, memory->initial,
				store->limits.max_memory);
		goto free_memory;
	}
	if (!slot_lease(&memory->slot, store->engine, memory_reach(store, plan, maximum), error))
		goto give_memory;
	if (!memory_open(memory, error))
		goto return_slot;
	memory->next = store->memories;
	store->memories = memory;
	return memory;
return_slot:
	slot_return(&memory->slot, store->engine);
give_memory:
	store_give_memory(store, memory->initial);
free_memory:
	free(memory);
	return NULL;
}

struct sv_memory *sv_memory_new(struct sv_store *store, struct sv_size_limits limits,
		struct sv_error *error)
{
	struct memory_plan plan = {.limits = limits, .bounds = SV_BOUNDS_GUARD};
	return memory_new(store, &plan, error);
}

void memory_free(struct sv_memory *memory)
{
	store_give_memory(memory->store, memory->view.size);
	slot_return(&memory->slot, memory->store->engine);
	free(memory);
}

int64_t memory_grow(struct sv_memory *memory, uint64_t pages)
{
	uint64_t old = memory->view.size / SV_WASM_PAGE;
	if (pages == 0)
		return (int64_t)old;
	if (pages > memory->maximum - old)
		return -1;
	uint64_t bytes = pages * SV_WASM_PAGE;
	if (!store_take_memory(memory->store, bytes))
		return -1;
	if (mprotect(memory->view.base + memory->view.size, bytes, PROT_READ | PROT_WRITE) != 0) {
		store_give_memory(memory->store, bytes);
		return -1;
	}
	memory->view.size += bytes;
	return (int64_t)old;
}

/*
 * Dropping the private pages shows the image of the file again, and zeros elsewhere. What
 * was grown becomes unreachable.
 */
bool memory_reset(struct sv_memory *memory, struct sv_error *error)
{
	uint64_t size = memory->view.size;
	if (size && madvise(memory->view.base, size, MADV_DONTNEED) != 0)
		return sv_fail_errno(error, "cannot reset %" PRIu64 " bytes of memory", size);
	if (size == memory->initial)
		return true;
	uint64_t grown = size - memory->initial;
	if (mprotect(memory->view.base + memory->initial, grown, PROT_NONE) != 0)
		return sv_fail_errno(error, "cannot close %" PRIu64 " grown bytes of memory "
				"(see vm.max_map_count)", grown);
	memory->view.size = memory->initial;
	store_give_memory(memory->store, grown);
	return true;
}

/* What should be at `address`: the image page, or NULL for zeros. */
static const uint8_t *memory_image_page(const struct sv_memory *memory, uint64_t address)
{
	if (!memory->artifact)
		return NULL;
	const struct sv_memory_record *record =
			&artifact_memories(memory->artifact)[memory->index];
	const struct sv_extent_record *extents =
			artifact_extents(memory->artifact) + record->first_extent;
	for (uint32_t i = record->extent_count; i > 0; i--) {
		const struct sv_extent_record *extent = &extents[i - 1];
		if (address - extent->address < extent->length)
			return artifact_image(memory->artifact) + extent->offset +
					(address - extent->address);
	}
	return NULL;
}

bool memory_is_fresh(const struct sv_memory *memory)
{
	static const uint8_t zeros[SV_HOST_PAGE];
	if (memory->view.size != memory->initial)
		return false;
	for (uint64_t at = 0; at < memory->initial; at += SV_HOST_PAGE) {
		const uint8_t *expected = memory_image_page(memory, at);
		if (memcmp(memory->view.base + at, expected ? expected : zeros, SV_HOST_PAGE) != 0)
			return false;
	}
	return true;
}

uint8_t *sv_memory_data(struct sv_memory *memory)
{
	return memory->view.base;
}

uint64_t sv_memory_size(const struct sv_memory *memory)
{
	return memory->view.size;
}
