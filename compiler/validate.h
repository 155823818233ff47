/*
 * validate.h: what the files of the validator share: the operand and control stacks of one
 * function body (Core 2.0, appendix 7.3), and a handler for each operator typed by context.
 */
#ifndef SELVAGE_COMPILER_VALIDATE_H
#define SELVAGE_COMPILER_VALIDATE_H

#include "compiler/body.h"
#include "compiler/module.h"

/* One open block, loop, if, else, or the function itself. */
struct frame {
	enum op op;       /* OP_NONE: the function */
	bool unreachable; /* the rest of it is: operands below `height` are of any type */
	uint32_t height;  /* of the operand stack at its start, without its parameters */
	uint32_t set_height; /* of the stack of locals set, at its start */
	struct function_type type;
};

struct validator {
	const struct module *module;
	struct sv_error *error;
	struct arena scratch; /* what body.c decodes; one body's life */
	struct arena stacks;  /* the two stacks, which only grow */
	enum sv_type *operands; /* SV_TYPE_NONE: of any type, from unreachable code */
	struct frame *frames;
	uint32_t depth, operand_capacity;
	uint32_t frame_count, frame_capacity;
	struct body body;
	struct instruction at; /* the operator being checked */
	/* Locals without default value: which are set, and in which order. */
	bool *is_set;
	uint32_t *set_order;
	uint32_t set_count;
};

/* ---- validate_body.c ---- */

/* Report INVALID at the current operator and name the function; always false. */
bool validate_fail(struct validator *v, const char *format, ...) SV_PRINTF(2, 3);

SV_MUST_USE bool operand_push(struct validator *v, enum sv_type type);
SV_MUST_USE bool operand_push_all(struct validator *v, const enum sv_type *types, uint32_t count);
SV_MUST_USE bool operand_pop(struct validator *v, enum sv_type expected);
SV_MUST_USE bool operand_pop_any(struct validator *v, enum sv_type *type);
SV_MUST_USE bool operand_pop_all(struct validator *v, const enum sv_type *types, uint32_t count);
/* The operands on top are of these types, last on top; leaves them there. */
SV_MUST_USE bool operand_check(struct validator *v, const enum sv_type *types, uint32_t count);
/* Pop and push as the letters of ops.def say, "ii:i". */
SV_MUST_USE bool operand_apply(struct validator *v, const char *signature);

SV_MUST_USE bool frame_open(struct validator *v, enum op op, struct function_type type);
/* The results are on the stack and nothing else: close the innermost frame. */
SV_MUST_USE bool frame_close(struct validator *v, struct frame *frame);
/* What follows in the innermost frame cannot be reached. */
void frame_set_unreachable(struct validator *v);

/* Pop a reference, of any type (code that is not reached: to the bottom heap type). */
SV_MUST_USE bool operand_pop_reference(struct validator *v, enum sv_type *type);

/* Check the operator at hand. */
SV_MUST_USE bool validate_op(struct validator *v);

/* Begin and end with an empty validator for the module. */
void validator_init(struct validator *v, const struct module *module, struct sv_error *error);
void validator_finish(struct validator *v);

/* Check all own functions of the module. */
SV_MUST_USE bool validate_bodies(struct validator *v);

/* ---- validate_constant.c ---- */

/* The expression is a constant one of this type; it may name the first `globals` globals. */
SV_MUST_USE bool validate_constant(struct validator *v, const struct constant *constant,
		enum sv_type expected, uint32_t globals);

/* ---- validate_types.c ---- */

/* Super-types are declared as they may be (Core 3.0, 3.2.7); fills in the depths. */
SV_MUST_USE bool validate_types(const struct module *module, struct sv_error *error);

/* What a branch to a label carries. */
struct label {
	const enum sv_type *types;
	uint32_t count;
};

/* ---- validate_control.c, validate_access.c: indices; false if a bad one has been reported ---- */

SV_MUST_USE bool label_find(struct validator *v, uint32_t index, struct label *label);
SV_MUST_USE bool element_find(struct validator *v, uint32_t index);
/* The code may come before the data, so operators on segments need their count before it. */
SV_MUST_USE bool data_find(struct validator *v, uint32_t index);

/*
 * ---- validate_control.c, validate_access.c, validate_object.c, validate_array.c,
 * validate_cast.c: one handler per operator without signature ----
 */

#define SV_OP_NAMED(...)
#define SV_CONTROL(code, feature, name, text, immediate) \
	SV_MUST_USE bool validate_##name(struct validator *v);
#include "compiler/ops.def"
#undef SV_OP_NAMED
#undef SV_CONTROL

#endif
