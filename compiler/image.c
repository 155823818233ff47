/*
 * image.c: what the memories hold before the first instruction, as pages that the runtime
 * can map from the artifact.
 */
#include "compiler/records.h"

#include <stdlib.h>
#include <string.h>

#include "abi/limits.h"

/* Runs of pages closer than this become one: an extent costs a mapping, a page 4 KiB of file. */
static const uint64_t gap_pages = 8;

/* If that leaves too many runs, closer than this. */
static const uint64_t wide_gap_pages = 64;

/*
 * A memory with more runs than this gets no image: each is a mapping in every instance, and a
 * process may have 65,530. Its segments are copied when it is instantiated instead.
 */
static const size_t runs_most = 64;

/*
 * Nor does one whose image would be larger, or mostly zeros: beyond this many pages, at least
 * one in so many has data. The images of all must have 32-bit offsets.
 */
static const uint64_t image_pages_most = 256 * 1024;
static const uint64_t image_pages_sparse = 4096;
static const uint64_t image_sparseness = 16;
static const uint64_t image_max = UINT64_C(1) << 31;

/* The active data segments of a module by memory, in the order of the module within each. */
struct draft {
	const struct module *module;
	struct image *image;
	uint32_t *order;         /* owned; indices of segments */
	uint32_t *first;         /* owned; by memory: where its segments begin in `order` */
	struct page_run *runs;   /* owned; room for those of any memory */
};

/* Of a segment with constant address; a 32-bit one has no bits above. */
static uint64_t image_address(const struct data_segment *segment)
{
	return segment->address.value.value;
}

static bool image_range_fits(const struct constant *address, uint64_t length, uint64_t size)
{
	return address->value.kind == SV_CONSTANT_BITS && length <= size &&
			address->value.value <= size - length;
}

/*
 * True if no active segment can be out of bounds. Otherwise what comes before the trap must
 * happen and what comes after must not, so nothing is done beforehand.
 */
static bool image_is_possible(const struct module *module)
{
	for (uint32_t i = 0; i < module->element_count; i++) {
		const struct element_segment *segment = &module->elements[i];
		if (segment->mode == SV_SEGMENT_ACTIVE &&
				!image_range_fits(&segment->index, segment->item_count,
						module->tables[segment->table].limits.minimum))
			return false;
	}
	for (uint32_t i = 0; i < module->data_count; i++) {
		const struct data_segment *segment = &module->data[i];
		if (segment->mode != SV_SEGMENT_ACTIVE)
			continue;
		const struct limits *limits = &module->memories[segment->memory].limits;
		if (!image_range_fits(&segment->address, segment->bytes.length,
				    sv_memory_bytes(limits->minimum, limits->page_log2)))
			return false;
	}
	return true;
}

/* Images are mapped in pages of the machine; a memory so large cannot be had anyway. */
static bool image_memory_can_have_one(const struct module *module, uint32_t memory)
{
	const struct limits *limits = &module->memories[memory].limits;
	return memory >= module->imported_memories && limits->page_log2 == SV_WASM_PAGE_LOG2 &&
			limits->minimum <= UINT32_MAX;
}

/* Fill `order` and `first`, which has two elements more than there are memories. */
static void draft_sort(struct draft *draft)
{
	const struct module *module = draft->module;
	uint32_t *first = draft->first;
	for (uint32_t i = 0; i < module->data_count; i++) {
		if (module->data[i].mode == SV_SEGMENT_ACTIVE)
			first[module->data[i].memory + 2]++;
	}
	for (uint32_t i = 0; i <= module->memory_count; i++)
		first[i + 1] += first[i];
	/* Placing a segment moves on the end of its memory's: where the next one's begin. */
	for (uint32_t i = 0; i < module->data_count; i++) {
		const struct data_segment *segment = &module->data[i];
		if (segment->mode == SV_SEGMENT_ACTIVE)
			draft->order[first[segment->memory + 1]++] = i;
	}
}

struct page_run {
	uint64_t first, end; /* pages */
};

static int page_run_compare(const void *left, const void *right)
{
	const struct page_run *a = left, *b = right;
	return a->first < b->first ? -1 : a->first > b->first;
}

/* Sorted runs of pages that the segments touch, joined where they nearly meet. */
static size_t image_runs(const struct draft *draft, uint32_t memory, uint64_t gap)
{
	struct page_run *runs = draft->runs;
	size_t count = 0;
	for (uint32_t i = draft->first[memory]; i < draft->first[memory + 1]; i++) {
		const struct data_segment *segment = &draft->module->data[draft->order[i]];
		if (!segment->bytes.length)
			continue;
		uint64_t address = image_address(segment);
		uint64_t end = address + segment->bytes.length;
		runs[count].first = address / SV_HOST_PAGE;
		runs[count++].end = (end + SV_HOST_PAGE - 1) / SV_HOST_PAGE;
	}
	qsort(runs, count, sizeof *runs, page_run_compare);
	size_t joined = 0;
	for (size_t i = 0; i < count; i++) {
		if (joined && runs[i].first <= runs[joined - 1].end + gap) {
			if (runs[i].end > runs[joined - 1].end)
				runs[joined - 1].end = runs[i].end;
			continue;
		}
		runs[joined++] = runs[i];
	}
	return joined;
}

