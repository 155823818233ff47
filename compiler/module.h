/*
 * module.h: a decoded module. Made by module_read, checked by module_validate, immutable
 * from then on. All of it lives in the module's arena; byte views point into the input,
 * which must outlive the module.
 */
#ifndef SELVAGE_COMPILER_MODULE_H
#define SELVAGE_COMPILER_MODULE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/artifact.h"
#include "abi/types.h"
#include "base/arena.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

struct function_type {
	const enum sv_type *parameters;
	const enum sv_type *results;
	uint32_t parameter_count;
	uint32_t result_count;
};

struct field_type {
	enum sv_type type; /* SV_TYPE_I8 and SV_TYPE_I16 too */
	uint32_t place;    /* in the object; see abi/object.h. An array's: of its elements */
	bool mutable;
};

/* True if a field of a new object may be left zero. */
static inline bool field_has_default(const struct field_type *field)
{
	return !sv_type_is_reference(field->type) || sv_type_is_nullable(field->type);
}

/*
 * A type of the module. Types that are equal (Core 3.0, 3.3.2) have the same canonical index,
 * the least of them, and every reference in the module names types by canonical index, so
 * that equality of value types is equality of numbers.
 */
struct defined_type {
	enum sv_type_kind kind;
	bool is_final;
	uint32_t supertype;   /* index as read, or SV_NO_INDEX */
	uint32_t group_first; /* the recursive group it was declared in */
	uint32_t group_size;
	uint32_t canonical;
	uint32_t depth; /* number of super-types */
	uint64_t offset;
	struct function_type function;
	const struct field_type *fields; /* structs; arrays: one */
	uint32_t field_count;
	uint32_t first_without_default; /* field; field_count if all have a default value */
};

struct limits {
	uint64_t minimum; /* pages or entries */
	uint64_t maximum;
	bool has_maximum;
	bool is_64;         /* addresses or indices are i64 */
	bool is_shared;     /* memories */
	uint32_t page_log2; /* memories; below 64, of use from validation on */
};

static inline struct sv_limits_record limits_record(const struct limits *limits)
{
	return (struct sv_limits_record){
			.minimum = limits->minimum,
			.maximum = limits->has_maximum ? limits->maximum : 0,
			.has_maximum = limits->has_maximum,
			.is_64 = limits->is_64,
			.is_shared = limits->is_shared,
			.page_log2 = (uint8_t)limits->page_log2,
	};
}

/* Type of addresses of such a memory, of indices of such a table. */
static inline enum sv_type limits_index_type(const struct limits *limits)
{
	return limits->is_64 ? SV_TYPE_I64 : SV_TYPE_I32;
}

/* Index spaces hold imports first, then the module's own. */

struct import {
	struct sv_bytes module;
	struct sv_bytes name;
	enum sv_extern_kind kind;
	uint32_t index;  /* in the index space of its kind */
	uint64_t offset; /* of the entry in the file, for messages */
};

struct export {
	struct sv_bytes name;
	enum sv_extern_kind kind;
	uint32_t index;
	uint64_t offset;
};

struct function {
	uint32_t type;        /* index into types */
	uint32_t reference;   /* number among functions that can be referred to, or SV_NO_INDEX */
	struct sv_bytes name; /* from the name section, else the first export; may be empty */
	struct sv_bytes body; /* own functions: locals and operators up to and with the last end */
	uint64_t offset;      /* of the body (own) or of the import entry in the file */
};

/*
 * A constant expression. One of a single operator that the records of an artifact can hold
 * has that in `value`; any other has kind SV_CONSTANT_CODE there and is compiled: value.value
 * is its number among all such. value.type is what the context expects.
 */
struct constant {
	struct sv_constant value;
	struct sv_bytes code; /* operators up to and with the last end; empty: an item that is a
	                         function index */
	uint64_t offset; /* of the expression */
};

struct table {
	enum sv_type element;
	struct limits limits;
	bool has_initial;
	struct constant initial; /* of all entries, if there is one */
	uint64_t offset;
};

