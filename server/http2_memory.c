/*
 * http2_memory.c: what sessions of nghttp2 keep in memory. Most of it is allocated to begin with:
 * room for one frame, which is empty whenever nothing is to be sent, and tables, which are nearly
 * empty when no stream is open. All that is on pages of its own, so that it can rest.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "server/http2.h"

/* What a session allocates at once that is larger than this is room for a frame. */
static const size_t large = 8192;

/* Whole pages for that of nghttp2 1.52, 16.4 KiB, and before it for the rest, 9.1 KiB. */
static const size_t room_size = 20480, begin_size = 12288;

static char *begin_at(const struct http2 *http2)
{
	return http2->rest.memory;
}

static bool is_of_begin(const struct http2 *http2, const void *memory)
{
	uintptr_t at = (uintptr_t)memory, begin = (uintptr_t)http2->rest.memory;
	return at >= begin && at - begin < begin_size + room_size;
}

/*
 * A piece of what the session begins with, each of which is given out once. NULL: it has begun, or
 * does not fit, and gets memory like any other.
 */
static void *begin_take(struct http2 *http2, size_t size)
{
	if (http2->session || !size)
		return NULL;
	if (size > large) {
		bool fits = !http2->has_room && size <= room_size;
		http2->has_room |= fits;
		return fits ? begin_at(http2) + begin_size : NULL;
	}
	if (size > begin_size - http2->begin_used)
		return NULL;
	void *taken = begin_at(http2) + http2->begin_used;
	http2->begin_used += (size + 15) & ~(size_t)15;
	return taken;
}

static void *memory_malloc(size_t size, void *data)
{
	void *taken = begin_take(data, size);
	return taken ? taken : malloc(size);
}

static void memory_free(void *memory, void *data)
{
	if (!is_of_begin(data, memory))
		free(memory);
}

static void *memory_calloc(size_t count, size_t size, void *data)
{
	void *taken = size && count <= large / size ? begin_take(data, count * size) : NULL;
	return taken ? taken : calloc(count, size); /* what is taken is zeroed */
}

static void *memory_realloc(void *memory, size_t size, void *data)
{
	const struct http2 *http2 = data;
	if (!memory)
		return memory_malloc(size, data);
	if (!is_of_begin(http2, memory))
		return realloc(memory, size);
	char *end = begin_at(http2) + begin_size + room_size;
	size_t most = (size_t)(end - (char *)memory);
	void *moved = malloc(size);
	/* How long it was is not known: what is behind it is copied too, and not looked at. */
	if (moved)
		memcpy(moved, memory, size < most ? size : most);
	return moved;
}

bool http2_memory_init(struct http2 *http2)
{
	http2->memory = (nghttp2_mem){http2, memory_malloc, memory_free, memory_calloc,
			memory_realloc};
	if (!rest_alloc(&http2->rest, begin_size + room_size))
		return false;
	memset(http2->rest.memory, 0, begin_size);
	http2->rest.size = begin_size; /* the room is given back as it is */
	return true;
}

void http2_memory_finish(struct http2 *http2)
{
	free(http2->rest.memory);
	http2->rest = (struct rest){0};
}

void http2_memory_rest(struct http2 *http2)
{
	/* A matter of memory only: if it fails, the pages stay. */
	if (!nghttp2_session_want_write(http2_session(http2)))
		(void)madvise(begin_at(http2) + begin_size, room_size, MADV_DONTNEED);
	rest_begin(&http2->rest);
}
