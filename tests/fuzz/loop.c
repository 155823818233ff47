/*
 * loop.c: counted loops over memory as compilers write them, for LLVM to unroll, vectorise and
 * turn into fills and copies; some run out of bounds part of the way.
 */
#include "tests/fuzz/generator.h"

/* An address that moves with the innermost counter: constant + (counter << scale). */
uint64_t loop_address(struct generator *g, unsigned memory, unsigned width)
{
	unsigned scale = 0;
	bool is_wide = g->memories[memory].is_wide;
	uint64_t size = (uint64_t)g->memories[memory].minimum << g->memories[memory].page_shift;
	while (1u << scale < width)
		scale++;
	if (random_chance(&g->random, 15))
		scale = random_below(&g->random, 5);
	emit_index(g, OP_local_get, g->body->counter);
	if (is_wide)
		emit_op(g, OP_i64_extend_i32_u);
	if (scale) {
		if (is_wide)
			emit_i64(g, scale);
		else
			emit_i32(g, (int32_t)scale);
		emit_op(g, is_wide ? OP_i64_shl : OP_i32_shl);
	}
	uint64_t start = random_chance(&g->random, 60) ? 0 : random_below(&g->random, 160);
	/* Near the end, so that some turns fit and the next does not. */
	if (random_below(&g->random, 100) < g->profile.traps && size > 512)
		start = size - random_below(&g->random, 512);
	if (start <= 64 && random_chance(&g->random, 50))
		return start;
	if (is_wide)
		emit_i64(g, (int64_t)start);
	else
		emit_i32(g, (int32_t)start);
	emit_op(g, is_wide ? OP_i64_add : OP_i32_add);
	return random_chance(&g->random, 80) ? 0 : random_below(&g->random, 64);
}

/* The number of turns, in a new local. */
static unsigned loop_turns(struct generator *g, int depth)
{
	static const uint8_t masks[] = {7, 15, 31, 63};
	unsigned turns = local_add(g, 'i', true);
	unsigned most = g->body->counted ? 2 : 4;
	if (random_chance(&g->random, 40)) {
		emit_i32(g, (int32_t)random_below(&g->random, g->body->counted ? 9 : 70));
	} else {
		value_emit(g, 'i', depth > 2 ? 2 : depth);
		emit_i32(g, masks[random_below(&g->random, most)]);
		emit_op(g, OP_i32_and);
	}
	emit_index(g, OP_local_set, turns);
	return turns;
}

/* acc = acc op f(memory): sums, minima, masks. */
static void loop_accumulate(struct generator *g, int depth)
{
	uint32_t type = type_random_value(g);
	int local = type_is_reference(type) ? -1 : local_find(g, type, true);
	if (local < 0)
		return;
	operator_accumulate(g, type, (uint32_t)local, depth);
	emit_index(g, OP_local_set, (uint32_t)local);
}

static void loop_store(struct generator *g, int depth)
{
	enum op op = operator_without_result(g);
	if (op != OP_NONE)
		operator_emit(g, op, depth);
}

static void loop_part(struct generator *g, int depth)
{
	unsigned dice = random_below(&g->random, 100);
	if (g->memory_count == 0 || dice < 25) {
		loop_accumulate(g, depth);
		return;
	}
	if (dice < 65) {
		loop_store(g, depth);
		return;
	}
	if (dice < 80) {
		value_emit(g, 'i', depth);
		emit_op(g, OP_if);
		put_byte(&g->body->code, 0x40);
		loop_store(g, depth);
		emit_op(g, OP_end);
		return;
	}
	if (dice < 88 && g->body->counted < 2 && g->body->budget > 12) {
		loop_statement(g, depth);
		return;
	}
	/* A load nobody looks at. */
	value_emit(g, random_chance(&g->random, 60) ? 'i' : 'I', depth);
	emit_op(g, OP_drop);
}

static void loop_body(struct generator *g, int depth)
{
	unsigned parts = random_from(&g->random, 1, 3);
	unsigned counter = g->body->counter;
	for (unsigned i = 0; i < parts; i++) {
		loop_part(g, depth > 3 ? 3 : depth);
		g->body->counter = counter;
	}
}

/* counter += step, and the comparison that says whether there is another turn. */
static void loop_step(struct generator *g, unsigned counter, unsigned turns, int step)
{
	emit_index(g, OP_local_get, counter);
	emit_i32(g, step);
	emit_op(g, OP_i32_add);
	emit_index(g, OP_local_tee, counter);
	if (step < 0) {
		emit_i32(g, 0);
		emit_op(g, OP_i32_ge_s);
		return;
	}
	emit_index(g, OP_local_get, turns);
	emit_op(g, random_chance(&g->random, 50) ? OP_i32_lt_s : OP_i32_lt_u);
}

static void loop_branch(struct generator *g, enum op op, unsigned depth)
{
	emit_op(g, op);
	put_unsigned(&g->body->code, depth);
}

/* block: leave if there are no turns; loop: the body, the step, again. */
static void loop_emit(struct generator *g, unsigned counter, unsigned turns, int step, int depth)
{
	struct body *body = g->body;
	emit_op(g, OP_block);
	put_byte(&body->code, 0x40);
	if (random_chance(&g->random, 80)) {
		emit_index(g, OP_local_get, turns);
		emit_op(g, OP_i32_eqz);
		loop_branch(g, OP_br_if, 0);
	}
	emit_op(g, OP_loop);
	put_byte(&body->code, 0x40);
	body->counted++;
	loop_body(g, depth);
	if (random_chance(&g->random, 12)) {
		value_emit(g, 'i', 2);
		loop_branch(g, OP_br_if, 1);
	}
	body->counted--;
	loop_step(g, counter, turns, step);
	loop_branch(g, OP_br_if, 0);
	emit_op(g, OP_end);
	emit_op(g, OP_end);
}

void loop_statement(struct generator *g, int depth)
{
	struct body *body = g->body;
	if (body->local_count + 16 > MAX_BODY_LOCALS)
		return;
	unsigned outer = body->counter;
	unsigned turns = loop_turns(g, depth);
	unsigned counter = local_add(g, 'i', true);
	int step = random_chance(&g->random, 80) ? 1 : random_chance(&g->random, 50) ? 2 : -1;
	if (step < 0)
		emit_index(g, OP_local_get, turns);
	else
		emit_i32(g, 0);
	emit_index(g, OP_local_set, counter);
	body->counter = counter;
	loop_emit(g, counter, turns, step, depth);
	body->counter = outer;
}
