/*
 * control.c: blocks, branches and calls. Loops and functions take fuel, so that all ends.
 */
#include "tests/fuzz/generator.h"

#include <string.h>

void fuel_take(struct generator *g, unsigned amount)
{
	emit_index(g, OP_global_get, GLOBAL_FUEL);
	emit_i32(g, (int32_t)amount);
	emit_op(g, OP_i32_sub);
	emit_index(g, OP_global_set, GLOBAL_FUEL);
	emit_index(g, OP_global_get, GLOBAL_FUEL);
	emit_i32(g, 0);
	emit_op(g, OP_i32_lt_s);
	emit_op(g, OP_if);
	put_byte(&g->body->code, 0x40);
	emit_op(g, OP_unreachable);
	emit_op(g, OP_end);
}

void label_push(struct generator *g, const uint32_t *types, unsigned count, bool is_loop)
{
	struct body *body = g->body;
	check(body->label_count < MAX_LABELS && count <= MAX_ARITY);
	struct label *label = &body->labels[body->label_count++];
	label->count = (uint8_t)count;
	label->is_loop = is_loop;
	for (unsigned i = 0; i < count; i++)
		label->types[i] = types[i];
}

static void block_type_put(struct generator *g, const struct function_type *type)
{
	struct buffer *code = &g->body->code;
	if (type->parameter_count == 0 && type->result_count == 0)
		put_byte(code, 0x40);
	else if (type->parameter_count == 0 && type->result_count == 1)
		put_type(code, type->results[0]);
	else
		put_signed(code, type_intern(g, type));
}

/* What came in as parameters goes to locals, or nowhere. */
static void parameters_take(struct generator *g, const struct function_type *type)
{
	for (unsigned i = type->parameter_count; i > 0; i--) {
		int local = local_find(g, type->parameters[i - 1], true);
		if (local >= 0 && random_chance(&g->random, 70))
			emit_index(g, OP_local_set, (uint32_t)local);
		else
			emit_op(g, OP_drop);
	}
}

static void block_inside(struct generator *g, const struct function_type *type, enum op op,
		int depth)
{
	parameters_take(g, type);
	if (op == OP_loop)
		fuel_take(g, FUEL_LOOP);
	statements_emit(g, random_below(&g->random, 3), depth);
	values_emit(g, type->results, type->result_count, depth);
}

/* A random type for a block, whose results are given. */
static struct function_type block_type(struct generator *g, const uint32_t *types, unsigned count)
{
	struct function_type type = {0};
	type.result_count = (uint8_t)count;
	for (unsigned i = 0; i < count; i++)
		type.results[i] = types[i];
	if (random_chance(&g->random, 25) && g->type_count < MAX_TYPES - 10) {
		type.parameter_count = (uint8_t)random_from(&g->random, 1, 3);
		for (unsigned i = 0; i < type.parameter_count; i++)
			type.parameters[i] = type_random_value(g);
	}
	/* A block of several values or with parameters needs a type of its own; there is an end. */
	if (g->type_count >= MAX_TYPES - 10)
		check(type.parameter_count == 0);
	return type;
}

static void block_emit(struct generator *g, enum op op, const struct function_type *type, int depth)
{
	bool is_loop = op == OP_loop;
	values_emit(g, type->parameters, type->parameter_count, depth);
	if (op == OP_if)
		value_emit(g, 'i', depth);
	emit_op(g, op);
	block_type_put(g, type);
	label_push(g, is_loop ? type->parameters : type->results,
			is_loop ? type->parameter_count : type->result_count, is_loop);
	block_inside(g, type, op, depth);
	if (op == OP_if &&
			(type->result_count || type->parameter_count ||
					random_chance(&g->random, 50))) {
		emit_op(g, OP_else);
		block_inside(g, type, op, depth);
	}
	emit_op(g, OP_end);
	g->body->label_count--;
}

void control_emit(struct generator *g, const uint32_t *types, unsigned count, int depth)
{
	static const uint16_t kinds[] = {OP_block, OP_if, OP_if, OP_loop};
	bool is_deep = g->body->label_count + 2 > MAX_LABELS ||
			(count > 1 && g->type_count >= MAX_TYPES - 10);
	if (is_deep || depth <= 0) {
		values_emit(g, types, count, 0);
		return;
	}
	struct function_type type = block_type(g, types, count);
	block_emit(g, kinds[random_below(&g->random, 4)], &type, depth - 1);
}

/* A random label; relative depth in `*relative`. Branches back to loops are rarer. */
static const struct label *label_random(struct generator *g, uint32_t *relative)
{
	struct body *body = g->body;
	const struct label *label = NULL;
	for (unsigned tries = 0; tries < 3; tries++) {
		*relative = random_below(&g->random, body->label_count);
		label = &body->labels[body->label_count - 1 - *relative];
		if (!label->is_loop)
			break;
	}
	return label;
}

static bool label_same(const struct label *a, const struct label *b)
{
	if (a->count != b->count)
		return false;
	for (unsigned i = 0; i < a->count; i++) {
		if (a->types[i] != b->types[i])
			return false;
	}
	return true;
}

