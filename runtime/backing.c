/*
 * backing.c: reserve, open, extend and reset the bytes of a linear memory. The only file that
 * knows how a memory gets back to its initial contents.
 */
#include "runtime/backing.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/limits.h"
#include "runtime/artifact.h"
#include "runtime/engine.h"
#include "runtime/store.h"

/* A memory without guard strategy still has this much unreachable space behind it. */
static const uint64_t post_guard = SV_PRE_GUARD;

/* Largest image, in bytes, that is copied so that it needs no mapping. */
static const uint32_t dense_image_most = 256 * 1024;

/* Most address space that a 64-bit memory is given; a process has 2^47. */
static const uint64_t memory64_room = UINT64_C(1) << 40;

/* In a small slot: everything is accessible and nothing is mapped. */
static bool backing_is_placed(const struct backing *backing)
{
	return !backing->slot.start;
}

/* The pages of the initial size are like this until they are written. */
static int backing_protection(const struct backing *backing)
{
	return backing->resident ? PROT_READ : PROT_READ | PROT_WRITE;
}

/* Map the pages of the initial image over the memory, copy on write, straight from the file. */
static bool backing_map_image(struct backing *backing, struct sv_error *error)
{
	const struct sv_artifact *artifact = backing->artifact;
	if (!artifact)
		return true;
	const struct sv_memory_record *record = &artifact_memories(artifact)[backing->index];
	const struct sv_extent_record *extents = artifact_extents(artifact) + record->first_extent;
	for (uint32_t i = 0; i < record->extent_count; i++) {
		void *mapped = mmap(backing->view.base + extents[i].address, extents[i].length,
				backing_protection(backing), MAP_PRIVATE | MAP_FIXED, artifact->fd,
				artifact->image_offset + extents[i].offset);
		if (mapped == MAP_FAILED)
			return sv_fail_errno(error,
					"cannot map the initial memory of %s (see "
			                "vm.max_map_count)",
					artifact->name);
	}
	return true;
}

uint64_t backing_extent(uint64_t size)
{
	return (size + SV_HOST_PAGE - 1) & ~(SV_HOST_PAGE - 1);
}

/* Make [from, to) of the memory accessible; ends inside pages have been so before, or become so. */
static bool backing_allow(struct backing *backing, uint64_t from, uint64_t to)
{
	uint64_t first = backing_extent(from), length = backing_extent(to) - first;
	return length == 0 || backing_is_placed(backing) ||
			mprotect(backing->view.base + first, length, PROT_READ | PROT_WRITE) == 0;
}

