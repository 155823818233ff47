/*
 * body.c: decodes function bodies: local declarations, then operators with their
 * immediates. Indices are read here and checked in validate_body.c.
 */
#include "compiler/body.h"

#include <stdio.h>

#include "abi/limits.h"
#include "compiler/feature.h"
#include "compiler/read.h"

/* What a decoder of immediates works with. */
struct decoder {
	struct reader in;
	struct body *body;
};

static struct decoder decoder_begin(struct body *body, struct sv_error *error)
{
	return (struct decoder){
			.in = {body->at, body->end, body->module->input.data,
					body->module->features, error, body->module},
			.body = body,
	};
}

static void *body_new(struct decoder *d, uint64_t count, size_t size)
{
	void *list = arena_new(d->body->arena, count, size);
	if (!list)
		sv_fail(d->in.error, SV_ERROR_NO_MEMORY, "no memory for a function body");
	return list;
}

/* ---- locals ---- */

/* Add up the groups without storing anything: the sum decides whether there is room for them. */
static bool locals_count(struct decoder *d, uint32_t groups, uint64_t *total)
{
	struct reader in = d->in;
	for (uint32_t i = 0; i < groups; i++) {
		uint64_t offset = reader_offset(&in);
		struct local_group group;
		TRY(reader_u32(&in, &group.count));
		TRY(read_value_type(&in, &group.type));
		*total += group.count;
		if (*total > UINT32_MAX)
			return sv_fail_at(in.error, SV_ERROR_MALFORMED, (int64_t)offset,
					"too many locals: more than 2^32");
	}
	if (*total <= SV_MAX_LOCALS)
		return true;
	return sv_fail_at(in.error, SV_ERROR_LIMIT, (int64_t)reader_offset(&d->in),
			"too many locals: %llu; the limit SV_MAX_LOCALS is %u",
			(unsigned long long)*total, SV_MAX_LOCALS);
}

static bool locals_read(struct decoder *d, const struct function_type *type)
{
	static const struct vector_rule rule = {"groups of locals", NULL, 0, 2};
	uint32_t groups, at = type->parameter_count;
	uint64_t total = type->parameter_count;
	TRY(reader_count(&d->in, &rule, &groups));
	TRY(locals_count(d, groups, &total));
	enum sv_type *locals = body_new(d, total, sizeof *locals);
	if (!locals)
		return false;
	for (uint32_t i = 0; i < type->parameter_count; i++)
		locals[i] = type->parameters[i];
	for (uint32_t i = 0; i < groups; i++) {
		struct local_group group;
		TRY(reader_u32(&d->in, &group.count));
		TRY(read_value_type(&d->in, &group.type));
		for (uint32_t k = 0; k < group.count; k++)
			locals[at++] = group.type;
	}
	d->body->locals = locals;
	d->body->local_count = at;
	return true;
}

bool body_begin(struct body *body, const struct module *module, uint32_t function,
		struct arena *arena, struct sv_error *error)
{
	check(function >= module->imported_functions && function < module->function_count);
	struct sv_bytes bytes = module->functions[function].body;
	*body = (struct body){
			.module = module,
			.function = function,
			.arena = arena,
			.at = bytes.data,
			.end = bytes.data + bytes.length,
	};
	struct decoder d = decoder_begin(body, error);
	TRY(locals_read(&d, module_function_type(module, function)));
	body->at = d.in.at;
	return true;
}

bool body_at_end(const struct body *body)
{
	return body->at == body->end;
}

/* ---- immediates: one decoder for each enum immediate ---- */

static bool decode_none(struct decoder *d, struct instruction *instruction)
{
	(void)d;
	(void)instruction;
	return true;
}

static bool decode_i32(struct decoder *d, struct instruction *instruction)
{
	return reader_s32(&d->in, &instruction->i32);
}

static bool decode_i64(struct decoder *d, struct instruction *instruction)
{
	return reader_s64(&d->in, &instruction->i64);
}

