/*
 * snapshot_memory.c: what memories hold as an image, pages of zeros left out; or, where mapping
 * would cost more than copying or cannot be, as active data segments.
 */
#include "runtime/snapshot_draft.h"

#include <stdlib.h>
#include <string.h>

#include "abi/limits.h"
#include "runtime/artifact.h"
#include "runtime/instance.h"
#include "runtime/memory.h"

/* As in the image of a module: runs of pages closer than this become one mapping; ... */
static const uint64_t gap_pages = 8;
static const uint64_t wide_gap_pages = 64;

/* ... a memory has at most so many mappings, for a process may have 65,530; ... */
static const size_t runs_most = 64;

/* ... and an image of more pages than this is at most this many times as long as its contents. */
static const uint64_t sparse_pages = 4096;
static const uint64_t sparseness = 16;

/* Pages of the machine, the last perhaps cut off by the end of the memory. */
struct page_run {
	uint64_t first, end;
};

struct page_runs {
	struct page_run *runs; /* owned; ascending */
	size_t count, capacity;
	uint64_t pages; /* that are not zero */
};

static bool page_is_zero(const uint8_t *page, uint64_t length)
{
	static const uint8_t zeros[SV_HOST_PAGE];
	return memcmp(page, zeros, length) == 0;
}

/* Add a page behind all others. */
static bool page_runs_add(struct page_runs *runs, uint64_t page)
{
	runs->pages++;
	if (runs->count && runs->runs[runs->count - 1].end == page) {
		runs->runs[runs->count - 1].end++;
		return true;
	}
	if (runs->count == runs->capacity) {
		size_t capacity = runs->capacity ? 2 * runs->capacity : 64;
		struct page_run *more = reallocarray(runs->runs, capacity, sizeof *more);
		if (!more)
			return false;
		runs->runs = more;
		runs->capacity = capacity;
	}
	runs->runs[runs->count++] = (struct page_run){page, page + 1};
	return true;
}

/* Runs of pages that are not all zero. */
static bool page_runs_find(struct page_runs *runs, const struct sv_memory *memory,
		struct sv_error *error)
{
	uint64_t size = backing_size(memory->backing);
	for (uint64_t at = 0; at < size; at += SV_HOST_PAGE) {
		uint64_t length = size - at < SV_HOST_PAGE ? size - at : SV_HOST_PAGE;
		if (!page_is_zero(memory_base(memory) + at, length) &&
				!page_runs_add(runs, at / SV_HOST_PAGE))
			return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for runs of pages");
	}
	return true;
}

/* How many runs there are if those nearer than `gap` pages are one. */
static size_t page_runs_joined(const struct page_runs *runs, uint64_t gap, uint64_t *pages)
{
	size_t count = 0;
	*pages = 0;
	for (size_t i = 0; i < runs->count; i++) {
		bool joins = i && runs->runs[i].first - runs->runs[i - 1].end <= gap;
		*pages += runs->runs[i].end - (joins ? runs->runs[i - 1].end : runs->runs[i].first);
		count += !joins;
	}
	return count;
}

/* The gap with which the runs make a good image; false if none does. */
static bool page_runs_gap(const struct page_runs *runs, uint64_t *gap, uint64_t *pages)
{
	*gap = gap_pages;
	if (page_runs_joined(runs, *gap, pages) > runs_most)
		*gap = wide_gap_pages;
	return page_runs_joined(runs, *gap, pages) <= runs_most &&
			*pages <= sparse_pages + runs->pages * sparseness;
}

/* Image and segments of all memories are within reach of the header. */
static bool pages_are_too_many(const struct snapshot_draft *draft, uint64_t pages)
{
	uint64_t used = draft->image.length + draft->segment_bytes.length;
	return pages > (SNAPSHOT_MAX_BYTES - used) / SV_HOST_PAGE;
}

