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

/* Most address space that a 64-bit memory is given; a process has 2^47. */
static const uint64_t memory64_room = UINT64_C(1) << 40;

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

/* The accessible bytes of a memory of this size: whole pages of the machine. */
static uint64_t memory_extent(uint64_t size)
{
	return (size + SV_HOST_PAGE - 1) & ~(SV_HOST_PAGE - 1);
}

/* Make [from, to) of the memory accessible; ends inside pages have been so before, or become so. */
static bool memory_allow(struct sv_memory *memory, uint64_t from, uint64_t to)
{
	uint64_t first = memory_extent(from), length = memory_extent(to) - first;
	return length == 0 || mprotect(memory->view.base + first, length,
						PROT_READ | PROT_WRITE) == 0;
}

static bool memory_open(struct sv_memory *memory, struct sv_error *error)
{
	memory->view.base = memory->slot.base;
	memory->view.size = memory->initial;
	if (!memory_allow(memory, 0, memory->initial))
		return sv_fail_errno(error, "cannot make %" PRIu64 " bytes of memory accessible "
				"(see vm.max_map_count and vm.overcommit_memory)", memory->initial);
	return memory_map_image(memory, error);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Pages that a memory of this type may ever have. */
static uint64_t memory_maximum(const struct sv_limits_record *type)
{
	uint64_t most = sv_memory_most_pages(type->is_64, type->page_log2);
	return type->has_maximum ? least(type->maximum, most) : most;
}

/* Bytes that it is given address space for: what it may have in this store. */
static uint64_t memory_room(const struct sv_memory *memory)
{
	uint64_t most = sv_memory_bytes(memory->maximum, memory->type.page_log2);
	most = least(most, memory->store->limits.max_memory);
	return memory->type.is_64 ? least(most, memory64_room) : most;
}

/* Address space behind the base. */
static uint64_t memory_reach(const struct sv_memory *memory, const struct memory_plan *plan)
{
	if (plan->bounds == SV_BOUNDS_GUARD &&
			!sv_memory_needs_check(plan->type.is_64, plan->type.page_log2))
		return SV_GUARD_RESERVATION;
	return memory_extent(memory->room) + post_guard;
}

static bool memory_account(struct sv_memory *memory, struct sv_error *error)
{
	struct sv_store *store = memory->store;
	if (!store_take_memory(store, memory->initial))
		return sv_fail(error, SV_ERROR_LIMIT, "the module needs %" PRIu64 " bytes of "
				"memory; the store's limit max_memory is %" PRIu64,
				memory->initial, store->limits.max_memory);
	if (memory->initial <= memory->room)
		return true;
	store_give_memory(store, memory->initial);
	return sv_fail(error, SV_ERROR_LIMIT, "the module needs %" PRIu64 " bytes of memory; a "
			"64-bit memory may have %" PRIu64, memory->initial, memory->room);
}

struct sv_memory *memory_new(struct sv_store *store, const struct memory_plan *plan,
		struct sv_error *error)
{
	struct sv_memory *memory = calloc(1, sizeof *memory);
	if (!memory) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the record of a memory");
		return NULL;
	}
	*memory = (struct sv_memory){.store = store, .type = plan->type,
			.initial = sv_memory_bytes(plan->type.minimum, plan->type.page_log2),
			.maximum = memory_maximum(&plan->type),
			.artifact = plan->artifact, .index = plan->index};
	memory->room = memory_room(memory);
	if (!memory_account(memory, error))
		goto free_memory;
	if (!slot_lease(&memory->slot, store->engine, memory_reach(memory, plan), error))
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
	struct memory_plan plan = {
			.type = artifact_limits_record(limits), .bounds = SV_BOUNDS_GUARD};
	uint64_t allowed = sv_memory_most_pages(limits.is_64, SV_WASM_PAGE_LOG2);
	if (limits.minimum <= allowed && limits.minimum <= limits.maximum)
		return memory_new(store, &plan, error);
	sv_fail(error, SV_ERROR_USAGE, "no memory can have %" PRIu64 " to %" PRIu64 " pages",
			limits.minimum, limits.maximum);
	return NULL;
}

void memory_free(struct sv_memory *memory)
{
	store_give_memory(memory->store, memory->view.size);
	slot_return(&memory->slot, memory->store->engine);
	free(memory);
}

int64_t memory_grow(struct sv_memory *memory, uint64_t pages)
{
	uint64_t old = memory->view.size;
	uint64_t bytes = sv_memory_bytes(pages, memory->type.page_log2);
	if (pages == 0)
		return (int64_t)memory_pages(memory);
	if (pages > memory->maximum - memory_pages(memory) ||
			!store_take_memory(memory->store, bytes))
		return -1;
	if (bytes > memory->room - old || !memory_allow(memory, old, old + bytes)) {
		store_give_memory(memory->store, bytes);
		return -1;
	}
	memory->view.size += bytes;
	return (int64_t)(old >> memory->type.page_log2);
}

/*
 * Dropping the private pages shows the image of the file again, and zeros elsewhere. What
 * was grown becomes unreachable.
 */
bool memory_reset(struct sv_memory *memory, struct sv_error *error)
{
	uint64_t size = memory->view.size;
	uint64_t extent = memory_extent(size), kept = memory_extent(memory->initial);
	if (extent && madvise(memory->view.base, extent, MADV_DONTNEED) != 0)
		return sv_fail_errno(error, "cannot reset %" PRIu64 " bytes of memory", size);
	if (extent > kept && mprotect(memory->view.base + kept, extent - kept, PROT_NONE) != 0)
		return sv_fail_errno(error, "cannot close %" PRIu64 " grown bytes of memory "
				"(see vm.max_map_count)", extent - kept);
	memory->view.size = memory->initial;
	store_give_memory(memory->store, size - memory->initial);
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
	/* To the end of the last page: behind the size too there is nothing of the last guest. */
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