static bool decode_f32(struct decoder *d, struct instruction *instruction)
{
	return reader_fixed32(&d->in, &instruction->f32);
}

static bool decode_f64(struct decoder *d, struct instruction *instruction)
{
	return reader_fixed64(&d->in, &instruction->f64);
}

static bool decode_memarg(struct decoder *d, struct instruction *instruction)
{
	/* Above the alignment, which is below 2^6 in any case. */
	enum { HAS_MEMORY = 0x40 };
	const uint8_t *first = d->in.at;
	uint32_t flags;
	instruction->memarg.memory = 0;
	TRY(reader_u32(&d->in, &flags));
	if (flags >= 2 * HAS_MEMORY) {
		d->in.at = first;
		return reader_fail(&d->in, "malformed memop flags");
	}
	instruction->memarg.align = flags & (HAS_MEMORY - 1);
	if (flags & HAS_MEMORY) {
		TRY(feature_need(&d->in, SV_FEATURE_MULTI_MEMORY, "a memory index"));
		TRY(reader_u32(&d->in, &instruction->memarg.memory));
	}
	return reader_u64(&d->in, &instruction->memarg.displacement);
}

static bool decode_bytes(struct decoder *d, struct instruction *instruction)
{
	for (size_t i = 0; i < sizeof instruction->bytes; i++)
		TRY(reader_byte(&d->in, &instruction->bytes[i]));
	return true;
}

static bool decode_lane(struct decoder *d, struct instruction *instruction)
{
	return reader_byte(&d->in, &instruction->lane);
}

static bool decode_memarg_lane(struct decoder *d, struct instruction *instruction)
{
	TRY(decode_memarg(d, instruction));
	return decode_lane(d, instruction);
}

static bool decode_zero(struct decoder *d, struct instruction *instruction)
{
	uint8_t byte;
	(void)instruction;
	TRY(reader_byte(&d->in, &byte));
	if (byte == 0)
		return true;
	d->in.at--;
	return reader_fail(&d->in, "zero byte expected");
}

static bool decode_block_index(struct decoder *d, struct function_type *type)
{
	const struct module *module = d->body->module;
	const uint8_t *first = d->in.at;
	int64_t index;
	TRY(reader_s33(&d->in, &index));
	if (index < 0) {
		d->in.at = first;
		return reader_fail(&d->in, "malformed block type");
	}
	if (index >= module->type_count)
		return sv_fail_at(d->in.error, SV_ERROR_INVALID, first - d->in.start,
				"unknown type %lld: the module has %u types", (long long)index,
				module->type_count);
	if (module->types[index].kind != SV_KIND_FUNCTION)
		return sv_fail_at(d->in.error, SV_ERROR_INVALID, first - d->in.start,
				"unknown type %lld: it is no function type", (long long)index);
	*type = module->types[index].function;
	return feature_need(&d->in, SV_FEATURE_MULTI_VALUE, "a block with a type index");
}

/* A block type is 0x40 for none, a value type, or the index of a type. */
static bool decode_block(struct decoder *d, struct instruction *instruction)
{
	enum { EMPTY = 0x40 };
	struct function_type *block = &instruction->block;
	*block = (struct function_type){0};
	uint8_t byte;
	enum sv_type type;
	TRY(reader_byte(&d->in, &byte));
	if (byte == EMPTY)
		return true;
	d->in.at--;
	/* One-byte negative numbers are types, all others indices. */
	if ((byte & 0xc0) != 0x40)
		return decode_block_index(d, block);
	TRY(read_value_type(&d->in, &type));
	enum sv_type *results = body_new(d, 1, sizeof *results);
	if (!results)
		return false;
	*results = type;
	block->results = results;
	block->result_count = 1;
	return true;
}

static bool decode_catch(struct decoder *d, struct catch_clause *clause)
{
	uint8_t kind;
	TRY(reader_byte(&d->in, &kind));
	if (kind > CATCH_ALL_REF) {
		d->in.at--;
		return reader_fail(&d->in, "malformed catch clause (code 0x%02x)", kind);
	}
	clause->kind = kind;
	if (kind <= CATCH_TAG_REF)
		TRY(reader_u32(&d->in, &clause->tag));
	return reader_u32(&d->in, &clause->label);
}

