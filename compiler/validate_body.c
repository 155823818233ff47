/*
 * validate_body.c: checks function bodies with a stack of operand types and a stack of open
 * blocks. Operators with a signature are checked here, the others by their handlers.
 */
#include "compiler/validate.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "abi/limits.h"

bool validate_fail(struct validator *v, const char *format, ...)
{
	char text[300];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (v->body.function == SV_NO_INDEX)
		return sv_fail_at(v->error, SV_ERROR_INVALID, (int64_t)v->at.offset, "%s", text);
	struct sv_bytes name = v->module->functions[v->body.function].name;
	int length = name.length < 100 ? (int)name.length : 100;
	return sv_fail_at(v->error, SV_ERROR_INVALID, (int64_t)v->at.offset,
			"%s, in function %u%s%.*s", text, v->body.function, length ? " " : "",
			length, (const char *)name.data);
}

static bool stack_full(struct validator *v, const char *what, const char *limit_name,
		uint32_t limit)
{
	return sv_fail_at(v->error, SV_ERROR_LIMIT, (int64_t)v->at.offset,
			"%s exceed the limit %s of %u, in function %u", what, limit_name, limit,
			v->body.function);
}

/* Move a stack to twice the room: at least `least`, at most `limit`, which is not below that. */
static bool stack_grow(struct validator *v, void *stack, uint32_t *capacity, uint32_t least,
		uint32_t limit, size_t size)
{
	uint32_t wanted = *capacity ? *capacity * 2 : 256;
	if (wanted < least)
		wanted = least;
	if (wanted > limit)
		wanted = limit;
	void **items = stack;
	void *more = arena_new(&v->stacks, wanted, size);
	if (!more)
		return sv_fail(v->error, SV_ERROR_NO_MEMORY, "no memory for validation");
	if (*capacity)
		memcpy(more, *items, *capacity * size);
	*items = more;
	*capacity = wanted;
	return true;
}

/* ---- operands ---- */

/* Room for `count` operands more. */
static bool operand_reserve(struct validator *v, uint32_t count)
{
	if (count <= v->operand_capacity - v->depth)
		return true;
	if (count > SV_MAX_OPERANDS || v->depth > SV_MAX_OPERANDS - count)
		return stack_full(v, "operands on the stack", "SV_MAX_OPERANDS", SV_MAX_OPERANDS);
	return stack_grow(v, &v->operands, &v->operand_capacity, v->depth + count, SV_MAX_OPERANDS,
			sizeof *v->operands);
}

bool operand_push(struct validator *v, enum sv_type type)
{
	TRY(operand_reserve(v, 1));
	v->operands[v->depth++] = type;
	return true;
}

bool operand_push_all(struct validator *v, const enum sv_type *types, uint32_t count)
{
	TRY(operand_reserve(v, count));
	for (uint32_t i = 0; i < count; i++)
		v->operands[v->depth++] = types[i];
	return true;
}

static struct frame *frame_top(struct validator *v)
{
	return &v->frames[v->frame_count - 1];
}

static const char *operator_name(struct validator *v)
{
	return op_info(v->at.op)->name;
}

static bool operand_mismatch(struct validator *v, enum sv_type expected, enum sv_type actual)
{
	return validate_fail(v, "type mismatch: %s takes %s where the stack has %s",
			operator_name(v), sv_type_text(expected).text, sv_type_text(actual).text);
}

static bool operand_missing(struct validator *v, const char *expected)
{
	return validate_fail(v, "type mismatch: %s takes %s where the stack is empty",
			operator_name(v), expected);
}

bool operand_pop_any(struct validator *v, enum sv_type *type)
{
	const struct frame *frame = frame_top(v);
	*type = SV_TYPE_NONE;
	if (v->depth > frame->height) {
		*type = v->operands[--v->depth];
		return true;
	}
	return frame->unreachable || operand_missing(v, "a value");
}

bool operand_pop(struct validator *v, enum sv_type expected)
{
	const struct frame *frame = frame_top(v);
	if (v->depth == frame->height)
		return frame->unreachable || operand_missing(v, sv_type_text(expected).text);
	enum sv_type actual = v->operands[--v->depth];
	if (type_matches(v->module, actual, expected))
		return true;
	return operand_mismatch(v, expected, actual);
}