static uint64_t image_pages(const struct draft *draft, size_t count)
{
	uint64_t pages = 0;
	for (size_t i = 0; i < count; i++)
		pages += draft->runs[i].end - draft->runs[i].first;
	return pages;
}

/* True if so many runs of the memory may become its image. */
static bool image_is_worth_it(const struct draft *draft, uint32_t memory, size_t count)
{
	uint64_t pages = image_pages(draft, count), bytes = 0;
	for (uint32_t i = draft->first[memory]; i < draft->first[memory + 1]; i++)
		bytes += draft->module->data[draft->order[i]].bytes.length;
	uint64_t most = image_pages_sparse + bytes / SV_HOST_PAGE * image_sparseness;
	return count <= runs_most && pages <= image_pages_most && pages <= most &&
			draft->image->bytes.length + pages * SV_HOST_PAGE <= image_max;
}

static bool image_add_run(struct image *image, const struct page_run *run, struct sv_error *error)
{
	uint64_t length = (run->end - run->first) * SV_HOST_PAGE;
	struct sv_extent_record extent = {
			.address = run->first * SV_HOST_PAGE,
			.offset = (uint32_t)image->bytes.length,
			.length = (uint32_t)length,
	};
	TRY(buffer_reserve(&image->bytes, length, error));
	memset(image->bytes.data + image->bytes.length, 0, length);
	image->bytes.length += length;
	return buffer_append(&image->extents, &extent, sizeof extent, error);
}

static void image_copy_segment(struct image *image, const struct sv_memory_record *record,
		const struct data_segment *segment)
{
	uint64_t address = image_address(segment);
	const struct sv_extent_record *extents = (const void *)image->extents.data;
	for (uint32_t i = 0; i < record->extent_count; i++) {
		const struct sv_extent_record *extent = &extents[record->first_extent + i];
		if (address < extent->address || address >= extent->address + extent->length)
			continue;
		memcpy(image->bytes.data + extent->offset + (address - extent->address),
				segment->bytes.data, segment->bytes.length);
		return;
	}
}

static bool image_build_memory(const struct draft *draft, uint32_t memory, struct sv_error *error)
{
	struct image *image = draft->image;
	struct sv_memory_record *record = &image->memories[memory];
	size_t count = image_runs(draft, memory, gap_pages);
	if (count > runs_most)
		count = image_runs(draft, memory, wide_gap_pages);
	if (!image_is_worth_it(draft, memory, count))
		return true;
	record->first_extent = (uint32_t)(image->extents.length / sizeof(struct sv_extent_record));
	record->extent_count = (uint32_t)count;
	for (size_t i = 0; i < count; i++)
		TRY(image_add_run(image, &draft->runs[i], error));
	/* In order: a later segment overwrites an earlier one. */
	for (uint32_t i = draft->first[memory]; i < draft->first[memory + 1]; i++) {
		const struct data_segment *segment = &draft->module->data[draft->order[i]];
		image->folded[draft->order[i]] = true;
		if (segment->bytes.length)
			image_copy_segment(image, record, segment);
	}
	return true;
}

static bool image_fill(struct draft *draft, struct sv_error *error)
{
	const struct module *module = draft->module;
	uint64_t segments = (uint64_t)module->data_count + 1;
	draft->order = calloc(segments, sizeof *draft->order);
	draft->first = calloc((uint64_t)module->memory_count + 2, sizeof *draft->first);
	draft->runs = calloc(segments, sizeof *draft->runs);
	if (!draft->order || !draft->first || !draft->runs)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the image");
	draft_sort(draft);
	for (uint32_t i = 0; i < module->memory_count; i++) {
		if (image_memory_can_have_one(module, i))
			TRY(image_build_memory(draft, i, error));
	}
	return true;
}

bool image_build(struct image *image, const struct module *module, struct sv_error *error)
{
	struct draft draft = {.module = module, .image = image};
	*image = (struct image){0};
	image->memories = calloc((uint64_t)module->memory_count + 1, sizeof *image->memories);
	image->folded = calloc((uint64_t)module->data_count + 1, sizeof *image->folded);
	bool done = image->memories && image->folded;
	if (!done)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the image");
	if (done && image_is_possible(module))
		done = image_fill(&draft, error);
	free(draft.order);
	free(draft.first);
	free(draft.runs);
	if (!done)
		image_finish(image);
	return done;
}

void image_finish(struct image *image)
{
	buffer_finish(&image->bytes);
	buffer_finish(&image->extents);
	free(image->memories);
	free(image->folded);
	*image = (struct image){0};
}
