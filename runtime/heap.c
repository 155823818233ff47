/*
 * heap.c: allocate objects. Small ones are cells of blocks with one size of cells, large ones
 * have blocks of their own. What was free after the last collection is known from the map of
 * the block alone: freeing an object writes nothing.
 */
#include "runtime/heap.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/collect.h"
#include "runtime/engine.h"
#include "runtime/store.h"
#include "runtime/trap.h"

/* Most blocks of a heap: 4 GiB. Address space is twice the limit, for gaps between objects. */
static const uint64_t most_blocks = UINT64_C(65536);

/*
 * Sizes of cells: multiples of the granule, at most a quarter above the one before up to 2 KiB;
 * then what divides a block with little rest.
 */
static const uint16_t class_sizes[HEAP_CLASSES] = {16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176,
		192, 208, 224, 240, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280, 1536, 1792,
		2048, 2336, 2720, 3264, 4096, 5456, 6544, 8192, 10912, 13104, 16384, 21840, 32768};

static const uint64_t largest_cell = 32768;

uint32_t heap_class_size(unsigned class)
{
	return class_sizes[class];
}

static unsigned class_of(uint64_t size)
{
	const unsigned even_classes = 16; /* a granule apart */
	if (size <= class_sizes[even_classes - 1])
		return (unsigned)((size - 1) / SPACE_GRANULE);
	unsigned class = even_classes;
	while (class_sizes[class] < size)
		class++;
	return class;
}

/* ---- the heap of a store ---- */

static uint32_t heap_room(const struct sv_store *store)
{
	uint64_t room = store->limits.max_memory / SPACE_BLOCK;
	return (uint32_t)(room > most_blocks / 2 ? most_blocks : 2 * room);
}

static bool heap_open(struct sv_store *store, const void *avoided)
{
	uint32_t room = heap_room(store);
	struct heap *heap = room ? calloc(1, sizeof *heap) : NULL;
	if (!heap)
		return false;
	if (!space_init(&heap->space, room, avoided)) {
		free(heap);
		return false;
	}
	heap->is_hardened = store->engine->config.hardened_scan;
	store->heap = heap;
	collect_begin(heap);
	return true;
}

bool heap_keep_off(struct sv_store *store, const void *address)
{
	return store->heap || heap_room(store) == 0 || heap_open(store, address);
}

bool heap_reset(struct sv_store *store)
{
	struct heap *heap = store->heap;
	if (!heap || (heap->fresh_bytes == 0 && heap->collections == 0))
		return true;
	store_give_memory(store, heap->space.used * SPACE_BLOCK);
	heap->space.used = 0;
	if (!space_reset(&heap->space))
		return false;
	heap->collections = 0;
	heap->is_full = false;
	collect_begin(heap);
	return true;
}

bool heap_is_fresh(const struct sv_store *store)
{
	const struct heap *heap = store->heap;
	if (!heap)
		return true;
	const uint64_t *words = (const uint64_t *)heap->space.base;
	for (uint64_t i = 0; i < heap->space.opened * SPACE_BLOCK / sizeof *words; i++) {
		if (words[i])
			return false;
	}
	return heap->space.used == 0 && heap->fresh_bytes == 0;
}

void heap_finish(struct sv_store *store)
{
	if (!store->heap)
		return;
	store_give_memory(store, store->heap->space.used * SPACE_BLOCK);
	space_finish(&store->heap->space);
	free(store->heap);
	store->heap = NULL;
}

struct heap_numbers heap_numbers(const struct sv_store *store)
{
	const struct heap *heap = store->heap;
	if (!heap)
		return (struct heap_numbers){0};
	return (struct heap_numbers){.live_bytes = heap->live_bytes,
			.fresh_bytes = heap->fresh_bytes,
			.taken_bytes = heap->space.used * SPACE_BLOCK,
			.collections = heap->collections,
			.revisits = heap->revisits};
}

