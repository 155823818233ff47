/*
 * rest.h: memory of connections that are idle. What libraries keep for one is mostly zeros: it is
 * packed until it is needed, and its pages go back to the system meanwhile.
 */
#ifndef SELVAGE_SERVER_REST_H
#define SELVAGE_SERVER_REST_H

#include <stddef.h>
#include <stdint.h>

/* A piece of memory that can rest. Zeroed: there is none. */
struct rest {
	void *memory;    /* borrowed, on pages of its own; nobody looks into it while it rests */
	size_t size;     /* whole pages, at most REST_MOST */
	uint8_t *packed; /* owned; NULL: it is awake */
	size_t packed_size;
};

#define REST_MOST ((size_t)UINT16_MAX * sizeof(uint64_t))

/* Pages for `size` bytes, to be freed; `rest` is told of them. NULL: no memory. */
void *rest_alloc(struct rest *rest, size_t size);

/* Let it rest, if there is memory for what is packed and it is less. It may rest already. */
void rest_begin(struct rest *rest);

/* It is to be used: everything in it is as it was. */
void rest_end(struct rest *rest);

static inline void rest_wake(struct rest *rest)
{
	if (rest->packed)
		rest_end(rest);
}

#endif
