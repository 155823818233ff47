/*
 * op.c: the operator table as data, and the way from a code back to its operator.
 */
#include "compiler/op.h"

#include <stddef.h>

#include "base/check.h"

static const struct op_info infos[OP_COUNT] = {
#define SV_OP_NAMED(code, feature, shape, verb, text, immediate, limit, signature, ...) \
	[OP_##shape##_##verb] = {code, feature, text, signature, IMM_##immediate, limit},
#define SV_CONTROL(code, feature, name, text, immediate) \
	[OP_##name] = {code, feature, text, NULL, IMM_##immediate, 0},
#include "compiler/ops.def"
#undef SV_OP_NAMED
#undef SV_CONTROL
};

/*
 * Codes have one byte, or a prefix 0xfb..0xff and a number below 512: each has a cell of
 * its own. Two rows with one code are refused by the compiler (-Woverride-init).
 */
#define FIRST_PREFIX 0xfbu
#define NUMBERS 512u
#define CELL(code) \
	((code) < 0x100 ? (code) \
			: ((((code) >> 12) - FIRST_PREFIX + 1) * NUMBERS + ((code) & 0xfff)))
#define CELLS (6 * NUMBERS)

static const uint16_t ops_by_cell[CELLS] = {
#define SV_OP_NAMED(code, feature, shape, verb, ...) [CELL(code)] = OP_##shape##_##verb,
#define SV_CONTROL(code, feature, name, text, immediate) [CELL(code)] = OP_##name,
#include "compiler/ops.def"
#undef SV_OP_NAMED
#undef SV_CONTROL
};

const struct op_info *op_info(enum op op)
{
	check(op > OP_NONE && op < OP_COUNT);
	return &infos[op];
}

enum op op_find(uint32_t code)
{
	if (code < 0x100)
		return ops_by_cell[code];
	uint32_t prefix = code >> 12;
	if (prefix < FIRST_PREFIX || prefix > 0xff || (code & 0xfff) >= NUMBERS)
		return OP_NONE;
	return ops_by_cell[CELL(code)];
}

bool op_opens_block(enum op op)
{
	enum immediate immediate = op_info(op)->immediate;
	return immediate == IMM_BLOCK || immediate == IMM_TRY_TABLE;
}

bool op_closes_block(enum op op)
{
	return op == OP_end || op == OP_delegate;
}