static void leave_table(struct generator *g, const struct label *label, uint32_t relative)
{
	struct body *body = g->body;
	uint32_t targets[5];
	unsigned count = random_below(&g->random, 5);
	for (unsigned i = 0; i < count; i++) {
		uint32_t other;
		targets[i] = label_same(label_random(g, &other), label) &&
						label_same(&body->labels[body->label_count - 1 -
									   other],
								label)
				? other
				: relative;
	}
	value_emit(g, 'i', 1);
	if (random_chance(&g->random, 60)) {
		emit_i32(g, 3);
		emit_op(g, OP_i32_and);
	}
	emit_op(g, OP_br_table);
	put_unsigned(&body->code, count);
	for (unsigned i = 0; i < count; i++)
		put_unsigned(&body->code, targets[i]);
	put_unsigned(&body->code, relative);
}

/* A tail call of a function with this one's results. */
static bool leave_call(struct generator *g, int depth)
{
	const struct label *results = &g->body->labels[0];
	unsigned start = random_below(&g->random, g->guest_count);
	for (unsigned i = 0; i < g->guest_count; i++) {
		unsigned function = g->guest_first + (start + i) % g->guest_count;
		unsigned type = g->functions[function].type;
		struct label same = {.count = g->types[type].result_count};
		memcpy(same.types, g->types[type].results, sizeof same.types);
		if (!label_same(results, &same))
			continue;
		unsigned dice = random_below(&g->random, 100);
		if (dice < 40 && table_call(g, type, depth, OP_return_call_indirect))
			return true;
		if (dice < 70) {
			reference_call(g, type, depth, OP_return_call_ref);
			return true;
		}
		values_emit(g, g->types[type].parameters, g->types[type].parameter_count, depth);
		emit_index(g, OP_return_call, function);
		return true;
	}
	return false;
}

void control_leave(struct generator *g, int depth)
{
	struct body *body = g->body;
	unsigned dice = random_below(&g->random, 100);
	uint32_t relative;
	if (dice < 4) {
		emit_op(g, OP_unreachable);
		return;
	}
	if (dice < 20 && exception_throw(g, depth))
		return;
	if (dice < 30 && leave_call(g, depth))
		return;
	if (dice < 40) {
		values_emit(g, body->labels[0].types, body->labels[0].count, depth);
		emit_op(g, OP_return);
		return;
	}
	const struct label *label = label_random(g, &relative);
	struct label copy = *label;
	values_emit(g, copy.types, copy.count, depth);
	if (dice < 65)
		leave_table(g, &copy, relative);
	else
		emit_index(g, OP_br, relative);
}

void control_branch_if(struct generator *g, int depth)
{
	uint32_t relative;
	struct label label = *label_random(g, &relative);
	values_emit(g, label.types, label.count, depth);
	value_emit(g, 'i', depth);
	emit_index(g, OP_br_if, relative);
	for (unsigned i = 0; i < label.count; i++)
		emit_op(g, OP_drop);
}

/* Of the results, keep the first: the others are above it. */
static void results_keep_first(struct generator *g, const struct function_type *type)
{
	for (unsigned i = 1; i < type->result_count; i++)
		emit_op(g, OP_drop);
}

static bool call_emit(struct generator *g, unsigned function, int depth)
{
	unsigned type = g->functions[function].type;
	if (random_chance(&g->random, 40) && table_call(g, type, depth, OP_call_indirect))
		return true;
	if (random_chance(&g->random, g->profile.references) &&
			reference_function(g, TYPE_REF(0, type)) >= 0) {
		reference_call(g, type, depth, OP_call_ref);
		return true;
	}
	values_emit(g, g->types[type].parameters, g->types[type].parameter_count, depth);
	emit_index(g, OP_call, function);
	return true;
}

bool control_call_for(struct generator *g, uint32_t type, int depth)
{
	if (type == 'i' && random_chance(&g->random, 20)) {
		value_emit(g, 'i', depth);
		emit_index(g, OP_call, HOST_MIX);
		return true;
	}
	unsigned start = random_below(&g->random, g->guest_count);
	for (unsigned i = 0; i < g->guest_count; i++) {
		unsigned function = g->guest_first + (start + i) % g->guest_count;
		const struct function_type *callee = &g->types[g->functions[function].type];
		if (callee->result_count == 0 || callee->results[0] != type)
			continue;
		struct function_type copy = *callee;
		call_emit(g, function, depth);
		results_keep_first(g, &copy);
		return true;
	}
	return false;
}

void control_call_statement(struct generator *g, int depth)
{
	unsigned function = g->guest_first + random_below(&g->random, g->guest_count);
	struct function_type type = g->types[g->functions[function].type];
	call_emit(g, function, depth);
	for (unsigned i = type.result_count; i > 0; i--) {
		int local = local_find(g, type.results[i - 1], true);
		if (local >= 0 && random_chance(&g->random, 60))
			emit_index(g, OP_local_set, (uint32_t)local);
		else
			emit_op(g, OP_drop);
	}
}
