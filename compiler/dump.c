/*
 * dump.c: function bodies as text, an operator a line: offset in the file, indentation by
 * nesting, name, immediates.
 */
#include "compiler/dump.h"

#include <inttypes.h>

static void print_none(const struct instruction *instruction, FILE *file)
{
	(void)instruction;
	(void)file;
}

static void print_i32(const struct instruction *instruction, FILE *file)
{
	fprintf(file, " %" PRId32, instruction->i32);
}

static void print_i64(const struct instruction *instruction, FILE *file)
{
	fprintf(file, " %" PRId64, instruction->i64);
}

static void print_f32(const struct instruction *instruction, FILE *file)
{
	union {
		uint32_t bits;
		float value;
	} u = {instruction->f32};
	fprintf(file, " %.9g (0x%08" PRIx32 ")", (double)u.value, u.bits);
}

static void print_f64(const struct instruction *instruction, FILE *file)
{
	union {
		uint64_t bits;
		double value;
	} u = {instruction->f64};
	fprintf(file, " %.17g (0x%016" PRIx64 ")", u.value, u.bits);
}

static void print_memarg(const struct instruction *instruction, FILE *file)
{
	if (instruction->memarg.memory)
		fprintf(file, " memory=%" PRIu32, instruction->memarg.memory);
	fprintf(file, " offset=%" PRIu64 " align=%" PRIu64, instruction->memarg.displacement,
			UINT64_C(1) << instruction->memarg.align);
}

static void print_v128(const struct instruction *instruction, FILE *file)
{
	fputs(" 0x", file);
	for (size_t i = sizeof instruction->bytes; i-- > 0;)
		fprintf(file, "%02x", instruction->bytes[i]);
}

static void print_lane(const struct instruction *instruction, FILE *file)
{
	fprintf(file, " %u", instruction->lane);
}

static void print_lanes(const struct instruction *instruction, FILE *file)
{
	for (size_t i = 0; i < sizeof instruction->bytes; i++)
		fprintf(file, " %u", instruction->bytes[i]);
}

static void print_memarg_lane(const struct instruction *instruction, FILE *file)
{
	print_memarg(instruction, file);
	print_lane(instruction, file);
}

static void print_block(const struct instruction *instruction, FILE *file)
{
	fputc(' ', file);
	dump_type(&instruction->block, file);
}

static void print_try_table(const struct instruction *instruction, FILE *file)
{
	static const char *const names[] = {"catch", "catch_ref", "catch_all", "catch_all_ref"};
	print_block(instruction, file);
	for (uint32_t i = 0; i < instruction->catch_count; i++) {
		const struct catch_clause *clause = &instruction->catches[i];
		fprintf(file, " (%s", names[clause->kind]);
		if (clause->kind <= CATCH_TAG_REF)
			fprintf(file, " %" PRIu32, clause->tag);
		fprintf(file, " %" PRIu32 ")", clause->label);
	}
}

static void print_index(const struct instruction *instruction, FILE *file)
{
	fprintf(file, " %" PRIu32, instruction->index);
}

static void print_index_pair(const struct instruction *instruction, FILE *file)
{
	fprintf(file, " %" PRIu32 " %" PRIu32, instruction->index, instruction->index2);
}

static void print_labels(const struct instruction *instruction, FILE *file)
{
	for (uint32_t i = 0; i <= instruction->label_count; i++)
		fprintf(file, " %" PRIu32, instruction->labels[i]);
}

static void print_reference(const struct instruction *instruction, FILE *file)
{
	fprintf(file, " %s", sv_type_text(instruction->reference).text);
}

static void print_cast(const struct instruction *instruction, FILE *file)
{
	fprintf(file, " %" PRIu32 " %s %s", instruction->cast.label,
			sv_type_text(instruction->cast.from).text,
			sv_type_text(instruction->cast.to).text);
}

static void print_types(const struct instruction *instruction, FILE *file)
{
	for (uint32_t i = 0; i < instruction->type_count; i++)
		fprintf(file, " %s", sv_type_text(instruction->types[i]).text);
}

