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

/* Nor does one whose image would be larger; the images of all must have 32-bit offsets. */
static const uint64_t image_pages_most = 256 * 1024;
static const uint64_t image_max = UINT64_C(1) << 31;

/* Of a segment with constant address; a 32-bit one has no bits above. */
static uint64_t image_address(const struct data_segment *segment)
{
	return segment->address.value.value;
}

static bool image_segment_fits(const struct module *module, const struct data_segment *segment)
{
	if (segment->address.value.kind != SV_CONSTANT_BITS)
		return false;
	const struct limits *limits = &module->memories[segment->memory].limits;
	uint64_t size = sv_memory_bytes(limits->minimum, limits->page_log2);
	return segment->bytes.length <= size &&
			image_address(segment) <= size - segment->bytes.length;
}

static bool image_is_possible(const struct module *module, uint32_t memory)
{
	const struct limits *limits = &module->memories[memory].limits;
	/* Images are mapped in pages of the machine; no memory of this size can be had anyway. */
	if (limits->page_log2 != SV_WASM_PAGE_LOG2 || limits->minimum > UINT32_MAX)
		return false;
	for (uint32_t i = 0; i < module->data_count; i++) {
		const struct data_segment *segment = &module->data[i];
		if (segment->mode != SV_SEGMENT_ACTIVE || segment->memory != memory)
			continue;
		if (!image_segment_fits(module, segment))
			return false;
	}
	return memory >= module->imported_memories;
}

static bool image_holds(const struct data_segment *segment, uint32_t memory)
{
	return segment->mode == SV_SEGMENT_ACTIVE && segment->memory == memory &&
			segment->bytes.length > 0;
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
static size_t image_runs(const struct module *module, uint32_t memory, uint64_t gap,
		struct page_run *runs)
{
	size_t count = 0;
	for (uint32_t i = 0; i < module->data_count; i++) {
		const struct data_segment *segment = &module->data[i];
		if (!image_holds(segment, memory))
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

static uint64_t image_pages(const struct page_run *runs, size_t count)
{
	uint64_t pages = 0;
	for (size_t i = 0; i < count; i++)
		pages += runs[i].end - runs[i].first;
	return pages;
}

static bool image_add_run(struct image *image, const struct page_run *run, struct sv_error *error)
{
	uint64_t length = (run->end - run->first) * SV_HOST_PAGE;
	if (image->bytes.length + length > image_max)
		return sv_fail(error, SV_ERROR_LIMIT,
				"initial memory contents exceed the limit of 2 GiB");
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

static bool image_build_memory(struct image *image, const struct module *module, uint32_t memory,
		struct page_run *runs, struct sv_error *error)
{
	struct sv_memory_record *record = &image->memories[memory];
	size_t count = image_runs(module, memory, gap_pages, runs);
	if (count > runs_most)
		count = image_runs(module, memory, wide_gap_pages, runs);
	if (count > runs_most || image_pages(runs, count) > image_pages_most)
		return true;
	record->first_extent = (uint32_t)(image->extents.length / sizeof(struct sv_extent_record));
	record->extent_count = (uint32_t)count;
	for (size_t i = 0; i < count; i++)
		TRY(image_add_run(image, &runs[i], error));
	/* In order: a later segment overwrites an earlier one. */
	for (uint32_t i = 0; i < module->data_count; i++) {
		const struct data_segment *segment = &module->data[i];
		if (segment->mode != SV_SEGMENT_ACTIVE || segment->memory != memory)
			continue;
		image->folded[i] = true;
		if (segment->bytes.length)
			image_copy_segment(image, record, segment);
	}
	return true;
}

bool image_build(struct image *image, const struct module *module, struct sv_error *error)
{
	*image = (struct image){0};
	image->memories = calloc(module->memory_count + 1, sizeof *image->memories);
	image->folded = calloc(module->data_count + 1, sizeof *image->folded);
	struct page_run *runs = calloc(module->data_count + 1, sizeof *runs);
	bool done = image->memories && image->folded && runs;
	if (!done)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the image");
	for (uint32_t i = 0; done && i < module->memory_count; i++) {
		if (image_is_possible(module, i))
			done = image_build_memory(image, module, i, runs, error);
	}
	free(runs);
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
