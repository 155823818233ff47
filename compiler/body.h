/*
 * body.h: walks over a function body, one decoded operator at a time. Used by the
 * validator, the lowering and the dump; the only code that decodes operators.
 */
#ifndef SELVAGE_COMPILER_BODY_H
#define SELVAGE_COMPILER_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/module.h"
#include "compiler/op.h"

/* A clause of try_table; the codes of the binary format. */
enum catch_kind {
	CATCH_TAG = 0,
	CATCH_TAG_REF = 1, /* the exception itself on top of its values */
	CATCH_ALL = 2,
	CATCH_ALL_REF = 3,
};

struct catch_clause {
	enum catch_kind kind;
	uint32_t tag;
	uint32_t label; /* counted from outside the try_table */
};

struct instruction {
	enum op op;
	uint64_t offset; /* of its first byte in the module */
	union {
		int32_t i32;
		int64_t i64;
		uint32_t f32; /* bits */
		uint64_t f64; /* bits */
		uint8_t bytes[16]; /* of a vector; or lane indices */
		struct {
			uint32_t align; /* log2 */
			uint32_t memory;
			uint64_t displacement;
		} memarg;
		struct function_type block; /* resolved block type */
		struct {
			uint32_t index;  /* of a label, function, local, global, table, ... */
			uint32_t index2; /* the second one of IMM_X_Y */
		};
		struct {
			const uint32_t *labels; /* in the body's arena; the last is the default */
			uint32_t label_count;
		};
		struct {
			const enum sv_type *types; /* in the body's arena */
			uint32_t type_count;
		};
		enum sv_type reference;
		struct {
			uint32_t label;
			enum sv_type from, to; /* references */
		} cast;
	};
	uint8_t lane; /* IMM_LANE, IMM_MEMARG_LANE */
	const struct catch_clause *catches; /* IMM_TRY_TABLE; in the body's arena */
	uint32_t catch_count;
};

/* One group of equal locals, as declared. */
struct local_group {
	uint32_t count;
	enum sv_type type;
};

struct body {
	const struct module *module;
	uint32_t function; /* index in the function index space */
	struct arena *arena; /* borrowed; holds locals, label vectors */
	const uint8_t *at, *end; /* next byte, end of the body */
	const enum sv_type *locals; /* parameters, then declared locals */
	uint32_t local_count;
};

/*
 * Begin a body: decodes the local declarations. `function` must be an own function.
 * Fails with MALFORMED or LIMIT and the byte offset.
 */
SV_MUST_USE bool body_begin(struct body *body, const struct module *module, uint32_t function,
		struct arena *arena, struct sv_error *error);

/* True when all bytes are consumed. */
bool body_at_end(const struct body *body);

/* Decode the next operator. Checks encodings, features and index forms, not types or ranges. */
SV_MUST_USE bool body_next(struct body *body, struct instruction *instruction,
		struct sv_error *error);

#endif
