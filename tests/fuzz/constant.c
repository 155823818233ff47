/*
 * constant.c: numbers at which things change, and others.
 */
#include "tests/fuzz/generator.h"

static uint64_t constant_power(struct generator *g, unsigned bits)
{
	uint64_t power = UINT64_C(1) << random_below(&g->random, bits);
	switch (random_below(&g->random, 4)) {
	case 0:
		return power - 1;
	case 1:
		return power + 1;
	case 2:
		return 0 - power;
	default:
		return power;
	}
}

uint32_t constant_i32(struct generator *g)
{
	unsigned dice = random_below(&g->random, 10);
	if (dice < 4)
		return random_below(&g->random, 20) - 4;
	if (dice < 7)
		return (uint32_t)constant_power(g, 32);
	if (dice < 8)
		return random_chance(&g->random, 50) ? 0x7fffffff : 0x80000000;
	return (uint32_t)random_next(&g->random) >> random_below(&g->random, 32);
}

uint64_t constant_i64(struct generator *g)
{
	unsigned dice = random_below(&g->random, 10);
	if (dice < 4)
		return (uint64_t)random_below(&g->random, 20) - 4;
	if (dice < 7)
		return constant_power(g, 64);
	if (dice < 8)
		return random_chance(&g->random, 50) ? INT64_MAX : UINT64_C(1) << 63;
	return random_next(&g->random) >> random_below(&g->random, 64);
}

/* Exponents around which conversions change: of 2^31, 2^32, 2^63, 2^64, and rounding's limit. */
uint32_t constant_f32(struct generator *g)
{
	static const uint32_t numbers[] = {0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000,
			0xff800000, 0x7fc00000, 0xffc00000, 0x7fa12345, 0xff812345, 0x7fffffff,
			0x00000001, 0x80000001, 0x007fffff, 0x00800000, 0x7f7fffff, 0xff7fffff,
			0x3f000000, 0xbf000000, 0x3fc00000, 0x40200000, 0x4effffff, 0x4f000000,
			0x4f7fffff, 0x4f800000, 0xcf000000, 0xcf000001, 0x5effffff, 0x5f000000,
			0x5f7fffff, 0x5f800000, 0xdf000000, 0xdf000001, 0x4b000001, 0x4affffff};
	unsigned dice = random_below(&g->random, 10);
	if (dice < 6)
		return numbers[random_below(&g->random, sizeof numbers / sizeof numbers[0])];
	if (dice < 8)
		return 0x3c000000 + random_below(&g->random, 0x10000000);
	return (uint32_t)random_next(&g->random);
}

uint64_t constant_f64(struct generator *g)
{
	static const uint64_t numbers[] = {0, UINT64_C(0x8000000000000000),
			UINT64_C(0x3ff0000000000000), UINT64_C(0xbff0000000000000),
			UINT64_C(0x7ff0000000000000), UINT64_C(0xfff0000000000000),
			UINT64_C(0x7ff8000000000000), UINT64_C(0xfff8000000000000),
			UINT64_C(0x7ff4000012345678), UINT64_C(0xfff0000000000001),
			UINT64_C(0x7fffffffffffffff), 1, UINT64_C(0x8000000000000001),
			UINT64_C(0x000fffffffffffff), UINT64_C(0x0010000000000000),
			UINT64_C(0x7fefffffffffffff), UINT64_C(0x3fe0000000000000),
			UINT64_C(0xbfe0000000000000), UINT64_C(0x3ff8000000000000),
			UINT64_C(0x4004000000000000), UINT64_C(0x41dfffffffc00000),
			UINT64_C(0x41e0000000000000), UINT64_C(0x41efffffffe00000),
			UINT64_C(0x41f0000000000000), UINT64_C(0xc1e0000000000000),
			UINT64_C(0xc1e0000000200000), UINT64_C(0x43dfffffffffffff),
			UINT64_C(0x43e0000000000000), UINT64_C(0x43efffffffffffff),
			UINT64_C(0x43f0000000000000), UINT64_C(0xc3e0000000000000),
			UINT64_C(0xc3e0000000000001), UINT64_C(0x47efffffe0000000),
			UINT64_C(0x47efffffefffffff), UINT64_C(0x47effffff0000000),
			UINT64_C(0x36a0000000000000), UINT64_C(0x3690000000000000),
			UINT64_C(0x4330000000000001), UINT64_C(0xbfefffffffffffff)};
	unsigned dice = random_below(&g->random, 10);
	if (dice < 6)
		return numbers[random_below(&g->random, sizeof numbers / sizeof numbers[0])];
	if (dice < 8)
		return UINT64_C(0x3f80000000000000) + (random_next(&g->random) >> 7);
	return random_next(&g->random);
}

/* Lanes are alike or not, and of every width. */
static void constant_vector(struct generator *g)
{
	uint64_t halves[2] = {constant_i64(g), constant_i64(g)};
	unsigned dice = random_below(&g->random, 8);
	if (dice < 3)
		halves[0] = halves[1] = constant_f64(g);
	else if (dice < 5)
		halves[0] = constant_f32(g) | (uint64_t)constant_f32(g) << 32;
	else if (dice < 6)
		halves[0] = halves[1] = constant_i32(g) * UINT64_C(0x100000001);
	emit_op(g, OP_v128_const);
	put_bytes(&g->body->code, halves, sizeof halves);
}

void constant_emit(struct generator *g, uint32_t type)
{
	switch (type) {
	case 'i':
		emit_i32(g, (int32_t)constant_i32(g));
		return;
	case 'I':
		emit_i64(g, (int64_t)constant_i64(g));
		return;
	case 'f':
		emit_f32(g, constant_f32(g));
		return;
	case 'F':
		emit_f64(g, constant_f64(g));
		return;
	case 'v':
		constant_vector(g);
		return;
	default:
		check(type_is_reference(type));
		reference_leaf(g, type);
	}
}
