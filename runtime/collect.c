/*
 * collect.c: mark and sweep. Marking uses memory of its own that is bounded by a part of the
 * heap's; what finds no place there is found again by looking through the marked objects.
 * Sweeping looks at the maps of blocks, not at objects.
 */
#include "runtime/collect.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/heap.h"
#include "runtime/roots.h"
#include "runtime/store.h"

/*
 * Bytes allocated between collections are as many as were looked at: live objects and roots;
 * but at least these.
 */
static const uint64_t least_pace = 1024 * 1024;

/* Test builds: a part of that, so that small heaps are collected at every allocation. */
static const uint64_t hardened_part = 8;

/* Free blocks that keep their memory: a part of those in use, within these bounds. */
static const uint32_t kept_part = 4, kept_least = 16, kept_most = 256;

/*
 * Objects waiting to be looked into take at most an eighth of the heap's bytes. Those of which
 * more than so many can wait have at least two references: twice the heap's bytes in all.
 */
static const uint64_t waiting_part = 64;
static const size_t waiting_least = 4096;

/* References between two looks at whether the guest should end: about a millisecond. */
static const uint32_t patience = 200000;

/* No address and no i31: what reads a dead object does not get far. */
enum { POISON = 0xa4 };

struct marking {
	struct sv_store *store;
	struct heap *heap;
	unsigned side; /* maps[side] take the marks */
	struct sv_object **waiting; /* owned: marked, not yet looked into */
	size_t count, room, most;
	bool is_short; /* a marked object found no place there */
	bool is_over;  /* the guest should end */
	uint32_t left; /* references until the next look */
	uint64_t roots;
};

static void collect_set_pace(struct heap *heap, uint64_t looked_at)
{
	heap->pace = looked_at < least_pace ? least_pace : looked_at;
	if (heap->is_hardened)
		heap->pace = looked_at / hardened_part;
}

void collect_begin(struct heap *heap)
{
	heap->live_bytes = heap->fresh_bytes = 0;
	collect_set_pace(heap, 0);
	for (unsigned i = 0; i < HEAP_CLASSES; i++)
		heap->current[i] = heap->waiting[i] = SPACE_NONE;
}

/* ---- mark ---- */

static bool marking_grow(struct marking *marking)
{
	size_t room = marking->room ? marking->room * 2 : waiting_least;
	room = room < marking->most ? room : marking->most;
	if (room <= marking->room)
		return false;
	struct sv_object **waiting = realloc(marking->waiting, room * sizeof(struct sv_object *));
	if (!waiting)
		return false;
	marking->waiting = waiting;
	marking->room = room;
	return true;
}

/* Set the mark of the object at `offset`; true if it had none. */
static bool marking_set(struct marking *marking, uint64_t offset)
{
	struct space_block *block = &marking->heap->space.blocks[offset / SPACE_BLOCK];
	if (block->use != BLOCK_SMALL) {
		bool was_marked = block->is_marked;
		check(block->use == BLOCK_LARGE);
		block->is_marked = true;
		return !was_marked;
	}
	uint64_t bit = offset % SPACE_BLOCK / SPACE_GRANULE;
	uint64_t *word = &block->maps[marking->side][bit / 64], mask = UINT64_C(1) << bit % 64;
	bool was_marked = *word & mask;
	*word |= mask;
	return !was_marked;
}

/* Should the guest end? */
static void marking_look(struct marking *marking)
{
	const struct sv_store *store = marking->store;
	marking->left = patience;
	/* Outside of calls it may be left over from the last. */
	marking->is_over = store->activation &&
			atomic_load_explicit(&store->state.pending, memory_order_relaxed);
}

static void marking_visit(void *data, void *reference)
{
	struct marking *marking = data;
	struct sv_object *object = reference;
	if (--marking->left == 0)
		marking_look(marking);
	if (!space_holds(&marking->heap->space, reference))
		return;
	if (!heap_holds(marking->store, reference)) {
		/* Some number that the host uses as externref; in tests, a root that was missed. */
		check(!marking->heap->is_hardened);
		return;
	}
	if (!marking_set(marking, space_offset(&marking->heap->space, reference)))
		return;
	if (((const struct defined_type *)object->type)->traced_count == 0)
		return;
	if (marking->count < marking->room || marking_grow(marking))
		marking->waiting[marking->count++] = object;
	else
		marking->is_short = true;
}

static void marking_visit_elements(struct marking *marking, const struct sv_array_object *array)
{
	void *const *elements = (void *const *)((const char *)array + SV_ARRAY_ELEMENTS);
	for (uint32_t i = 0; i < array->length && !marking->is_over; i++)
		marking_visit(marking, elements[i]);
}

static void marking_visit_fields(struct marking *marking, const struct sv_object *object)
{
	const struct defined_type *type = (const struct defined_type *)object->type;
	if (type->info.kind == SV_KIND_ARRAY) {
		if (type->traced_count)
			marking_visit_elements(marking, (const struct sv_array_object *)object);
		return;
	}
	void *const *words = (void *const *)object;
	for (uint32_t i = 0; i < type->traced_count; i++)
		marking_visit(marking, words[type->traced[i]]);
}