bool operand_pop_reference(struct validator *v, enum sv_type *type)
{
	TRY(operand_pop_any(v, type));
	if (*type == SV_TYPE_NONE)
		*type = sv_ref(SV_HEAP_BOTTOM);
	if (sv_type_is_reference(*type))
		return true;
	return validate_fail(v, "type mismatch: %s takes a reference, not %s", operator_name(v),
			sv_type_text(*type).text);
}

bool operand_check(struct validator *v, const enum sv_type *types, uint32_t count)
{
	const struct frame *frame = frame_top(v);
	uint32_t at = v->depth;
	for (uint32_t i = count; i-- > 0;) {
		if (at == frame->height)
			return frame->unreachable ||
					operand_missing(v, sv_type_text(types[i]).text);
		enum sv_type actual = v->operands[--at];
		if (!type_matches(v->module, actual, types[i]))
			return operand_mismatch(v, types[i], actual);
	}
	return true;
}

bool operand_pop_all(struct validator *v, const enum sv_type *types, uint32_t count)
{
	TRY(operand_check(v, types, count));
	uint32_t available = v->depth - frame_top(v)->height;
	v->depth -= count < available ? count : available;
	return true;
}

/* The type of a letter of ops.def at the current operator. */
static enum sv_type operand_type(struct validator *v, char letter)
{
	if (letter == 'm')
		return limits_index_type(&v->module->memories[v->at.memarg.memory].limits);
	return sv_type_of_letter(letter);
}

bool operand_apply(struct validator *v, const char *signature)
{
	const char *colon = strchr(signature, ':');
	for (const char *letter = colon; letter != signature;)
		TRY(operand_pop(v, operand_type(v, *--letter)));
	for (const char *letter = colon + 1; *letter; letter++)
		TRY(operand_push(v, operand_type(v, *letter)));
	return true;
}

/* ---- frames ---- */

bool frame_open(struct validator *v, enum op op, struct function_type type)
{
	if (v->frame_count == v->frame_capacity) {
		if (v->frame_count >= SV_MAX_NESTING)
			return stack_full(v, "nested blocks", "SV_MAX_NESTING", SV_MAX_NESTING);
		TRY(stack_grow(v, &v->frames, &v->frame_capacity, v->frame_count + 1,
				SV_MAX_NESTING, sizeof *v->frames));
	}
	v->frames[v->frame_count++] = (struct frame){
			.op = op, .height = v->depth, .set_height = v->set_count, .type = type};
	/* The function's own parameters are locals, not operands. */
	if (op == OP_NONE)
		return true;
	return operand_push_all(v, type.parameters, type.parameter_count);
}

bool frame_close(struct validator *v, struct frame *frame)
{
	*frame = *frame_top(v);
	TRY(operand_pop_all(v, frame->type.results, frame->type.result_count));
	if (v->depth != frame->height)
		return validate_fail(v, "type mismatch: %u values too many at the end of a block",
				v->depth - frame->height);
	/* What was set inside may not have been on every way to here. */
	while (v->set_count > frame->set_height)
		v->is_set[v->set_order[--v->set_count]] = false;
	v->frame_count--;
	return true;
}

void frame_set_unreachable(struct validator *v)
{
	struct frame *frame = frame_top(v);
	frame->unreachable = true;
	v->depth = frame->height;
}

/* ---- bodies ---- */

static bool (*const handlers[OP_COUNT])(struct validator *v) = {
#define SV_OP_NAMED(...)
#define SV_CONTROL(code, feature, name, text, immediate) [OP_##name] = validate_##name,
#include "compiler/ops.def"
#undef SV_OP_NAMED
#undef SV_CONTROL
};

