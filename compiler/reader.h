/*
 * reader.h: a cursor over bytes of a module that never leaves them. Knows the encodings of
 * numbers and names (Core 2.0, 5.2) and reports each fault with its place in the file.
 */
#ifndef SELVAGE_COMPILER_READER_H
#define SELVAGE_COMPILER_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

struct module;

struct reader {
	const uint8_t *at, *end; /* next byte, end of what may be read */
	const uint8_t *start;    /* of the file; positions count from here */
	uint64_t features;       /* bits of enum sv_feature that the input may use */
	struct sv_error *error;  /* borrowed; takes the fault */
	const struct module *module; /* whose types may be named */
};

static inline uint64_t reader_offset(const struct reader *reader)
{
	return (uint64_t)(reader->at - reader->start);
}

static inline size_t reader_left(const struct reader *reader)
{
	return (size_t)(reader->end - reader->at);
}

/* Report MALFORMED at the cursor; always false. */
bool reader_fail(struct reader *reader, const char *format, ...) SV_PRINTF(2, 3);

SV_MUST_USE bool reader_byte(struct reader *reader, uint8_t *value);

/* LEB128 of at most ceil(n/7) bytes whose unused bits agree with the value. */
SV_MUST_USE bool reader_u32(struct reader *reader, uint32_t *value);
SV_MUST_USE bool reader_u64(struct reader *reader, uint64_t *value);
SV_MUST_USE bool reader_s32(struct reader *reader, int32_t *value);
SV_MUST_USE bool reader_s33(struct reader *reader, int64_t *value);
SV_MUST_USE bool reader_s64(struct reader *reader, int64_t *value);

/* Little-endian. */
SV_MUST_USE bool reader_fixed32(struct reader *reader, uint32_t *value);
SV_MUST_USE bool reader_fixed64(struct reader *reader, uint64_t *value);

/* A view of the next `length` bytes. */
SV_MUST_USE bool reader_bytes(struct reader *reader, uint32_t length, struct sv_bytes *bytes);

/* A length and that many bytes, which must be UTF-8. */
SV_MUST_USE bool reader_name(struct reader *reader, struct sv_bytes *name);

/* What a vector may hold, and what its elements are called in messages. */
struct vector_rule {
	const char *noun;       /* "types" */
	const char *limit_name; /* "SV_MAX_TYPES", or NULL: no limit but the bytes */
	uint32_t limit;
	uint32_t least_bytes;   /* of one element */
};

/* The count of a vector; one that the bytes behind it cannot hold is refused here. */
SV_MUST_USE bool reader_count(struct reader *reader, const struct vector_rule *rule,
		uint32_t *count);

/* True if all bytes are well-formed UTF-8 (Core 2.0, 5.2.4: no surrogates, shortest form). */
bool utf8_is_valid(struct sv_bytes text);

#endif
