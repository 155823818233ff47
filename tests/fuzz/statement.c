/*
 * statement.c: code that leaves nothing on the stack.
 */
#include "tests/fuzz/generator.h"

static void statement_local(struct generator *g, int depth)
{
	unsigned start = random_below(&g->random, g->body->local_count);
	const struct local *local = &g->body->locals[start];
	if (local->reserved) {
		emit_op(g, OP_nop);
		return;
	}
	value_emit(g, local->type, depth);
	emit_index(g, OP_local_set, start);
}

static void statement_global(struct generator *g, int depth)
{
	unsigned index = random_below(&g->random, g->global_count);
	const struct global *global = &g->globals[index];
	if (global->reserved || !global->is_mutable)
		return;
	value_emit(g, global->type, depth);
	emit_index(g, OP_global_set, index);
}

static void statement_store(struct generator *g, int depth)
{
	enum op op = operator_without_result(g);
	if (op != OP_NONE)
		operator_emit(g, op, depth);
}

/* A value that nobody uses, with its traps. */
static void statement_drop(struct generator *g, int depth)
{
	value_emit(g, type_random_value(g), depth);
	emit_op(g, OP_drop);
}

/* A load whose value is used on one way only: its trap is due on both. */
static void statement_late(struct generator *g, int depth)
{
	static const uint16_t loads[] = {OP_i32_load, OP_i32_load8_s, OP_i32_load16_u, OP_i32_load};
	int local = local_find(g, 'i', true);
	if (local < 0 || g->memory_count == 0 || g->memories[0].is_wide)
		return;
	enum op load = loads[random_below(&g->random, 4)];
	unsigned width = 1u << op_info(load)->limit;
	uint64_t offset = address_emit(g, 0, width, depth);
	emit_op(g, load);
	memarg_put(g, 0, op_info(load)->limit, false, offset);
	emit_index(g, OP_local_set, (uint32_t)local);
	statements_emit(g, random_below(&g->random, 2), depth);
	value_emit(g, 'i', depth);
	emit_op(g, OP_if);
	put_byte(&g->body->code, 0x40);
	label_push(g, NULL, 0, false);
	emit_index(g, OP_local_get, (uint32_t)local);
	record_emit(g, 'i');
	emit_op(g, OP_end);
	g->body->label_count--;
}

/* The host is told a number on the way. */
static void statement_record(struct generator *g, int depth)
{
	uint32_t type = random_chance(&g->random, 50) ? 'i' : type_random_value(g);
	value_emit(g, type, depth);
	record_emit(g, type);
}

static void statement_block(struct generator *g, int depth)
{
	unsigned count = random_chance(&g->random, 70) ? 0 : random_from(&g->random, 1, 3);
	uint32_t types[3] = {0};
	for (unsigned i = 0; i < count; i++)
		types[i] = type_random_value(g);
	control_emit(g, types, count, depth);
	for (unsigned i = count; i > 0; i--) {
		int local = local_find(g, types[i - 1], true);
		if (local >= 0 && random_chance(&g->random, 70))
			emit_index(g, OP_local_set, (uint32_t)local);
		else
			emit_op(g, OP_drop);
	}
}

static void statement_control(struct generator *g, int depth)
{
	unsigned dice = random_below(&g->random, 100);
	if (dice < 70)
		statement_block(g, depth);
	else if (dice < 90)
		control_branch_if(g, depth);
	else if (dice < 98)
		emit_op(g, OP_nop);
	else
		control_leave(g, depth);
}

void statement_emit(struct generator *g, int depth)
{
	const struct profile *profile = &g->profile;
	if (depth <= 0 || g->body->budget <= 0)
		return;
	unsigned weights[] = {25, 12, 5 + profile->memory, 8, 4, profile->control * 2,
			profile->calls, profile->memory / 3, profile->references, profile->loops,
			profile->objects, profile->memory / 5};
	unsigned total = 0, at = 0;
	for (size_t i = 0; i < sizeof weights / sizeof weights[0]; i++)
		total += weights[i];
	unsigned dice = random_below(&g->random, total);
	while (dice >= weights[at])
		dice -= weights[at++];
	static void (*const makers[])(struct generator *g, int depth) = {statement_local,
			statement_global, statement_store, statement_drop, statement_record,
			statement_control, control_call_statement, memory_statement,
			table_statement, loop_statement, object_statement, statement_late};
	makers[at](g, depth - 1);
}

void statements_emit(struct generator *g, unsigned count, int depth)
{
	for (unsigned i = 0; i < count; i++)
		statement_emit(g, depth);
}
