/*
 * type.h: function types of all artifacts and host functions of an engine, each known by
 * one id, so that compiled code compares types of different modules as numbers.
 * Ids begin at 1 and are never used again. Thread-safe.
 */
#ifndef SELVAGE_RUNTIME_TYPE_H
#define SELVAGE_RUNTIME_TYPE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/types.h"
#include "base/check.h"
#include "base/error.h"

/* Immutable while it has users. */
struct function_type {
	uint32_t id;
	uint32_t users; /* under the table's lock */
	uint16_t parameter_count, result_count;
	bool has_references; /* among parameters or results */
	uint64_t hash;
	struct function_type *next; /* in the same bucket */
	char letters[];             /* "ii:I" */
};

struct type_table {
	pthread_mutex_t lock;
	struct function_type **buckets; /* owned */
	size_t bucket_count;            /* power of two */
	size_t count;
	uint32_t last_id;
};

SV_MUST_USE bool type_table_init(struct type_table *table, struct sv_error *error);

/* All types must have been released. */
void type_table_finish(struct type_table *table);

/*
 * The type with these letters (parameters, colon, results), to be released once for each
 * call. NULL with `error` if a letter or the form is wrong, or there is no memory.
 */
struct function_type *type_table_intern(struct type_table *table, const char *letters,
		struct sv_error *error);

/* NULL is allowed. */
void type_table_release(struct type_table *table, struct function_type *type);

/* Letter of a value type, '?' if there is no such type. */
char type_letter(enum sv_type type);

#endif
