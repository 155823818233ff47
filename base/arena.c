/*
 * arena.c: a list of blocks with a bump pointer in the newest.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
	struct arena_block *next;
	size_t size; /* bytes of payload */
	size_t used;
	alignas(max_align_t) unsigned char payload[];
};

/* Large enough that a block header and malloc's rounding do not matter. */
static const size_t block_size = 64 * 1024;

void arena_init(struct arena *arena, size_t limit)
{
	*arena = (struct arena){.limit = limit};
}

static struct arena_block *arena_grow(struct arena *arena, size_t bytes)
{
	size_t size = bytes > block_size ? bytes : block_size;
	if (arena->limit && (size > arena->limit || arena->held > arena->limit - size))
		return NULL;
	struct arena_block *block = malloc(sizeof *block + size);
	if (!block)
		return NULL;
	*block = (struct arena_block){.next = arena->block, .size = size};
	arena->block = block;
	arena->held += size;
	return block;
}

void *arena_new(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;
	const size_t step = alignof(max_align_t);
	if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
		return NULL;
	bytes = (bytes + step - 1) / step * step;
	struct arena_block *block = arena->block;
	if (!block || block->size - block->used < bytes)
		block = arena_grow(arena, bytes);
	if (!block)
		return NULL;
	void *memory = block->payload + block->used;
	block->used += bytes;
	return memset(memory, 0, bytes);
}

char *arena_copy(struct arena *arena, const void *bytes, size_t length)
{
	if (length == SIZE_MAX)
		return NULL;
	char *copy = arena_new(arena, 1, length + 1);
	if (copy && length)
		memcpy(copy, bytes, length);
	return copy;
}

static void arena_release(struct arena *arena, struct arena_block *until)
{
	while (arena->block != until) {
		struct arena_block *block = arena->block;
		arena->block = block->next;
		arena->held -= block->size;
		free(block);
	}
}

void arena_reset(struct arena *arena)
{
	struct arena_block *first = arena->block;
	while (first && first->next)
		first = first->next;
	arena_release(arena, first);
	if (first)
		first->used = 0;
}

void arena_finish(struct arena *arena)
{
	arena_release(arena, NULL);
}
