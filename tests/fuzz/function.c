/*
 * function.c: whole functions: those at random, the wrappers that the host calls, and the one
 * that tells the host all state.
 */
#include "tests/fuzz/generator.h"

#include <string.h>

void body_begin(struct generator *g, struct body *body, unsigned type)
{
	const struct function_type *signature = &g->types[type];
	memset(body, 0, sizeof *body);
	g->body = body;
	for (unsigned i = 0; i < signature->parameter_count; i++)
		local_add(g, signature->parameters[i], false);
	body->parameter_count = signature->parameter_count;
	struct label *label = &body->labels[body->label_count++];
	label->count = signature->result_count;
	memcpy(label->types, signature->results, sizeof label->types);
}

/* Locals are known only now: the entry is declarations, then the code. */
void body_end(struct generator *g, struct function *function)
{
	struct body *body = g->body;
	struct buffer entry = {0};
	emit_op(g, OP_end);
	put_unsigned(&entry, body->local_count - body->parameter_count);
	for (unsigned i = body->parameter_count; i < body->local_count; i++) {
		put_unsigned(&entry, 1);
		put_type(&entry, body->locals[i].type);
	}
	put_bytes(&entry, body->code.data, body->code.length);
	buffer_finish(&body->code);
	function->code = entry;
	g->body = NULL;
}

/* A local starts as zero or null, so there are none of references that are not null. */
static uint32_t local_type(struct generator *g)
{
	uint32_t type = type_random_value(g);
	return type_is_reference(type) ? type | TYPE_NULLABLE : type;
}

void function_make(struct generator *g, struct function *function)
{
	struct body body;
	unsigned type = function->type;
	body_begin(g, &body, type);
	unsigned extra = random_from(&g->random, 2, 8);
	for (unsigned i = 0; i < extra; i++)
		local_add(g, local_type(g), false);
	fuel_take(g, FUEL_FUNCTION);
	body.budget = (int)random_from(&g->random, g->profile.size / 4 + 4, g->profile.size);
	int depth = (int)random_from(&g->random, 3, 6);
	for (unsigned i = 0; i < FAVOURITES; i++) {
		if (i % g->guest_count == (unsigned)(function - g->functions) - g->guest_first)
			favourite_emit(g, g->favourites[i], 2);
	}
	unsigned most = 30;
	while (body.budget > (int)g->profile.size / 5 && most--)
		statement_emit(g, depth);
	values_emit(g, g->types[type].results, g->types[type].result_count, depth);
	body_end(g, function);
}

/* Both halves, as integers. */
static void record_vector(struct generator *g)
{
	unsigned local = local_scratch(g, 'v');
	emit_index(g, OP_local_set, local);
	for (unsigned half = 0; half < 2; half++) {
		emit_index(g, OP_local_get, local);
		emit_op(g, OP_i64x2_extract_lane);
		put_byte(&g->body->code, half);
		emit_index(g, OP_call, RECORD_I64);
	}
}

void record_emit(struct generator *g, uint32_t type)
{
	if (type_is_reference(type)) {
		object_observe(g, type);
		emit_op(g, OP_ref_is_null);
		type = 'i';
	}
	switch (type) {
	case 'i':
		emit_index(g, OP_call, RECORD_I32);
		return;
	case 'I':
		emit_index(g, OP_call, RECORD_I64);
		return;
	case 'f':
		emit_index(g, OP_call, RECORD_F32);
		return;
	case 'F':
		emit_index(g, OP_call, RECORD_F64);
		return;
	default:
		record_vector(g);
	}
}

/* A global with an argument: compiled code cannot know its value. */
static void argument_emit(struct generator *g, uint32_t type)
{
	if (type_is_reference(type) || g->global_count == MAX_GLOBALS) {
		constant_emit(g, type);
		return;
	}
	struct global *global = &g->globals[g->global_count];
	*global = (struct global){.type = type, .is_mutable = true, .reserved = true};
	global_draw(g, global);
	emit_index(g, OP_global_get, g->global_count++);
}

void function_wrapper(struct generator *g, struct function *function)
{
	struct body body;
	unsigned callee = g->guest_first + random_below(&g->random, g->guest_count);
	const struct function_type *type = &g->types[g->functions[callee].type];
	body_begin(g, &body, function->type);
	emit_i32(g, FUEL);
	emit_index(g, OP_global_set, GLOBAL_FUEL);
	for (unsigned i = 0; i < type->parameter_count; i++)
		argument_emit(g, type->parameters[i]);
	emit_index(g, OP_call, callee);
	for (unsigned i = type->result_count; i > 0; i--)
		record_emit(g, type->results[i - 1]);
	body_end(g, function);
}

static void observe_table(struct generator *g, unsigned table)
{
	uint32_t step = g->tables[table].minimum > 6 ? 3 : 1;
	emit_index(g, OP_table_size, table);
	record_emit(g, g->tables[table].is_wide ? 'I' : 'i');
	for (uint32_t i = 0; i < g->tables[table].minimum; i += step) {
		if (g->tables[table].is_wide)
			emit_i64(g, i);
		else
			emit_i32(g, (int32_t)i);
		emit_index(g, OP_table_get, table);
		record_emit(g, g->tables[table].type);
	}
}

void function_observer(struct generator *g, struct function *function)
{
	struct body body;
	body_begin(g, &body, function->type);
	for (unsigned i = 0; i < g->global_count; i++) {
		if (!g->globals[i].is_mutable || (g->globals[i].reserved && i != GLOBAL_FUEL))
			continue;
		emit_index(g, OP_global_get, i);
		record_emit(g, g->globals[i].type);
	}
	for (unsigned i = 0; i < g->table_count; i++)
		observe_table(g, i);
	body_end(g, function);
}