static void marking_empty(struct marking *marking)
{
	while (marking->count && !marking->is_over)
		marking_visit_fields(marking, marking->waiting[--marking->count]);
}

/* Look into every marked object of a block again. */
static void marking_revisit(struct marking *marking, uint32_t index)
{
	const struct space *space = &marking->heap->space;
	const struct space_block *block = &space->blocks[index];
	const uint8_t *base = space_address(space, index);
	if (block->use == BLOCK_LARGE && block->is_marked) {
		marking_visit_fields(marking, (const struct sv_object *)base);
		marking_empty(marking);
	}
	for (uint32_t i = 0; block->use == BLOCK_SMALL && i < SPACE_MAP_WORDS; i++) {
		for (uint64_t word = block->maps[marking->side][i]; word; word &= word - 1) {
			uint64_t bit = i * UINT64_C(64) + (uint64_t)__builtin_ctzll(word);
			const uint8_t *object = base + bit * SPACE_GRANULE;
			marking_visit_fields(marking, (const struct sv_object *)object);
			marking_empty(marking);
		}
	}
}

static void marking_clear(struct marking *marking)
{
	struct space *space = &marking->heap->space;
	for (uint32_t i = 0; i < space->opened; i++) {
		struct space_block *block = &space->blocks[i];
		block->is_marked = false;
		if (block->use == BLOCK_SMALL)
			memset(block->maps[marking->side], 0, sizeof block->maps[0]);
	}
}

/* False if it was given up. */
static bool marking_run(struct marking *marking)
{
	marking_clear(marking);
	marking->roots = roots_visit(marking->store, marking_visit, marking);
	marking_empty(marking);
	while (marking->is_short && !marking->is_over) {
		marking->is_short = false;
		marking->heap->revisits++;
		for (uint32_t i = 0; i < marking->heap->space.opened && !marking->is_over; i++)
			marking_revisit(marking, i);
	}
	return !marking->is_over;
}

/* ---- sweep ---- */

static void sweep_poison(const struct space *space, uint32_t index, const uint64_t *map)
{
	const struct space_block *block = &space->blocks[index];
	uint32_t size = heap_class_size(block->class);
	for (uint32_t at = 0; at <= SPACE_BLOCK - size; at += size) {
		uint32_t bit = at / SPACE_GRANULE;
		if (!(map[bit / 64] >> bit % 64 & 1))
			memset(space_address(space, index) + at, POISON, size);
	}
}

/* A block of cells: how many are live, of which the map tells. */
static uint32_t sweep_cells(struct heap *heap, uint32_t index)
{
	struct space_block *block = &heap->space.blocks[index];
	const uint64_t *map = block->maps[heap->side];
	uint32_t size = heap_class_size(block->class), live = 0;
	for (uint32_t i = 0; i < SPACE_MAP_WORDS; i++)
		live += (uint32_t)__builtin_popcountll(map[i]);
	if (heap->is_hardened)
		sweep_poison(&heap->space, index, map);
	heap->live_bytes += (uint64_t)live * size;
	block->cursor = 0;
	if (live && live < SPACE_BLOCK / size) {
		block->next = heap->waiting[block->class];
		heap->waiting[block->class] = index;
	}
	return live;
}

static bool sweep_large(struct heap *heap, uint32_t index)
{
	const struct space_block *block = &heap->space.blocks[index];
	uint64_t bytes = block->span * SPACE_BLOCK;
	if (block->is_marked)
		heap->live_bytes += bytes;
	else if (heap->is_hardened)
		memset(space_address(&heap->space, index), POISON, bytes);
	return block->is_marked;
}

static void sweep(struct sv_store *store)
{
	struct heap *heap = store->heap;
	struct space *space = &heap->space;
	uint32_t before = space->used;
	/* From the end: lists begin with low addresses, so that high blocks become free. */
	for (uint32_t i = space->opened; i-- > 0;) {
		enum block_use use = (enum block_use)space->blocks[i].use;
		if (use == BLOCK_SMALL && !sweep_cells(heap, i))
			space_give(space, i, 1);
		if (use == BLOCK_LARGE && !sweep_large(heap, i))
			space_give(space, i, space->blocks[i].span);
	}
	store_give_memory(store, (before - space->used) * SPACE_BLOCK);
	uint32_t kept = space->used / kept_part;
	kept = kept < kept_least ? kept_least : kept;
	space_trim(space, kept < kept_most ? kept : kept_most);
}

bool collect(struct sv_store *store)
{
	struct heap *heap = store->heap;
	if (!heap)
		return true;
	struct marking marking = {.store = store, .heap = heap, .side = heap->side ^ 1,
			.left = patience};
	uint64_t most = heap->space.used * SPACE_BLOCK / waiting_part;
	marking.most = most > waiting_least ? most : waiting_least;
	bool is_done = marking_run(&marking);
	free(marking.waiting);
	if (!is_done)
		return false;
	heap->side ^= 1;
	collect_begin(heap);
	sweep(store);
	collect_set_pace(heap, heap->live_bytes + marking.roots * sizeof(void *));
	heap->collections++;
	return true;
}
