/*
 * space.c: reserve, open and hand out the blocks of a heap. First fit: low addresses fill up,
 * high ones become free in long runs.
 */
#include "runtime/space.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/limits.h"

/* Blocks opened at least at once: system calls are few, and small heaps stay small. */
static const uint32_t open_least = 16;

/* From so many blocks on, fresh pages of the system cost less than clearing. */
static const uint32_t clear_most = 16;

static size_t page_round(size_t bytes)
{
	return (bytes + SV_HOST_PAGE - 1) & ~(size_t)(SV_HOST_PAGE - 1);
}

/* Bytes of the whole mapping; a closed page is between the blocks and what is noted of them. */
static size_t space_extent(uint32_t room)
{
	return room * SPACE_BLOCK + SV_HOST_PAGE + page_round(room * sizeof(struct space_block));
}

static uint8_t *space_map(size_t extent)
{
	return mmap(NULL, extent, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

/* The second mapping is elsewhere, since it is made while the first one is there. */
static uint8_t *space_map_beside(size_t extent, const void *avoided)
{
	uint8_t *mapping = space_map(extent);
	if (mapping == MAP_FAILED || (uintptr_t)avoided - (uintptr_t)mapping >= extent)
		return mapping;
	uint8_t *other = space_map(extent);
	munmap(mapping, extent);
	return other;
}

bool space_init(struct space *space, uint32_t room, const void *avoided)
{
	*space = (struct space){.room = room};
	space->taken = calloc((room + 63) / 64 + 1, sizeof *space->taken);
	uint8_t *mapping = MAP_FAILED;
	if (space->taken)
		mapping = space_map_beside(space_extent(room), avoided);
	if (mapping == MAP_FAILED) {
		free(space->taken);
		*space = (struct space){0};
		return false;
	}
	check(space_may_reserve(mapping) && space_may_reserve(mapping + space_extent(room)));
	space->base = mapping;
	space->blocks = (struct space_block *)(mapping + room * SPACE_BLOCK + SV_HOST_PAGE);
	return true;
}

void space_finish(struct space *space)
{
	if (space->base)
		munmap(space->base, space_extent(space->room));
	free(space->taken);
	*space = (struct space){0};
}

/* First block from `block` on, below `end`, that is taken (or free); `end` if there is none. */
static uint32_t space_seek(const struct space *space, uint32_t block, uint32_t end, bool taken)
{
	while (block < end) {
		uint64_t word = space->taken[block / 64];
		word = (taken ? word : ~word) >> block % 64;
		if (word) {
			block += (uint32_t)__builtin_ctzll(word);
			return block < end ? block : end;
		}
		block = (block / 64 + 1) * 64;
	}
	return end;
}

/* Where `count` free blocks begin, opened or not; SPACE_NONE if nowhere. */
static uint32_t space_find(struct space *space, uint32_t count)
{
	uint32_t first = space_seek(space, space->low, space->room, false);
	space->low = first;
	while (first < space->room && count <= space->room - first) {
		uint32_t end = space_seek(space, first, first + count, true);
		if (end == first + count)
			return first;
		first = space_seek(space, end, space->room, false);
	}
	return SPACE_NONE;
}

static bool space_allow(void *start, size_t from, size_t to)
{
	return from == to ||
			mprotect((uint8_t *)start + from, to - from, PROT_READ | PROT_WRITE) == 0;
}

/* Make the blocks below `end` accessible. */
static bool space_open(struct space *space, uint32_t end)
{
	if (end <= space->opened)
		return true;
	uint32_t goal = space->opened + space->opened / 4 + open_least;
	goal = goal > space->room ? space->room : goal;
	goal = goal < end ? end : goal;
	if (!space_allow(space->blocks, page_round(space->opened * sizeof(struct space_block)),
			page_round(goal * sizeof(struct space_block))) ||
			!space_allow(space->base, space->opened * SPACE_BLOCK, goal * SPACE_BLOCK))
		return false;
	space->opened = goal;
	return true;
}

uint32_t space_take(struct space *space, uint32_t count)
{
	uint32_t first = space_find(space, count);
	if (first == SPACE_NONE || !space_open(space, first + count))
		return SPACE_NONE;
	for (uint32_t i = first; i < first + count; i++)
		space->taken[i / 64] |= UINT64_C(1) << i % 64;
	space->used += count;
	return first;
}

void space_give(struct space *space, uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++) {
		space->taken[i / 64] &= ~(UINT64_C(1) << i % 64);
		space->blocks[i].use = BLOCK_FREE;
	}
	space->used -= count;
	space->low = first < space->low ? first : space->low;
}

/* Fresh pages for [first, end); true if the bytes are zero now. */
static bool space_drop(struct space *space, uint32_t first, uint32_t end)
{
	if (first == end)
		return true;
	if (madvise(space_address(space, first), (end - first) * SPACE_BLOCK, MADV_DONTNEED) != 0)
		return false;
	for (uint32_t i = first; i < end; i++)
		space->blocks[i].is_dirty = false;
	return true;
}

void space_trim(struct space *space, uint32_t kept)
{
	uint32_t first = space->low;
	while (first < space->opened) {
		uint32_t end = first;
		first = space_seek(space, end, space->opened, false);
		end = space_seek(space, first, space->opened, true);
		while (first < end && (kept || !space->blocks[first].is_dirty))
			kept -= space->blocks[first++].is_dirty;
		/* Should the system refuse, they stay dirty: only memory use is at stake. */
		space_drop(space, first, end);
		first = end;
	}
}

static uint32_t space_count_dirty(const struct space *space, uint32_t first, uint32_t end)
{
	uint32_t dirty = 0;
	for (uint32_t i = first; i < end; i++)
		dirty += space->blocks[i].is_dirty;
	return dirty;
}

void space_clear(struct space *space, uint32_t first, uint32_t count)
{
	uint32_t end = first + count;
	if (space_count_dirty(space, first, end) > clear_most && space_drop(space, first, end))
		return;
	for (uint32_t i = first; i < end; i++) {
		if (space->blocks[i].is_dirty)
			memset(space_address(space, i), 0, SPACE_BLOCK);
		space->blocks[i].is_dirty = false;
	}
}

bool space_reset(struct space *space)
{
	uint32_t opened = space->opened;
	size_t notes = page_round(opened * sizeof(struct space_block));
	if (opened == 0)
		return true;
	if (madvise(space->base, opened * SPACE_BLOCK, MADV_DONTNEED) != 0 ||
			madvise(space->blocks, notes, MADV_DONTNEED) != 0)
		return false;
	memset(space->taken, 0, (space->room + 63) / 64 * sizeof *space->taken);
	space->low = space->used = 0;
	return true;
}