static void (*const printers[])(const struct instruction *, FILE *) = {
		[IMM_NONE] = print_none,
		[IMM_I32] = print_i32,
		[IMM_I64] = print_i64,
		[IMM_F32] = print_f32,
		[IMM_F64] = print_f64,
		[IMM_V128] = print_v128,
		[IMM_LANE] = print_lane,
		[IMM_LANES] = print_lanes,
		[IMM_MEMARG] = print_memarg,
		[IMM_MEMARG_LANE] = print_memarg_lane,
		[IMM_MEMARG_EXACT] = print_memarg,
		[IMM_ZERO] = print_none,
		[IMM_BLOCK] = print_block,
		[IMM_LABEL] = print_index,
		[IMM_LABELS] = print_labels,
		[IMM_FUNCTION] = print_index,
		[IMM_TYPE_TABLE] = print_index_pair,
		[IMM_TYPE] = print_index,
		[IMM_TAG] = print_index,
		[IMM_TRY_TABLE] = print_try_table,
		[IMM_LOCAL] = print_index,
		[IMM_GLOBAL] = print_index,
		[IMM_TABLE] = print_index,
		[IMM_TABLE_TABLE] = print_index_pair,
		[IMM_ELEMENT] = print_index,
		[IMM_ELEMENT_TABLE] = print_index_pair,
		[IMM_DATA] = print_index,
		[IMM_DATA_MEMORY] = print_index_pair,
		[IMM_MEMORY] = print_index,
		[IMM_MEMORY_MEMORY] = print_index_pair,
		[IMM_REFERENCE] = print_reference,
		[IMM_REFERENT] = print_reference,
		[IMM_TYPES] = print_types,
		[IMM_TYPE_FIELD] = print_index_pair,
		[IMM_TYPE_COUNT] = print_index_pair,
		[IMM_TYPE_TYPE] = print_index_pair,
		[IMM_TYPE_DATA] = print_index_pair,
		[IMM_TYPE_ELEMENT] = print_index_pair,
		[IMM_CAST] = print_cast,
};

/* Ends one part of a block and begins the next. */
static bool parts_block(enum op op)
{
	return op == OP_else || op == OP_catch || op == OP_catch_all;
}

static bool closes_block(enum op op)
{
	return op_closes_block(op) || parts_block(op);
}

static bool opens_block(enum op op)
{
	return op_opens_block(op) || parts_block(op);
}

static void dump_locals(const struct body *body, const struct function_type *type, FILE *file)
{
	for (uint32_t i = type->parameter_count; i < body->local_count; i++)
		fprintf(file, "%s%s", i == type->parameter_count ? "  locals " : " ",
				sv_type_text(body->locals[i]).text);
	if (body->local_count > type->parameter_count)
		fputc('\n', file);
}

void dump_operator(const struct instruction *instruction, FILE *file)
{
	const struct op_info *info = op_info(instruction->op);
	fputs(info->name, file);
	printers[info->immediate](instruction, file);
}

static void dump_line(const struct instruction *instruction, int depth, FILE *file)
{
	enum { DEEPEST = 40 }; /* indentation stops growing there */
	fprintf(file, "%8" PRIx64 ": %*s", instruction->offset,
			2 * (depth < DEEPEST ? depth : DEEPEST), "");
	dump_operator(instruction, file);
	fputc('\n', file);
}

static void dump_heading(const struct module *module, uint32_t index, FILE *file)
{
	fprintf(file, "function %u ", index);
	if (module->functions[index].name.length) {
		dump_name(module->functions[index].name, file);
		fputc(' ', file);
	}
	dump_type(module_function_type(module, index), file);
	fputc('\n', file);
}

static bool dump_body(const struct module *module, uint32_t index, struct arena *arena, FILE *file,
		struct sv_error *error)
{
	struct body body;
	int depth = 1;
	dump_heading(module, index, file);
	TRY(body_begin(&body, module, index, arena, error));
	dump_locals(&body, module_function_type(module, index), file);
	while (!body_at_end(&body)) {
		struct instruction instruction;
		TRY(body_next(&body, &instruction, error));
		depth -= closes_block(instruction.op);
		dump_line(&instruction, depth, file);
		depth += opens_block(instruction.op);
	}
	return true;
}

bool dump_bodies(const struct module *module, FILE *file, struct sv_error *error)
{
	struct arena arena;
	bool ok = true;
	arena_init(&arena, 0);
	for (uint32_t i = module->imported_functions; ok && i < module->function_count; i++) {
		ok = dump_body(module, i, &arena, file, error);
		arena_reset(&arena);
	}
	arena_finish(&arena);
	return ok;
}