static bool block_holds(const struct heap *heap, const struct space_block *block, uint32_t offset)
{
	if (block->use == BLOCK_LARGE)
		return offset == 0;
	if (block->use != BLOCK_SMALL || offset % class_sizes[block->class])
		return false;
	uint32_t bit = offset / SPACE_GRANULE;
	return offset < block->cursor || block->maps[heap->side][bit / 64] >> bit % 64 & 1;
}

bool heap_holds(const struct sv_store *store, const void *reference)
{
	const struct heap *heap = store->heap;
	if (!heap || !space_holds(&heap->space, reference))
		return false;
	uint64_t offset = space_offset(&heap->space, reference);
	return block_holds(heap, &heap->space.blocks[offset / SPACE_BLOCK], offset % SPACE_BLOCK);
}

/* ---- allocation ---- */

/* Blocks in a row, counted by the store; SPACE_NONE if it may not have them. */
static uint32_t heap_take_blocks(struct sv_store *store, uint32_t count)
{
	struct heap *heap = store->heap;
	uint64_t bytes = count * SPACE_BLOCK;
	heap->is_full = false;
	if (!store_try_memory(store, bytes))
		return SPACE_NONE;
	uint32_t first = space_take(&heap->space, count);
	if (first != SPACE_NONE)
		return first;
	heap->is_full = true;
	store_give_memory(store, bytes);
	return SPACE_NONE;
}

static void *heap_take_large(struct sv_store *store, uint64_t size)
{
	struct heap *heap = store->heap;
	struct space *space = &heap->space;
	uint64_t count = (size + SPACE_BLOCK - 1) / SPACE_BLOCK;
	heap->is_full = count > space->room && size <= store->limits.max_memory;
	if (count > space->room)
		return NULL;
	uint32_t first = heap_take_blocks(store, (uint32_t)count);
	if (first == SPACE_NONE)
		return NULL;
	space_clear(space, first, (uint32_t)count);
	for (uint32_t i = first; i < first + count; i++) {
		space->blocks[i].use = BLOCK_REST;
		space->blocks[i].is_dirty = true;
	}
	space->blocks[first].use = BLOCK_LARGE;
	space->blocks[first].is_marked = false;
	space->blocks[first].span = (uint32_t)count;
	heap->fresh_bytes += count * SPACE_BLOCK;
	return space_address(space, first);
}

static uint32_t heap_add_block(struct sv_store *store, unsigned class)
{
	uint32_t index = heap_take_blocks(store, 1);
	if (index == SPACE_NONE)
		return SPACE_NONE;
	struct space_block *block = &store->heap->space.blocks[index];
	block->use = BLOCK_SMALL;
	block->is_dirty = true;
	block->class = (uint8_t)class;
	block->cursor = 0;
	memset(block->maps[store->heap->side], 0, sizeof block->maps[0]);
	return index;
}

/* Offset of the next free cell, and beyond it; SPACE_BLOCK if there is none. */
static uint32_t block_take_cell(struct space_block *block, unsigned side, uint32_t size)
{
	const uint64_t *map = block->maps[side];
	for (uint32_t at = block->cursor; at <= SPACE_BLOCK - size; at += size) {
		uint32_t bit = at / SPACE_GRANULE;
		if (map[bit / 64] >> bit % 64 & 1)
			continue;
		block->cursor = at + size;
		return at;
	}
	block->cursor = SPACE_BLOCK;
	return SPACE_BLOCK;
}

static void *heap_take_cell(struct sv_store *store, unsigned class)
{
	struct heap *heap = store->heap;
	uint32_t size = class_sizes[class];
	for (;;) {
		uint32_t index = heap->current[class];
		if (index != SPACE_NONE) {
			uint32_t at = block_take_cell(&heap->space.blocks[index], heap->side, size);
			heap->fresh_bytes += at < SPACE_BLOCK ? size : 0;
			if (at < SPACE_BLOCK)
				return memset(space_address(&heap->space, index) + at, 0, size);
		}
		index = heap->waiting[class];
		if (index != SPACE_NONE)
			heap->waiting[class] = heap->space.blocks[index].next;
		else
			index = heap_add_block(store, class);
		heap->current[class] = index;
		if (index == SPACE_NONE)
			return NULL;
	}
}