static bool snapshot_add_extent(struct snapshot_draft *draft, const struct sv_memory *memory,
		struct page_run run)
{
	struct sv_extent_record extent = {
			.address = run.first * SV_HOST_PAGE,
			.offset = (uint32_t)draft->image.length,
			.length = (uint32_t)((run.end - run.first) * SV_HOST_PAGE),
	};
	TRY(buffer_append(&draft->image, memory_base(memory) + extent.address,
			(run.end - run.first) * SV_HOST_PAGE, draft->error));
	return buffer_append(&draft->extents, &extent, sizeof extent, draft->error);
}

static bool snapshot_add_image(struct snapshot_draft *draft, const struct sv_memory *memory,
		const struct page_runs *runs, uint64_t gap)
{
	struct page_run run = runs->count ? runs->runs[0] : (struct page_run){0, 0};
	for (size_t i = 1; i < runs->count; i++) {
		if (runs->runs[i].first - run.end > gap) {
			TRY(snapshot_add_extent(draft, memory, run));
			run = runs->runs[i];
		}
		run.end = runs->runs[i].end;
	}
	return runs->count == 0 || snapshot_add_extent(draft, memory, run);
}

static bool snapshot_add_data(struct snapshot_draft *draft, uint32_t index,
		const struct page_runs *runs)
{
	const struct sv_memory *memory = draft->instance->memories[index];
	uint64_t size = backing_size(memory->backing);
	for (size_t i = 0; i < runs->count; i++) {
		uint64_t start = runs->runs[i].first * SV_HOST_PAGE;
		uint64_t end = runs->runs[i].end * SV_HOST_PAGE;
		uint64_t length = (end < size ? end : size) - start;
		struct sv_data_record record = {
				.mode = SV_SEGMENT_ACTIVE,
				.memory = index,
				.address = {.kind = SV_CONSTANT_BITS,
						.type = memory->backing->type.is_64 ? SV_TYPE_I64
										    : SV_TYPE_I32,
						.value = start},
				.offset = (uint32_t)draft->segment_bytes.length,
				.length = (uint32_t)length,
		};
		TRY(buffer_append(&draft->segment_bytes, memory_base(memory) + start, length,
				draft->error));
		TRY(buffer_append(&draft->data, &record, sizeof record, draft->error));
	}
	return true;
}

/* Images are mapped in pages of the machine, which memories with smaller ones need not fill. */
static bool snapshot_memory(struct snapshot_draft *draft, uint32_t index)
{
	const struct sv_memory *memory = draft->instance->memories[index];
	struct sv_memory_record record = {
			.limits = artifact_memories(draft->artifact)[index].limits,
			.first_extent = (uint32_t)(draft->extents.length /
					sizeof(struct sv_extent_record)),
	};
	struct page_runs runs = {0};
	uint64_t gap, pages;
	record.limits.minimum = backing_pages(memory->backing);
	bool done = page_runs_find(&runs, memory, draft->error);
	bool has_image = record.limits.page_log2 == SV_WASM_PAGE_LOG2 &&
			page_runs_gap(&runs, &gap, &pages);
	if (done && pages_are_too_many(draft, has_image ? pages : runs.pages))
		done = sv_fail(draft->error, SV_ERROR_LIMIT,
				"memory %u holds more than a snapshot can: 2 GiB of pages that are "
				"not zero, or near such",
				index);
	if (done && has_image)
		done = snapshot_add_image(draft, memory, &runs, gap);
	else if (done)
		done = snapshot_add_data(draft, index, &runs);
	free(runs.runs);
	size_t extents = draft->extents.length / sizeof(struct sv_extent_record);
	record.extent_count = (uint32_t)(extents - record.first_extent);
	return done && buffer_append(&draft->memories, &record, sizeof record, draft->error);
}

bool snapshot_memories(struct snapshot_draft *draft)
{
	for (uint32_t i = 0; i < draft->artifact->header->memories.count; i++)
		TRY(snapshot_memory(draft, i));
	return true;
}
