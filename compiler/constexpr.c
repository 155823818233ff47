/*
 * constexpr.c: reads constant expressions (Core 3.0, 3.3.13 and 5.4.9). One of a single operator
 * becomes a value that a record can hold; any other well-formed one is kept to be compiled.
 * What is allowed in one is the validator's.
 */
#include "compiler/body.h"
#include "compiler/read.h"

#include <string.h>

static struct sv_constant constant_bits(enum sv_type type, uint64_t bits)
{
	return (struct sv_constant){.kind = SV_CONSTANT_BITS, .type = type, .value = bits};
}

/* The value of one operator; false if no record can hold it. */
static bool constant_of(const struct module *module, const struct instruction *instruction,
		struct sv_constant *value)
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
		*value = (struct sv_constant){
				.kind = SV_CONSTANT_GLOBAL, .value = instruction->index};
		if (instruction->index < module->global_count)
			value->type = module->globals[instruction->index].type;
		return true;
	default:
		return false;
	}
}

/* A function that is named outside of bodies may be referred to in them. */
static void constant_mark_function(struct module *module, const struct instruction *instruction)
{
	if (instruction->op == OP_ref_func && instruction->index < module->function_count)
		module->functions[instruction->index].reference = 0;
}

/* Decode operators up to the end that closes the expression. */
static bool constant_decode(struct module *module, struct body *body, enum sv_type type,
		struct constant *constant, struct sv_error *error)
{
	uint32_t count = 0, depth = 0;
	bool is_simple = false;
	for (;;) {
		struct instruction instruction;
		TRY(body_next(body, &instruction, error));
		if (instruction.op == OP_end && depth == 0)
			break;
		is_simple = constant_of(module, &instruction, &constant->value) && count == 0;
		constant_mark_function(module, &instruction);
		count++;
		if (op_opens_block(instruction.op))
			depth++;
		if (op_closes_block(instruction.op))
			depth--;
	}
	if (!is_simple)
		constant->value = (struct sv_constant){.kind = SV_CONSTANT_CODE,
				.type = type,
				.value = module->constant_count};
	return true;
}

static bool constant_keep(struct module_reader *r, const struct constant *constant)
{
	struct module *module = r->module;
	if (constant->value.kind != SV_CONSTANT_CODE)
		return true;
	struct constant *kept =
			read_append(r, &module->constants, module->constant_count, sizeof *kept);
	if (!kept)
		return false;
	*kept = *constant;
	module->constant_count++;
	return true;
}

bool read_constant(struct module_reader *r, enum sv_type type, struct constant *constant)
{
	*constant = (struct constant){.offset = reader_offset(&r->in)};
	struct arena scratch;
	arena_init(&scratch, 0);
	struct body body = {.module = r->module,
			.function = SV_NO_INDEX,
			.arena = &scratch,
			.at = r->in.at,
			.end = r->in.end};
	bool ok = constant_decode(r->module, &body, type, constant, r->in.error);
	arena_finish(&scratch);
	constant->code = (struct sv_bytes){r->in.at, (size_t)(body.at - r->in.at)};
	r->in.at = body.at;
	return ok && constant_keep(r, constant);
}
