/*
 * memory.c: addresses, mostly inside and often near the end, and the bulk operators.
 */
#include "tests/fuzz/generator.h"

uint32_t memory_index_type(const struct generator *g, unsigned memory)
{
	return g->memories[memory].is_wide ? 'I' : 'i';
}

uint64_t memory_bytes(const struct generator *g, unsigned memory)
{
	return (uint64_t)g->memories[memory].minimum << g->memories[memory].page_shift;
}

static void address_constant(struct generator *g, unsigned memory, uint64_t value)
{
	if (g->memories[memory].is_wide)
		emit_i64(g, (int64_t)value);
	else
		emit_i32(g, (int32_t)(uint32_t)value);
}

/* Somewhere among the last bytes, where the access may or may not fit. */
static uint64_t address_edge(struct generator *g, unsigned memory, unsigned width)
{
	uint64_t size = memory_bytes(g, memory);
	uint64_t back = width + random_below(&g->random, 24);
	if (random_below(&g->random, 100) < g->profile.traps)
		back = random_below(&g->random, width + 1);
	return size > back ? size - back : 0;
}

/* A value of which only low bits are kept. */
static void address_masked(struct generator *g, unsigned memory, int depth)
{
	uint64_t size = memory_bytes(g, memory);
	uint64_t mask = size < 16 ? 0 : size / 2 - 1;
	if (random_chance(&g->random, 70))
		mask &= 0xff;
	value_emit(g, memory_index_type(g, memory), depth);
	address_constant(g, memory, mask);
	emit_op(g, g->memories[memory].is_wide ? OP_i64_and : OP_i32_and);
}

static uint64_t address_offset(struct generator *g, unsigned memory)
{
	unsigned dice = random_below(&g->random, 100);
	if (dice < 60)
		return 0;
	if (dice < 97)
		return random_below(&g->random, 64);
	if (random_below(&g->random, 100) >= g->profile.traps)
		return random_below(&g->random, 512);
	if (random_chance(&g->random, 50))
		return memory_bytes(g, memory) - random_below(&g->random, 300);
	if (g->memories[memory].is_wide && random_chance(&g->random, 50))
		return constant_i64(g);
	return UINT32_MAX - random_below(&g->random, 20);
}

uint64_t address_emit(struct generator *g, unsigned memory, unsigned width, int depth)
{
	if (g->body->counted && random_chance(&g->random, 75))
		return loop_address(g, memory, width);
	unsigned dice = random_below(&g->random, 100);
	if (dice < 40) {
		address_masked(g, memory, depth);
		return address_offset(g, memory);
	}
	if (dice < 80) {
		address_constant(g, memory, random_below(&g->random, 200));
		return address_offset(g, memory);
	}
	if (dice < 95 || random_below(&g->random, 100) >= g->profile.traps) {
		uint64_t edge = address_edge(g, memory, width);
		uint64_t offset = random_chance(&g->random, 50) && edge > 64
				? random_below(&g->random, 64)
				: 0;
		address_constant(g, memory, edge - offset);
		return offset;
	}
	value_emit(g, memory_index_type(g, memory), depth);
	return address_offset(g, memory);
}

void memarg_put(struct generator *g, unsigned memory, unsigned limit, bool exact, uint64_t offset)
{
	struct buffer *code = &g->body->code;
	unsigned align = exact ? limit : random_below(&g->random, limit + 1);
	if (random_chance(&g->random, 50))
		align = limit;
	put_unsigned(code, memory ? align | 0x40 : align);
	if (memory)
		put_unsigned(code, memory);
	put_unsigned(code, offset);
}

/* A length that mostly fits. */
static void length_emit(struct generator *g, uint32_t type, unsigned most, int depth)
{
	bool is_small = random_below(&g->random, 100) >= g->profile.traps;
	int64_t length = is_small ? random_below(&g->random, most + 1) : (int64_t)constant_i32(g);
	bool is_known = random_chance(&g->random, 60);
	if (!is_known)
		value_emit(g, type, depth);
	if (type == 'I')
		emit_i64(g, is_known ? length : 31);
	else
		emit_i32(g, is_known ? (int32_t)length : 31);
	if (!is_known)
		emit_op(g, type == 'I' ? OP_i64_and : OP_i32_and);
}

/* The bulk operators have no offset: what is drawn with the address is added to it. */
static void address_whole(struct generator *g, unsigned memory, int depth)
{
	uint64_t offset = address_emit(g, memory, 32, depth);
	if (offset == 0)
		return;
	address_constant(g, memory, offset);
	emit_op(g, g->memories[memory].is_wide ? OP_i64_add : OP_i32_add);
}

static void memory_fill(struct generator *g, int depth)
{
	unsigned memory = random_below(&g->random, g->memory_count);
	address_whole(g, memory, depth);
	value_emit(g, 'i', depth);
	length_emit(g, memory_index_type(g, memory), 100, depth);
	emit_index(g, OP_memory_fill, memory);
}

static void memory_copy(struct generator *g, int depth)
{
	unsigned to = random_below(&g->random, g->memory_count);
	unsigned from = random_below(&g->random, g->memory_count);
	address_whole(g, to, depth);
	address_whole(g, from, depth);
	bool is_wide = g->memories[to].is_wide && g->memories[from].is_wide;
	length_emit(g, is_wide ? 'I' : 'i', 100, depth);
	emit_index(g, OP_memory_copy, to);
	put_unsigned(&g->body->code, from);
}

static void memory_init(struct generator *g, int depth)
{
	unsigned memory = random_below(&g->random, g->memory_count);
	unsigned segment = random_below(&g->random, g->data_count);
	unsigned length = g->data[segment].length;
	address_whole(g, memory, depth);
	emit_i32(g, (int32_t)random_below(&g->random, length + 1));
	length_emit(g, 'i', random_chance(&g->random, 80) ? length / 2 : length, 0);
	emit_index(g, OP_memory_init, segment);
	put_unsigned(&g->body->code, memory);
}

static void memory_grow(struct generator *g, int depth)
{
	unsigned memory = random_below(&g->random, g->memory_count);
	if (random_chance(&g->random, 70))
		address_constant(g, memory, random_below(&g->random, 3));
	else
		value_emit(g, memory_index_type(g, memory), depth);
	emit_index(g, OP_memory_grow, memory);
	int local = local_find(g, memory_index_type(g, memory), true);
	if (local >= 0)
		emit_index(g, OP_local_set, (uint32_t)local);
	else
		emit_op(g, OP_drop);
}

void memory_statement(struct generator *g, int depth)
{
	unsigned dice = random_below(&g->random, 100);
	if (g->memory_count == 0)
		return;
	if (dice < 35)
		memory_fill(g, depth);
	else if (dice < 70)
		memory_copy(g, depth);
	else if (dice < 85 && g->data_count)
		memory_init(g, depth);
	else if (dice < 90 && g->data_count)
		emit_index(g, OP_data_drop, random_below(&g->random, g->data_count));
	else
		memory_grow(g, depth);
}
