/*
 * arena.h: memory with one lifetime. Everything taken from an arena is released
 * together by arena_finish or arena_reset; there is no single free. Used for the
 * two lifetimes of the compiler (module, function) and the request in the server.
 * Not thread-safe: one arena, one thread at a time.
 */
#ifndef SELVAGE_BASE_ARENA_H
#define SELVAGE_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *block; /* owned; newest first */
	size_t limit;              /* bytes this arena may hold; 0: no limit */
	size_t held;               /* bytes taken from the system so far */
};

/* An arena of at most `limit` bytes (0: as much as the process gets). Takes nothing yet. */
void arena_init(struct arena *arena, size_t limit);

/*
 * `count` zeroed objects of `size` bytes, aligned for any type. NULL when the
 * limit is reached, when the product overflows or when the system has no memory.
 * A count or size of 0 gives a valid pointer to nothing.
 */
void *arena_new(struct arena *arena, size_t count, size_t size);

/* A NUL-terminated copy of `length` bytes; NULL as above. */
char *arena_copy(struct arena *arena, const void *bytes, size_t length);

/* Release everything but keep one block for reuse. */
void arena_reset(struct arena *arena);

/* Release everything. The arena may be used again. */
void arena_finish(struct arena *arena);

#endif
