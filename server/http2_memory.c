/*
 * http2_memory.c: what sessions of nghttp2 keep in memory. Nearly half of it is room for one
 * frame, which is empty whenever nothing is to be sent: it is on pages of its own, which an idle
 * connection gives back to the system.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/http2.h"

/* What a session allocates at once that is larger than this is room for a frame. */
static const size_t large = 8192;

static void *room_new(struct http2 *http2, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t whole = (size + page - 1) & ~(page - 1);
	http2->frame_room = aligned_alloc(page, whole);
	http2->frame_room_size = whole;
	return http2->frame_room;
}

static void *memory_malloc(size_t size, void *data)
{
	struct http2 *http2 = data;
	/* Others are needed for long heads, and gone with them. */
	if (size <= large || http2->frame_room)
		return malloc(size);
	return room_new(http2, size);
}

static void memory_free(void *memory, void *data)
{
	struct http2 *http2 = data;
	if (memory && memory == http2->frame_room)
		http2->frame_room = NULL;
	free(memory);
}

static void *memory_calloc(size_t count, size_t size, void *data)
{
	(void)data;
	return calloc(count, size);
}

/* It may move: then it is memory like any other. */
static void *memory_realloc(void *memory, size_t size, void *data)
{
	struct http2 *http2 = data;
	if (!memory)
		return memory_malloc(size, data);
	if (memory == http2->frame_room)
		http2->frame_room = NULL;
	return realloc(memory, size);
}

void http2_memory_init(struct http2 *http2)
{
	http2->memory = (nghttp2_mem){http2, memory_malloc, memory_free, memory_calloc,
			memory_realloc};
}

void http2_memory_rest(struct http2 *http2)
{
	bool is_empty = http2->frame_room && !nghttp2_session_want_write(http2->session);
	/* A matter of memory only: if it fails, the pages stay. */
	if (is_empty)
		(void)madvise(http2->frame_room, http2->frame_room_size, MADV_DONTNEED);
}