static void *heap_take(struct sv_store *store, uint64_t size)
{
	if (size > largest_cell)
		return heap_take_large(store, size);
	return heap_take_cell(store, class_of(size));
}

static struct sv_object *heap_allocate(struct sv_store *store, const struct sv_type_info *type,
		uint64_t size)
{
	if (!store->heap && !heap_open(store, NULL))
		return NULL;
	struct heap *heap = store->heap;
	if (heap->fresh_bytes && heap->fresh_bytes + size > heap->pace && !collect(store))
		return NULL;
	struct sv_object *object = heap_take(store, size);
	if (!object && collect(store))
		object = heap_take(store, size);
	if (object)
		object->type = type;
	return object;
}

struct sv_object *heap_new_struct(struct sv_store *store, const struct defined_type *type)
{
	return heap_allocate(store, &type->info, type->object_size);
}

struct sv_object *heap_new_array(struct sv_store *store, const struct defined_type *type,
		uint32_t length)
{
	uint64_t size = SV_ARRAY_ELEMENTS + (uint64_t)length * type->object_size;
	struct sv_object *object = heap_allocate(store, &type->info, size);
	if (object)
		((struct sv_array_object *)object)->length = length;
	return object;
}

struct sv_object *heap_new_exception(struct sv_store *store, const struct defined_type *type,
		struct sv_tag *tag)
{
	struct sv_object *object = heap_allocate(store, &type->info, type->object_size);
	if (object)
		((struct sv_exception_object *)object)->tag = tag;
	return object;
}

void heap_trap(struct sv_store *store)
{
	char text[sizeof ((struct sv_trap_info *)0)->text];
	const struct heap *heap = store->heap;
	uint64_t limit = store->limits.max_memory;
	if (trap_pending(store))
		trap_leave_pending(store);
	if (limit < SPACE_BLOCK || (heap && !heap->is_full)) {
		atomic_store(&store->memory_limit_hit, true);
		snprintf(text, sizeof text, "%s: max_memory is %" PRIu64 " bytes",
				sv_trap_text(SV_TRAP_MEMORY_LIMIT), limit);
	} else {
		snprintf(text, sizeof text, "%s: no address space for another object among %" PRIu64
				" bytes", sv_trap_text(SV_TRAP_MEMORY_LIMIT),
				heap_numbers(store).taken_bytes);
	}
	trap_raise(store, SV_TRAP_MEMORY_LIMIT, text);
}

/* ---- boxes ---- */

struct box {
	struct sv_object head;
	void *payload;
};

static const struct sv_type_info *const no_types[SV_MAX_TYPE_DEPTH + 1 - SV_DISPLAY];

static const struct defined_type host_box = {
		.info = {.deep = no_types, .kind = HEAP_HOST_BOX},
		.object_size = sizeof(struct box),
};
static const struct defined_type i31_box = {
		.info = {.deep = no_types, .kind = HEAP_I31_BOX},
		.object_size = sizeof(struct box),
};

struct sv_object *heap_new_box(struct sv_store *store, enum heap_box kind, void *payload)
{
	const struct defined_type *type = kind == HEAP_HOST_BOX ? &host_box : &i31_box;
	struct sv_object *object = heap_new_struct(store, type);
	if (object)
		((struct box *)object)->payload = payload;
	return object;
}

enum heap_box heap_box_kind(const struct sv_object *object)
{
	if (object->type == &host_box.info)
		return HEAP_HOST_BOX;
	return object->type == &i31_box.info ? HEAP_I31_BOX : HEAP_NO_BOX;
}

void *heap_box_payload(const struct sv_object *box)
{
	return ((const struct box *)box)->payload;
}
