/*
 * bytes.h: a view of bytes somebody else owns, and a growable buffer.
 */
#ifndef SELVAGE_BASE_BYTES_H
#define SELVAGE_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A view: borrowed, immutable, lives while its owner does. */
struct sv_bytes {
	const uint8_t *data;
	size_t length;
};

/* What is between spaces and tabs at both ends: HTTP's optional white space (RFC 9110, 5.6.3). */
struct sv_bytes bytes_trim(struct sv_bytes text);

/* A growable buffer on the heap. All zero is a valid empty buffer without limit. */
struct buffer {
	uint8_t *data; /* owned */
	size_t length;
	size_t capacity;
	size_t limit; /* most bytes it may hold; 0: no limit */
};

/* Room for `more` bytes behind the end, or false with LIMIT or NO_MEMORY in `error`. */
SV_MUST_USE bool buffer_reserve(struct buffer *buffer, size_t more, struct sv_error *error);

/* Append bytes, or leave the buffer as it was and return false. */
SV_MUST_USE bool buffer_append(struct buffer *buffer, const void *data, size_t length,
		struct sv_error *error);

/* Append formatted text without its NUL. */
SV_MUST_USE bool buffer_printf(struct buffer *buffer, struct sv_error *error, const char *format,
		...) SV_PRINTF(3, 4);

/* Drop the first `length` bytes (all of them if there are fewer). */
void buffer_consume(struct buffer *buffer, size_t length);

/* Release the memory; the buffer is empty and keeps its limit. */
void buffer_finish(struct buffer *buffer);

/* The same for one that held a secret, which is overwritten. */
void buffer_wipe(struct buffer *buffer);

/* A view of what the buffer holds; valid until it is changed. */
struct sv_bytes buffer_view(const struct buffer *buffer);

#ifdef __cplusplus
}
#endif

#endif
