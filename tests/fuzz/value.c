/*
 * value.c: code that leaves a value of a wanted type.
 */
#include "tests/fuzz/generator.h"

/* A NaN of which nothing is known becomes the canonical one: x, NaN, x == x, select. */
void value_canonicalise(struct generator *g, uint32_t type)
{
	unsigned local = local_scratch(g, type);
	emit_index(g, OP_local_tee, local);
	if (type == 'f')
		emit_f32(g, 0x7fc00000);
	else
		emit_f64(g, UINT64_C(0x7ff8000000000000));
	emit_index(g, OP_local_get, local);
	emit_index(g, OP_local_get, local);
	emit_op(g, type == 'f' ? OP_f32_eq : OP_f64_eq);
	emit_op(g, OP_select);
}

/* The same in each lane: x, NaNs, x == x, bitselect. */
void value_canonicalise_lanes(struct generator *g, char lane)
{
	uint64_t nans = lane == 'f' ? UINT64_C(0x7fc000007fc00000) : UINT64_C(0x7ff8000000000000);
	unsigned local = local_scratch(g, 'v');
	emit_index(g, OP_local_tee, local);
	emit_op(g, OP_v128_const);
	put_bytes(&g->body->code, &nans, sizeof nans);
	put_bytes(&g->body->code, &nans, sizeof nans);
	emit_index(g, OP_local_get, local);
	emit_index(g, OP_local_get, local);
	emit_op(g, lane == 'f' ? OP_f32x4_eq : OP_f64x2_eq);
	emit_op(g, OP_v128_bitselect);
}

void value_determined(struct generator *g, uint32_t type, int depth)
{
	if (!value_emit(g, type, depth) && type_is_float(type))
		value_canonicalise(g, type);
}

void values_emit(struct generator *g, const uint32_t *types, unsigned count, int depth)
{
	for (unsigned i = 0; i < count; i++)
		value_emit(g, types[i], depth);
}

static int global_find(struct generator *g, uint32_t type)
{
	unsigned start = random_below(&g->random, g->global_count);
	for (unsigned i = 0; i < g->global_count; i++) {
		unsigned index = (start + i) % g->global_count;
		if (index != GLOBAL_FUEL && g->globals[index].type == type)
			return (int)index;
	}
	return -1;
}

/* Without operands: a local, a global or a constant. */
bool value_leaf(struct generator *g, uint32_t type)
{
	unsigned dice = random_below(&g->random, 100);
	int local = dice < 65 ? local_find(g, type, false) : -1;
	if (local >= 0) {
		emit_index(g, OP_local_get, (uint32_t)local);
		return !type_is_float(type);
	}
	int global = dice < 80 ? global_find(g, type) : -1;
	if (global >= 0) {
		emit_index(g, OP_global_get, (uint32_t)global);
		return !type_is_float(type);
	}
	if (g->memory_count && random_chance(&g->random, 6)) {
		unsigned memory = random_below(&g->random, g->memory_count);
		if (memory_index_type(g, memory) == type) {
			emit_index(g, OP_memory_size, memory);
			return true;
		}
	}
	constant_emit(g, type);
	return true;
}

bool value_select(struct generator *g, uint32_t type, int depth)
{
	bool determined = value_emit(g, type, depth);
	determined &= value_emit(g, type, depth);
	value_emit(g, 'i', depth);
	if (!type_is_reference(type) && random_chance(&g->random, 70)) {
		emit_op(g, OP_select);
		return determined;
	}
	emit_op(g, OP_select_typed);
	put_byte(&g->body->code, 1);
	put_type(&g->body->code, type);
	return determined;
}

static bool value_tee(struct generator *g, uint32_t type, int depth)
{
	int local = local_find(g, type, true);
	bool determined = value_emit(g, type, depth);
	if (local >= 0)
		emit_index(g, OP_local_tee, (uint32_t)local);
	return determined;
}

/* A value, perhaps of a load that can trap, of which little or nothing is used. */
static bool value_ignored(struct generator *g, uint32_t type, int depth)
{
	bool is_wide = type == 'I';
	value_emit(g, type, depth);
	int64_t mask = random_chance(&g->random, 50)
			? 0
			: INT64_C(0xff) << random_below(&g->random, 24);
	if (is_wide)
		emit_i64(g, mask);
	else
		emit_i32(g, (int32_t)mask);
	bool is_and = random_chance(&g->random, 70);
	if (is_wide)
		emit_op(g, is_and ? OP_i64_and : OP_i64_mul);
	else
		emit_op(g, is_and ? OP_i32_and : OP_i32_mul);
	return true;
}

static bool value_numeric(struct generator *g, uint32_t type, int depth)
{
	unsigned dice = random_below(&g->random, 100);
	if (dice < 6)
		return value_select(g, type, depth);
	if (dice < 12)
		return value_tee(g, type, depth);
	if (dice < 16 && (type == 'i' || type == 'I'))
		return value_ignored(g, type, depth);
	if (dice < 22 && type == 'i' && !g->body->counted && table_value(g, type, depth))
		return true;
	if (random_chance(&g->random, g->profile.objects) && object_numeric(g, type, depth))
		return false;
	enum op op = operator_for(g, type);
	return op == OP_NONE ? value_leaf(g, type) : operator_emit(g, op, depth);
}

bool value_emit(struct generator *g, uint32_t type, int depth)
{
	if (depth <= 0 || g->body->budget <= 0 || random_chance(&g->random, 12))
		return value_leaf(g, type);
	if (!g->body->counted) {
		if (random_below(&g->random, 100) < g->profile.control) {
			control_emit(g, &type, 1, depth - 1);
			return false;
		}
		if (random_below(&g->random, 100) < g->profile.calls &&
				control_call_for(g, type, depth - 1))
			return false;
		if (random_chance(&g->random, g->profile.exceptions) &&
				exception_value(g, type, depth - 1))
			return false;
		if (random_chance(&g->random, 1)) {
			control_leave(g, depth - 1);
			return true;
		}
	}
	if (type_is_reference(type))
		return reference_value(g, type, depth);
	return value_numeric(g, type, depth);
}
