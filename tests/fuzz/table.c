/*
 * table.c: operators on tables, references and calls through tables.
 */
#include "tests/fuzz/generator.h"

static uint32_t table_index_type(const struct generator *g, unsigned table)
{
	return g->tables[table].is_wide ? 'I' : 'i';
}

static void table_number(struct generator *g, unsigned table, uint32_t number)
{
	if (g->tables[table].is_wide)
		emit_i64(g, number);
	else
		emit_i32(g, (int32_t)number);
}

/* An index that is mostly inside. */
void table_index_emit(struct generator *g, unsigned table, int depth)
{
	unsigned dice = random_below(&g->random, 100);
	uint32_t size = g->tables[table].minimum;
	if (dice < g->profile.traps) {
		value_emit(g, table_index_type(g, table), depth);
		return;
	}
	if (dice < 50) {
		value_emit(g, table_index_type(g, table), depth);
		table_number(g, table, size >= 8 ? 7 : size >= 4 ? 3 : 0);
		emit_op(g, g->tables[table].is_wide ? OP_i64_and : OP_i32_and);
		return;
	}
	uint32_t over = random_below(&g->random, 100) < g->profile.traps;
	table_number(g, table, size + over ? random_below(&g->random, size + over) : 0);
}

static int table_find(struct generator *g, uint32_t type)
{
	unsigned start = random_below(&g->random, g->table_count + 1);
	for (unsigned i = 0; i < g->table_count; i++) {
		unsigned table = (start + i) % g->table_count;
		if (g->tables[table].type == type)
			return (int)table;
	}
	return -1;
}

int element_find(struct generator *g, uint32_t type)
{
	unsigned start = random_below(&g->random, g->element_count + 1);
	for (unsigned i = 0; i < g->element_count; i++) {
		unsigned segment = (start + i) % g->element_count;
		if (g->elements[segment].type == type)
			return (int)segment;
	}
	return -1;
}

static void table_grow(struct generator *g, unsigned table, int depth)
{
	value_emit(g, g->tables[table].type, depth);
	if (random_chance(&g->random, 80))
		table_number(g, table, random_below(&g->random, 4));
	else
		value_emit(g, table_index_type(g, table), depth);
	emit_index(g, OP_table_grow, table);
}

static bool reference_is_null(struct generator *g, int depth)
{
	value_emit(g, reference_type(g), depth);
	emit_op(g, OP_ref_is_null);
	return true;
}

bool table_value(struct generator *g, uint32_t type, int depth)
{
	if (type != 'i') {
		int table = table_find(g, type);
		if (table < 0)
			return false;
		table_index_emit(g, (unsigned)table, depth - 1);
		emit_index(g, OP_table_get, (uint32_t)table);
		return true;
	}
	if (g->table_count == 0 || g->profile.references == 0)
		return false;
	unsigned table = random_below(&g->random, g->table_count);
	if (g->tables[table].is_wide || random_chance(&g->random, 40))
		return reference_is_null(g, depth - 1);
	if (random_chance(&g->random, 60))
		emit_index(g, OP_table_size, table);
	else
		table_grow(g, table, depth - 1);
	return true;
}

static void table_length(struct generator *g, bool is_wide)
{
	uint32_t length = random_below(&g->random, 100) < g->profile.traps
			? random_below(&g->random, 40)
			: random_below(&g->random, 4);
	if (is_wide)
		emit_i64(g, length);
	else
		emit_i32(g, (int32_t)length);
}

static void table_copy(struct generator *g, unsigned to, int depth)
{
	int from = table_find(g, g->tables[to].type);
	table_index_emit(g, to, depth);
	table_index_emit(g, (unsigned)from, depth);
	table_length(g, g->tables[to].is_wide && g->tables[from].is_wide);
	emit_index(g, OP_table_copy, to);
	put_unsigned(&g->body->code, (uint32_t)from);
}

static bool table_init(struct generator *g, unsigned table, int depth)
{
	if (g->element_count == 0)
		return false;
	unsigned segment = random_below(&g->random, g->element_count);
	const struct element_segment *elements = &g->elements[segment];
	if (elements->type != g->tables[table].type)
		return false;
	table_index_emit(g, table, depth);
	emit_i32(g, (int32_t)random_below(&g->random, elements->count / 2 + 1));
	table_length(g, false);
	emit_index(g, OP_table_init, segment);
	put_unsigned(&g->body->code, table);
	return true;
}

static void table_set(struct generator *g, unsigned table, int depth)
{
	table_index_emit(g, table, depth);
	value_emit(g, g->tables[table].type, depth);
	emit_index(g, OP_table_set, table);
}

void table_statement(struct generator *g, int depth)
{
	if (g->table_count == 0)
		return;
	unsigned dice = random_below(&g->random, 100);
	unsigned table = random_below(&g->random, g->table_count);
	if (dice < 15) {
		table_index_emit(g, table, depth);
		value_emit(g, g->tables[table].type, depth);
		table_length(g, g->tables[table].is_wide);
		emit_index(g, OP_table_fill, table);
		return;
	}
	if (dice < 40) {
		table_copy(g, table, depth);
		return;
	}
	if (dice < 60 && table_init(g, table, depth))
		return;
	if (dice < 68 && g->element_count) {
		emit_index(g, OP_elem_drop, random_below(&g->random, g->element_count));
		return;
	}
	if (dice < 75) {
		table_grow(g, table, depth);
		emit_op(g, OP_drop);
		return;
	}
	table_set(g, table, depth);
}

/* A place where an active segment puts a function of this type, or -1. */
static int table_place(const struct generator *g, unsigned table, unsigned type)
{
	for (unsigned i = 0; i < g->element_count; i++) {
		const struct element_segment *elements = &g->elements[i];
		if (!elements->is_active || elements->table != table)
			continue;
		for (unsigned k = 0; k < elements->count; k++) {
			uint32_t function = elements->functions[k];
			if (function && g->functions[function - 1].type == type)
				return (int)(elements->offset + k);
		}
	}
	return -1;
}

bool table_call(struct generator *g, unsigned type, int depth, enum op op)
{
	int table = table_find(g, TYPE_FUNCREF);
	if (table < 0)
		return false;
	int place = table_place(g, (unsigned)table, type);
	bool is_wild = random_below(&g->random, 100) < g->profile.traps;
	if (place < 0 && !is_wild)
		return false;
	values_emit(g, g->types[type].parameters, g->types[type].parameter_count, depth);
	if (is_wild)
		table_index_emit(g, (unsigned)table, depth);
	else
		table_number(g, (unsigned)table, (uint32_t)place);
	emit_index(g, op, type);
	put_unsigned(&g->body->code, (uint32_t)table);
	return true;
}
