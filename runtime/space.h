/*
 * space.h: the address space of a store's heap: a reserved range, opened from its start as
 * needed and handed out in blocks, with what the heap notes of each. What is in a block is the
 * part of heap.c and collect.c.
 */
#ifndef SELVAGE_RUNTIME_SPACE_H
#define SELVAGE_RUNTIME_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"

#define SPACE_BLOCK UINT64_C(65536)
#define SPACE_NONE UINT32_MAX

/* Objects begin at multiples of this; one bit of a map for each. */
#define SPACE_GRANULE UINT64_C(16)
#define SPACE_MAP_WORDS (SPACE_BLOCK / SPACE_GRANULE / 64)

enum block_use {
	BLOCK_FREE = 0,
	BLOCK_SMALL, /* cells of one size */
	BLOCK_LARGE, /* first of the blocks of one object */
	BLOCK_REST,  /* the others */
};

struct space_block {
	uint8_t use;    /* enum block_use */
	bool is_dirty;  /* may hold other bytes than zeros; if not and free, takes no memory */
	bool is_marked; /* large */
	uint8_t class;  /* small: index of the cells' size */
	uint32_t cursor; /* small: all cells below this offset hold objects */
	uint32_t span;   /* large: blocks */
	uint32_t next;   /* small: in the list of its class, or SPACE_NONE */
	/* Small: bits of objects, at where they begin. One map is of the last collection, the
	 * other the next one's; see struct heap. */
	uint64_t maps[2][SPACE_MAP_WORDS];
};

struct space {
	uint8_t *base;              /* owned mapping; NULL: none */
	struct space_block *blocks; /* in the same mapping, behind the blocks */
	uint64_t *taken;            /* owned; a bit for each block that is not free */
	uint32_t room;              /* blocks there is address space for */
	uint32_t opened;            /* blocks that are accessible: the first ones */
	uint32_t low;               /* no free block is below */
	uint32_t used;              /* blocks that are not free */
};

/* Reserve room for so many blocks, not around `avoided`; false if the system refuses. */
SV_MUST_USE bool space_init(struct space *space, uint32_t room, const void *avoided);
void space_finish(struct space *space);

/*
 * Take `count` blocks in a row, whose `use` the caller sets. SPACE_NONE if there is no such
 * room, or the system refuses. Bytes of blocks that are not dirty are zero; the caller sets
 * is_dirty.
 */
uint32_t space_take(struct space *space, uint32_t count);

/* Give back blocks that were taken together. Their bytes stay until space_trim. */
void space_give(struct space *space, uint32_t first, uint32_t count);

/* Give the memory of free blocks back to the system, but for `kept` of them. */
void space_trim(struct space *space, uint32_t kept);

/* Make the bytes of blocks zero. */
void space_clear(struct space *space, uint32_t first, uint32_t count);

/* All blocks are free and all bytes zero again. False if the system refuses. */
SV_MUST_USE bool space_reset(struct space *space);

static inline uint8_t *space_address(const struct space *space, uint32_t block)
{
	return space->base + block * SPACE_BLOCK;
}

/* True if the address is in a block that may hold objects. */
static inline bool space_holds(const struct space *space, const void *address)
{
	return (uintptr_t)address - (uintptr_t)space->base < space->opened * SPACE_BLOCK;
}

/* True if the address is in the range, which nothing else is. */
static inline bool space_reserves(const struct space *space, const void *address)
{
	return (uintptr_t)address - (uintptr_t)space->base < space->room * SPACE_BLOCK;
}

/* True for the addresses that some range could have: what an i31 says is none of them. */
static inline bool space_may_reserve(const void *address)
{
	return (uintptr_t)address > UINT32_MAX && (uintptr_t)address >> 47 == 0;
}

static inline uint64_t space_offset(const struct space *space, const void *address)
{
	return (uint64_t)((const uint8_t *)address - space->base);
}

#endif