static bool decode_try_table(struct decoder *d, struct instruction *instruction)
{
	static const struct vector_rule rule = {"catch clauses", NULL, 0, 2};
	TRY(decode_block(d, instruction));
	TRY(reader_count(&d->in, &rule, &instruction->catch_count));
	struct catch_clause *clauses = body_new(d, instruction->catch_count, sizeof *clauses);
	if (!clauses)
		return false;
	for (uint32_t i = 0; i < instruction->catch_count; i++)
		TRY(decode_catch(d, &clauses[i]));
	instruction->catches = clauses;
	return true;
}

static bool decode_index(struct decoder *d, struct instruction *instruction)
{
	return reader_u32(&d->in, &instruction->index);
}

static bool decode_index_pair(struct decoder *d, struct instruction *instruction)
{
	TRY(reader_u32(&d->in, &instruction->index));
	return reader_u32(&d->in, &instruction->index2);
}

/* A table index beside call_indirect's type: any but one zero byte came with reference types. */
static bool decode_type_table(struct decoder *d, struct instruction *instruction)
{
	TRY(reader_u32(&d->in, &instruction->index));
	const uint8_t *first = d->in.at;
	TRY(reader_u32(&d->in, &instruction->index2));
	if (*first == 0)
		return true;
	return feature_need(&d->in, SV_FEATURE_REFERENCE_TYPES, "a table index of call_indirect");
}

static bool decode_labels(struct decoder *d, struct instruction *instruction)
{
	static const struct vector_rule rule = {"labels", NULL, 0, 1};
	TRY(reader_count(&d->in, &rule, &instruction->label_count));
	uint64_t count = (uint64_t)instruction->label_count + 1;
	uint32_t *labels = body_new(d, count, sizeof *labels);
	if (!labels)
		return false;
	for (uint64_t i = 0; i < count; i++)
		TRY(reader_u32(&d->in, &labels[i]));
	instruction->labels = labels;
	return true;
}

static bool decode_memory(struct decoder *d, struct instruction *instruction)
{
	return read_memory_index(&d->in, &instruction->index);
}

static bool decode_memory_pair(struct decoder *d, struct instruction *instruction)
{
	TRY(read_memory_index(&d->in, &instruction->index));
	return read_memory_index(&d->in, &instruction->index2);
}

static bool decode_data_memory(struct decoder *d, struct instruction *instruction)
{
	TRY(reader_u32(&d->in, &instruction->index));
	return read_memory_index(&d->in, &instruction->index2);
}

static bool decode_reference(struct decoder *d, struct instruction *instruction)
{
	uint32_t heap;
	TRY(read_heap_type(&d->in, &heap));
	instruction->reference = sv_ref_null(heap);
	return true;
}

static bool decode_referent(struct decoder *d, struct instruction *instruction)
{
	uint32_t heap;
	TRY(read_heap_type(&d->in, &heap));
	instruction->reference = sv_ref(heap);
	return true;
}

/* Which of the two types of a branching cast are nullable comes first. */
static bool decode_cast(struct decoder *d, struct instruction *instruction)
{
	enum { FROM_NULLABLE = 1, TO_NULLABLE = 2 };
	uint8_t flags;
	uint32_t from, to;
	TRY(reader_byte(&d->in, &flags));
	if (flags > (FROM_NULLABLE | TO_NULLABLE)) {
		d->in.at--;
		return reader_fail(&d->in, "malformed cast flags");
	}
	TRY(reader_u32(&d->in, &instruction->cast.label));
	TRY(read_heap_type(&d->in, &from));
	TRY(read_heap_type(&d->in, &to));
	instruction->cast.from = flags & FROM_NULLABLE ? sv_ref_null(from) : sv_ref(from);
	instruction->cast.to = flags & TO_NULLABLE ? sv_ref_null(to) : sv_ref(to);
	return true;
}