struct memory {
	struct limits limits;
	uint64_t offset;
};

struct global {
	enum sv_type type;
	bool mutable;
	struct constant initial; /* own globals */
	uint64_t offset;
};

struct tag {
	uint32_t type; /* index of a function type without results */
	uint64_t offset;
};

struct element_segment {
	enum sv_segment_mode mode;
	uint32_t table;
	struct constant index; /* active */
	enum sv_type type;
	const struct constant *items;
	uint32_t item_count;
	uint64_t offset;
};

struct data_segment {
	enum sv_segment_mode mode; /* PASSIVE or ACTIVE */
	uint32_t memory;
	struct constant address; /* active */
	struct sv_bytes bytes;
	uint64_t offset;
};

/* Which way the br_if or if at a place mostly goes. */
struct branch_hint {
	uint32_t function;
	uint32_t offset; /* from the start of the body, as in struct function */
	bool taken;      /* the condition is mostly not zero */
};

struct module {
	struct arena arena; /* owns everything below */
	struct sv_bytes input;
	uint64_t features;

	struct defined_type *types;
	struct import *imports;
	struct export *exports;
	struct function *functions;
	struct table *tables;
	struct memory *memories;
	struct global *globals;
	struct tag *tags;
	struct element_segment *elements;
	struct data_segment *data;
	struct constant *constants; /* those of kind SV_CONSTANT_CODE, by number */
	struct branch_hint *hints;  /* by function, then by offset; for operators of any kind */
	uint32_t type_count, import_count, export_count, function_count, table_count;
	uint32_t memory_count, global_count, element_count, data_count, tag_count;
	uint32_t hint_count;

	uint32_t imported_functions, imported_tables, imported_memories, imported_globals,
			imported_tags;
	uint32_t reference_count;
	uint32_t constant_count; /* constant expressions of kind SV_CONSTANT_CODE */
	uint32_t start;             /* function index, or SV_NO_INDEX */
	uint64_t start_offset;      /* of the start section's index in the file */
	bool has_data_count;        /* a DataCount section was there */
	struct sv_bytes name;       /* from the name section */
	uint64_t code_size;         /* bytes of all bodies, for progress */
};

/*
 * Decode `input`. Every rejection has code MALFORMED (or UNSUPPORTED, LIMIT), a byte offset
 * and the rule that was broken. On failure the module is empty; finish is still allowed.
 */
SV_MUST_USE bool module_read(struct module *module, struct sv_bytes input, uint64_t features,
		struct sv_error *error);

/* Check all validation rules, function bodies too; code INVALID with byte offset and rule. */
SV_MUST_USE bool module_validate(const struct module *module, struct sv_error *error);

/* Release the arena. */
void module_finish(struct module *module);

/* Type of a function by its index, which must be in range. */
const struct function_type *module_function_type(const struct module *module, uint32_t function);

/* ---- hints.c ---- */

enum expectation {
	EXPECT_NOTHING = 0,
	EXPECT_TAKEN,
	EXPECT_NOT_TAKEN,
};

/* What the module says about the branch at `offset` in the body of a function. */
enum expectation hints_find(const struct module *module, uint32_t function, uint64_t offset);

/* ---- subtype.c: matching (Core 3.0, 3.3) ---- */

/* True if the heap type `heap` is `above` or below it. Both as in sv_type_heap. */
bool heap_matches(const struct module *module, uint32_t heap, uint32_t above);

/* True if a value of `type` may stand where `above` is expected; NONE matches all. */
bool type_matches(const struct module *module, enum sv_type type, enum sv_type above);

/* The same for two types of the module by index: declared one below the other, or equal. */
bool defined_matches(const struct module *module, uint32_t type, uint32_t above);

/* Top of the hierarchy that a heap type is in: enum sv_heap. */
uint32_t heap_top(const struct module *module, uint32_t heap);

#endif