static bool validate_memory_access(struct validator *v, const struct op_info *info)
{
	if (v->at.memarg.memory >= v->module->memory_count)
		return validate_fail(v, "unknown memory %u", v->at.memarg.memory);
	const struct limits *limits = &v->module->memories[v->at.memarg.memory].limits;
	if (!limits->is_64 && v->at.memarg.displacement > UINT32_MAX)
		return validate_fail(v, "offset out of range: %llu in a 32-bit memory",
				(unsigned long long)v->at.memarg.displacement);
	bool is_exact = info->immediate == IMM_MEMARG_EXACT;
	if (v->at.memarg.align == info->limit || (v->at.memarg.align < info->limit && !is_exact))
		return true;
	if (is_exact)
		return validate_fail(v, "alignment must be natural: %s has 2^%u, not 2^%u",
				info->name, v->at.memarg.align, info->limit);
	return validate_fail(v,
			"alignment must not be larger than natural: %s has 2^%u, its natural one "
			"is 2^%u",
			info->name, v->at.memarg.align, info->limit);
}

static bool validate_lane(struct validator *v, unsigned lane, unsigned count)
{
	return lane < count || validate_fail(v, "invalid lane index %u: there are %u", lane, count);
}

/* Immediates with rules of their own. */
static bool validate_immediate(struct validator *v, const struct op_info *info)
{
	const unsigned vector_size = 16;
	switch (info->immediate) {
	case IMM_MEMARG:
	case IMM_MEMARG_EXACT:
		return validate_memory_access(v, info);
	case IMM_MEMARG_LANE:
		TRY(validate_memory_access(v, info));
		return validate_lane(v, v->at.lane, vector_size >> info->limit);
	case IMM_LANE:
		return validate_lane(v, v->at.lane, info->limit);
	case IMM_LANES:
		for (size_t i = 0; i < sizeof v->at.bytes; i++)
			TRY(validate_lane(v, v->at.bytes[i], info->limit));
		return true;
	default:
		return true;
	}
}

bool validate_op(struct validator *v)
{
	const struct op_info *info = op_info(v->at.op);
	if (!info->signature)
		return handlers[v->at.op](v);
	TRY(validate_immediate(v, info));
	return operand_apply(v, info->signature);
}

/* Parameters and locals with a default value are set from the start. */
static bool locals_begin(struct validator *v, uint32_t parameters)
{
	uint32_t count = v->body.local_count;
	v->is_set = arena_new(&v->scratch, count, sizeof *v->is_set);
	v->set_order = arena_new(&v->scratch, count, sizeof *v->set_order);
	v->set_count = 0;
	if (!v->is_set || !v->set_order)
		return sv_fail(v->error, SV_ERROR_NO_MEMORY, "no memory for validation");
	for (uint32_t i = 0; i < count; i++) {
		enum sv_type type = v->body.locals[i];
		v->is_set[i] = i < parameters || !sv_type_is_reference(type) ||
				sv_type_is_nullable(type);
	}
	return true;
}

static bool validate_body(struct validator *v, uint32_t function)
{
	const struct function_type *type = module_function_type(v->module, function);
	v->at = (struct instruction){.op = OP_end, .offset = v->module->functions[function].offset};
	v->depth = v->frame_count = 0;
	TRY(body_begin(&v->body, v->module, function, &v->scratch, v->error));
	TRY(locals_begin(v, type->parameter_count));
	TRY(frame_open(v, OP_NONE, *type));
	while (v->frame_count > 0) {
		TRY(body_next(&v->body, &v->at, v->error));
		TRY(validate_op(v));
	}
	if (body_at_end(&v->body))
		return true;
	return sv_fail_at(v->error, SV_ERROR_MALFORMED, (int64_t)v->at.offset + 1,
			"section size mismatch: %zu bytes behind the last end of function %u",
			(size_t)(v->body.end - v->body.at), function);
}

void validator_init(struct validator *v, const struct module *module, struct sv_error *error)
{
	*v = (struct validator){.module = module, .error = error};
	arena_init(&v->scratch, 0);
	arena_init(&v->stacks, 0);
}

void validator_finish(struct validator *v)
{
	arena_finish(&v->scratch);
	arena_finish(&v->stacks);
}

bool validate_bodies(struct validator *v)
{
	const struct module *module = v->module;
	for (uint32_t i = module->imported_functions; i < module->function_count; i++) {
		TRY(validate_body(v, i));
		arena_reset(&v->scratch);
	}
	return true;
}