static bool decode_types(struct decoder *d, struct instruction *instruction)
{
	static const struct vector_rule rule = {"types of a select", NULL, 0, 1};
	TRY(reader_count(&d->in, &rule, &instruction->type_count));
	enum sv_type *types = body_new(d, instruction->type_count, sizeof *types);
	if (!types)
		return false;
	for (uint32_t i = 0; i < instruction->type_count; i++)
		TRY(read_value_type(&d->in, &types[i]));
	instruction->types = types;
	return true;
}

static bool (*const decoders[])(struct decoder *, struct instruction *) = {
		[IMM_NONE] = decode_none,
		[IMM_I32] = decode_i32,
		[IMM_I64] = decode_i64,
		[IMM_F32] = decode_f32,
		[IMM_F64] = decode_f64,
		[IMM_V128] = decode_bytes,
		[IMM_LANE] = decode_lane,
		[IMM_LANES] = decode_bytes,
		[IMM_MEMARG] = decode_memarg,
		[IMM_MEMARG_LANE] = decode_memarg_lane,
		[IMM_MEMARG_EXACT] = decode_memarg,
		[IMM_ZERO] = decode_zero,
		[IMM_BLOCK] = decode_block,
		[IMM_LABEL] = decode_index,
		[IMM_LABELS] = decode_labels,
		[IMM_FUNCTION] = decode_index,
		[IMM_TYPE_TABLE] = decode_type_table,
		[IMM_TYPE] = decode_index,
		[IMM_TAG] = decode_index,
		[IMM_TRY_TABLE] = decode_try_table,
		[IMM_LOCAL] = decode_index,
		[IMM_GLOBAL] = decode_index,
		[IMM_TABLE] = decode_index,
		[IMM_TABLE_TABLE] = decode_index_pair,
		[IMM_ELEMENT] = decode_index,
		[IMM_ELEMENT_TABLE] = decode_index_pair,
		[IMM_DATA] = decode_index,
		[IMM_DATA_MEMORY] = decode_data_memory,
		[IMM_MEMORY] = decode_memory,
		[IMM_MEMORY_MEMORY] = decode_memory_pair,
		[IMM_REFERENCE] = decode_reference,
		[IMM_REFERENT] = decode_referent,
		[IMM_TYPES] = decode_types,
		[IMM_TYPE_FIELD] = decode_index_pair,
		[IMM_TYPE_COUNT] = decode_index_pair,
		[IMM_TYPE_TYPE] = decode_index_pair,
		[IMM_TYPE_DATA] = decode_index_pair,
		[IMM_TYPE_ELEMENT] = decode_index_pair,
		[IMM_CAST] = decode_cast,
};

/* ---- operators ---- */

static bool decode_op(struct decoder *d, enum op *op)
{
	const uint8_t *first = d->in.at;
	uint8_t byte;
	uint32_t code, number;
	TRY(reader_byte(&d->in, &byte));
	code = byte;
	if (byte >= 0xfb && byte <= 0xfe) {
		TRY(reader_u32(&d->in, &number));
		code = (uint32_t)byte << 12 | (number < 0x1000 ? number : 0xfff);
	}
	*op = op_find(code);
	if (*op != OP_NONE)
		return true;
	d->in.at = first;
	return proposal_fail(&d->in, PROPOSAL_OPERATOR, code, "illegal opcode");
}

bool body_next(struct body *body, struct instruction *instruction, struct sv_error *error)
{
	struct decoder d = decoder_begin(body, error);
	instruction->offset = reader_offset(&d.in);
	TRY(decode_op(&d, &instruction->op));
	const struct op_info *info = op_info(instruction->op);
	if (info->feature != OP_CORE)
		TRY(feature_need(&d.in, (enum sv_feature)info->feature, info->name));
	TRY(decoders[info->immediate](&d, instruction));
	body->at = d.in.at;
	return true;
}