static void backing_set_size(struct backing *backing, uint64_t size)
{
	__atomic_store_n(&backing->view.size, size, __ATOMIC_SEQ_CST);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Pages that a memory of this type may ever have. */
static uint64_t backing_maximum(const struct sv_limits_record *type)
{
	uint64_t most = sv_memory_most_pages(type->is_64, type->page_log2);
	return type->has_maximum ? least(type->maximum, most) : most;
}

void backing_plan(struct backing *backing, const struct memory_plan *plan, uint64_t limit)
{
	const struct sv_limits_record *type = &plan->type;
	*backing = (struct backing){.type = *type, .maximum = backing_maximum(type),
			.initial = sv_memory_bytes(type->minimum, type->page_log2),
			.artifact = plan->artifact, .index = plan->index};
	backing->room = least(sv_memory_bytes(backing->maximum, type->page_log2), limit);
	if (type->is_64)
		backing->room = least(backing->room, memory64_room);
}

/* Address space behind the base. */
static uint64_t backing_reach(const struct backing *backing, enum sv_bounds bounds)
{
	if (bounds == SV_BOUNDS_GUARD &&
			!sv_memory_needs_check(backing->type.is_64, backing->type.page_log2))
		return SV_GUARD_RESERVATION;
	return backing_extent(backing->room) + post_guard;
}

/* In a small slot there are no mappings of files: they would split it. */
static void backing_copy_image(struct backing *backing)
{
	const struct sv_artifact *artifact = backing->artifact;
	if (!artifact)
		return;
	const struct sv_memory_record *record = &artifact_memories(artifact)[backing->index];
	const struct sv_extent_record *extents = artifact_extents(artifact) + record->first_extent;
	for (uint32_t i = 0; i < record->extent_count; i++)
		memcpy(backing->view.base + extents[i].address,
				artifact_image(artifact) + extents[i].offset, extents[i].length);
}

/*
 * Small images of many instances are copied: their mappings are what there is least of. So are
 * those for which none are left.
 */
static bool backing_show_image(struct backing *backing, struct sv_engine *engine, bool is_dense,
		struct sv_error *error)
{
	const struct sv_artifact *artifact = backing->artifact;
	if (!artifact)
		return true;
	const struct sv_memory_record *record = &artifact_memories(artifact)[backing->index];
	bool is_small = artifact->header->image.count <= dense_image_most;
	uint32_t mappings = 2 * record->extent_count;
	if ((!is_dense || !is_small) && engine_take_mappings(engine, mappings)) {
		backing->image_mappings = mappings;
		return backing_map_image(backing, error);
	}
	/* Closed pages show what is mapped. */
	resident_free(backing->resident);
	backing->resident = NULL;
	uint64_t extent = backing_extent(backing->initial);
	if (extent && mprotect(backing->view.base, extent, PROT_READ | PROT_WRITE) != 0)
		return sv_fail_errno(error, "cannot make a memory writable");
	backing->is_copied = true;
	backing_copy_image(backing);
	return true;
}

/* Show the initial contents in the slot. */
static bool backing_fill(struct backing *backing, struct sv_engine *engine, bool is_dense,
		struct sv_error *error)
{
	uint64_t extent = backing_extent(backing->initial);
	if (extent && mprotect(backing->view.base, extent, backing_protection(backing)) != 0)
		return sv_fail_errno(error,
				"cannot make %" PRIu64 " bytes of memory accessible "
				"(see vm.max_map_count and vm.overcommit_memory)",
				backing->initial);
	return backing_show_image(backing, engine, is_dense, error);
}

bool backing_open(struct backing *backing, struct sv_engine *engine, const struct memory_plan *plan,
		struct sv_error *error)
{
	if (backing->initial > backing->room)
		return sv_fail(error, SV_ERROR_LIMIT, "the module needs %" PRIu64 " bytes of "
				"memory; this memory may have %" PRIu64,
				backing->initial, backing->room);
	if (plan->place) {
		backing->view.base = plan->place;
		backing_set_size(backing, backing->initial);
		backing->is_copied = true;
		backing_copy_image(backing);
		return true;
	}
	TRY(slot_lease(&backing->slot, engine, backing_reach(backing, plan->bounds), error));
	backing->view.base = backing->slot.base;
	backing_set_size(backing, backing->initial);
	bool is_open = true;
	if (plan->is_leased && !plan->is_dense) {
		backing->resident = resident_new(engine, backing->initial, error);
		is_open = backing->resident != NULL;
	}
	if (is_open && backing_fill(backing, engine, plan->is_dense, error))
		return true;
	backing_close(backing, engine);
	return false;
}

void backing_close(struct backing *backing, struct sv_engine *engine)
{
	resident_free(backing->resident);
	backing->resident = NULL;
	engine_give_mappings(engine, backing->image_mappings);
	backing->image_mappings = 0;
	slot_return(&backing->slot, engine);
}

static bool backing_extend(struct backing *backing, uint64_t bytes)
{
	uint64_t old = backing_size(backing);
	if (bytes > backing->room - old || !backing_allow(backing, old, old + bytes))
		return false;
	backing_set_size(backing, old + bytes);
	return true;
}

int64_t backing_grow(struct backing *backing, struct sv_store *payer, uint64_t pages)
{
	uint64_t old = backing_pages(backing);
	uint64_t bytes = sv_memory_bytes(pages, backing->type.page_log2);
	if (pages == 0)
		return (int64_t)old;
	if (pages > backing->maximum - old || (payer && !store_take_memory(payer, bytes)))
		return -1;
	if (backing_extend(backing, bytes))
		return (int64_t)old;
	if (payer)
		store_give_memory(payer, bytes);
	return -1;
}

/* Drop the private pages of [from, to): the image of the file shows again, and zeros elsewhere. */
static bool backing_drop(struct backing *backing, uint64_t from, uint64_t to)
{
	return from == to || madvise(backing->view.base + from, to - from, MADV_DONTNEED) == 0;
}

bool backing_reset(struct backing *backing, struct sv_error *error)
{
	uint64_t size = backing_size(backing);
	uint64_t extent = backing_extent(size), kept = backing_extent(backing->initial);
	uint64_t dropped = backing->resident ? kept : 0;
	if (!backing_drop(backing, dropped, extent) ||
			(backing->resident && !resident_reset(backing)))
		return sv_fail_errno(error, "cannot reset %" PRIu64 " bytes of memory", size);
	if (backing->is_copied)
		backing_copy_image(backing);
	if (extent > kept && !backing_is_placed(backing) &&
			mprotect(backing->view.base + kept, extent - kept, PROT_NONE) != 0)
		return sv_fail_errno(error, "cannot close %" PRIu64 " grown bytes of memory "
				"(see vm.max_map_count)", extent - kept);
	if (size != backing->initial)
		backing_set_size(backing, backing->initial);
	return true;
}

const uint8_t *backing_image_page(const struct backing *backing, uint64_t address)
{
	if (!backing->artifact)
		return NULL;
	const struct sv_memory_record *record =
			&artifact_memories(backing->artifact)[backing->index];
	const struct sv_extent_record *extents =
			artifact_extents(backing->artifact) + record->first_extent;
	for (uint32_t i = record->extent_count; i > 0; i--) {
		const struct sv_extent_record *extent = &extents[i - 1];
		if (address - extent->address < extent->length)
			return artifact_image(backing->artifact) + extent->offset +
					(address - extent->address);
	}
	return NULL;
}

bool backing_is_fresh(const struct backing *backing)
{
	static const uint8_t zeros[SV_HOST_PAGE];
	if (backing_size(backing) != backing->initial)
		return false;
	/* To the end of the last page: behind the size too there is nothing of the last guest. */
	for (uint64_t at = 0; at < backing->initial; at += SV_HOST_PAGE) {
		const uint8_t *expected = backing_image_page(backing, at);
		if (memcmp(backing->view.base + at, expected ? expected : zeros, SV_HOST_PAGE) != 0)
			return false;
	}
	return true;
}
