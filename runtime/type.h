/*
 * type.h: the defined types of all artifacts and host functions of an engine. Equal types of
 * different modules (Core 3.0, 3.3.2: recursive groups, taken as a whole) are one record, so
 * that compiled code compares types as pointers. Thread-safe.
 */
#ifndef SELVAGE_RUNTIME_TYPE_H
#define SELVAGE_RUNTIME_TYPE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/artifact.h"
#include "abi/layout.h"
#include "abi/types.h"
#include "base/check.h"
#include "base/error.h"

struct defined_type;

/*
 * Does code that can reach a table or global look for exceptions behind its calls? Only code
 * that agrees in this may share what functions can be passed through.
 */
enum propagation {
	PROPAGATION_OPEN = 0, /* made by the host, used by no instance yet */
	PROPAGATION_NO,
	PROPAGATION_YES,
};

/* A value type; of a defined heap type, which stands beside it, `type` has SV_HEAP_DEFINED. */
struct value_type {
	enum sv_type type;
	bool mutable;		       /* fields */
	const struct defined_type *defined; /* or NULL */
};

/* Immutable while its group has users. */
struct defined_type {
	struct sv_type_info info; /* first: what compiled code knows */
	struct type_group *group;
	const struct defined_type *supertype;
	bool is_final;
	bool has_references; /* among parameters or results */
	uint16_t parameter_count, result_count;
	uint16_t field_count;
	/*
	 * Bytes of an object: of a struct, or of an exception with these parameters; of arrays
	 * those of an element. Traced are references outside the function hierarchy: words of
	 * the object that hold such, in order; of arrays the count is 1 if the elements do.
	 */
	uint32_t object_size;
	uint16_t traced_count;
	const uint16_t *traced;
	const struct value_type *values; /* parameters, then results; or fields */
	const char *letters;             /* functions: "ii:I" */
};

/* Of `values`. */
uint32_t type_value_count(const struct defined_type *type);

/* True for references outside the function hierarchy: they may be to objects of the heap. */
bool value_type_is_traced(const struct value_type *type);

/* Types that were declared together. */
struct type_group {
	uint64_t hash;
	uint32_t users; /* under the table's lock */
	uint32_t count;
	struct type_group *next;   /* in the same bucket */
	struct value_type *values; /* behind the types, as are the next two */
	uint16_t *traced;
	char *letters;
	const struct sv_type_info **deep; /* owned; NULL: no type needs it */
	struct defined_type types[];
};

struct type_table {
	pthread_mutex_t lock;
	struct type_group **buckets; /* owned */
	size_t bucket_count;         /* power of two */
	size_t count;
};

SV_MUST_USE bool type_table_init(struct type_table *table, struct sv_error *error);

/* All types must have been released. */
void type_table_finish(struct type_table *table);

/*
 * The function type with these letters (parameters, colon, results), to be released once for
 * each call. NULL with `error` if a letter or the form is wrong, or there is no memory.
 */
const struct defined_type *type_table_intern(struct type_table *table, const char *letters,
		struct sv_error *error);

/* Records of one recursive group of an artifact, and the types before it. */
struct type_source {
	const struct sv_type_record *records; /* all of the artifact */
	const uint32_t *codes;
	uint32_t first, count;
	const struct defined_type *const *before; /* by index, below `first` */
};

/* The group of these records, to be released once for each call. NULL with `error`. */
struct type_group *type_table_intern_group(struct type_table *table,
		const struct type_source *source, struct sv_error *error);

/* One use more of a type that is in use; the type itself. */
const struct defined_type *type_table_use(struct type_table *table,
		const struct defined_type *type);

/* NULL is allowed. */
void type_table_release(struct type_table *table, const struct defined_type *type);

/* True if `type` is `above` or declared below it. */
bool defined_type_matches(const struct defined_type *type, const struct defined_type *above);

/* True if a value of `type` may stand where `above` is expected (Core 3.0, 3.3). */
bool value_type_matches(const struct value_type *type, const struct value_type *above);

/* The value type of a code in an artifact's records. */
struct value_type value_type_of(enum sv_type code, const struct defined_type *const *types);

#endif
