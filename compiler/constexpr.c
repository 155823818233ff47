/*
 * constexpr.c: constant expressions (Core 2.0, 3.3.10): a single operator and an end. Any
 * other well-formed expression decodes too, with the rule it breaks for the validator.
 */
#include "compiler/body.h"
#include "compiler/read.h"

#include <string.h>

static struct sv_constant constant_bits(enum sv_type type, uint64_t bits)
{
	return (struct sv_constant){.kind = SV_CONSTANT_BITS, .type = type, .value = bits};
}

/* The value of one operator; false if it is not a constant one. */
static bool constant_of(const struct instruction *instruction, struct sv_constant *value)
{
	switch (instruction->op) {
	case OP_i32_const:
		*value = constant_bits(SV_TYPE_I32, (uint32_t)instruction->i32);
		return true;
	case OP_i64_const:
		*value = constant_bits(SV_TYPE_I64, (uint64_t)instruction->i64);
		return true;
	case OP_f32_const:
		*value = constant_bits(SV_TYPE_F32, instruction->f32);
		return true;
	case OP_f64_const:
		*value = constant_bits(SV_TYPE_F64, instruction->f64);
		return true;
	case OP_v128_const:
		*value = constant_bits(SV_TYPE_V128, 0);
		memcpy(&value->value, instruction->bytes, 8);
		memcpy(&value->high, instruction->bytes + 8, 8);
		return true;
	case OP_ref_null:
		*value = (struct sv_constant){
				.kind = SV_CONSTANT_NULL, .type = instruction->reference};
		return true;
	case OP_ref_func:
		*value = (struct sv_constant){.kind = SV_CONSTANT_FUNCTION,
				.type = SV_TYPE_FUNCREF,
				.value = instruction->index};
		return true;
	case OP_global_get:
		/* The validator fills in the type's check; imports precede every expression. */
		*value = (struct sv_constant){
				.kind = SV_CONSTANT_GLOBAL, .value = instruction->index};
		return true;
	default:
		return false;
	}
}

static void constant_set_fault(struct constant *constant, const char *fault, uint64_t offset)
{
	constant->fault = fault;
	constant->offset = offset;
}

/*
 * Take in one operator that is not the last end. `count` values are there already. The first
 * operator that is not constant says more than a wrong number of values does.
 */
static void constant_add(const struct module *module, struct constant *constant,
		const struct instruction *instruction, uint32_t count)
{
	static const char required[] = "constant expression required";
	struct sv_constant value;
	if (constant->fault == required)
		return;
	if (!constant_of(instruction, &value)) {
		constant_set_fault(constant, required, instruction->offset);
		return;
	}
	if (constant->fault)
		return;
	if (count > 0) {
		constant_set_fault(constant, "type mismatch: a constant expression has one value",
				instruction->offset);
		return;
	}
	if (value.kind == SV_CONSTANT_GLOBAL && value.value < module->global_count)
		value.type = module->globals[value.value].type;
	constant->value = value;
}

static bool opens_block(enum op op)
{
	return op == OP_block || op == OP_loop || op == OP_if;
}

/* Decode operators up to the end that closes the expression. */
static bool constant_decode(struct body *body, struct constant *constant, struct sv_error *error)
{
	uint32_t count = 0, depth = 0;
	for (;;) {
		struct instruction instruction;
		TRY(body_next(body, &instruction, error));
		if (instruction.op == OP_end && depth == 0)
			break;
		constant_add(body->module, constant, &instruction, count++);
		if (opens_block(instruction.op))
			depth++;
		if (instruction.op == OP_end)
			depth--;
	}
	if (count == 0)
		constant_set_fault(constant, "type mismatch: an empty constant expression",
				constant->offset);
	return true;
}

bool read_constant(struct module_reader *r, struct constant *constant)
{
	*constant = (struct constant){.offset = reader_offset(&r->in)};
	struct arena scratch;
	arena_init(&scratch, 0);
	struct body body = {
			.module = r->module, .arena = &scratch, .at = r->in.at, .end = r->in.end};
	bool ok = constant_decode(&body, constant, r->in.error);
	arena_finish(&scratch);
	r->in.at = body.at;
	return ok;
}
