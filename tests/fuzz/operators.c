/*
 * operators.c: rows of the operator table that have a signature: which yields what, and how each
 * is written with its operands and immediates.
 */
#include "tests/fuzz/generator.h"

#include <string.h>

/* What the table does not say, from the names. */
struct row_facts {
	bool shows_bits; /* float operands can be seen bit by bit afterwards */
	bool divides;    /* the last operand had better not be 0 */
	bool truncates;  /* the operand had better be small */
	bool keeps_bits; /* a float result is determined if the operands are */
	bool is_exact;   /* a float result is never a NaN that arithmetic made */
	bool is_vector;
	bool is_private; /* V8 may differ, or has it not */
	bool waits;
	char makes_nans; /* vectors: 'f' or 'F' lanes, whose NaNs are free; 0: none */
};

enum { LIST_LENGTH = 320 };

/* Rows by the letter of their last result; 0: without results. */
static struct {
	bool ready;
	struct row_facts facts[OP_COUNT];
	uint16_t lists[128][LIST_LENGTH];
	unsigned counts[128];
} rows;

static bool name_has(const char *name, const char *part)
{
	return strstr(name, part) != NULL;
}

/* Arithmetic on lanes: the operators of which the specification lets NaNs be any. */
static char row_nans(const char *name)
{
	static const char *const verbs[] = {".ceil", ".floor", ".trunc", ".nearest", ".sqrt",
			".add", ".sub", ".mul", ".div", ".min", ".max", ".demote", ".promote",
			".relaxed_m", ".relaxed_nmadd"};
	bool is_narrow = strncmp(name, "f32x4", 5) == 0;
	if (!is_narrow && strncmp(name, "f64x2", 5) != 0)
		return 0;
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
		if (name_has(name, verbs[i]))
			return is_narrow ? 'f' : 'F';
	}
	return 0;
}

static void row_learn(enum op op)
{
	const struct op_info *info = op_info(op);
	const char *name = info->name;
	struct row_facts *facts = &rows.facts[op];
	facts->shows_bits = name_has(name, "store") || name_has(name, "reinterpret") ||
			name_has(name, "copysign") || name_has(name, "splat") ||
			name_has(name, "replace_lane");
	facts->divides = name_has(name, ".div_") || name_has(name, ".rem_");
	facts->truncates = name_has(name, ".trunc_f");
	facts->keeps_bits = name_has(name, ".abs") || name_has(name, ".neg") ||
			name_has(name, ".copysign") || name_has(name, "splat") ||
			name_has(name, "replace_lane");
	facts->is_exact = name_has(name, "load") || name_has(name, ".const") ||
			name_has(name, "reinterpret") || name_has(name, ".convert_") ||
			name_has(name, "extract_lane");
	facts->is_vector = strchr(info->signature, 'v') != NULL;
	facts->is_private = name_has(name, "relaxed") || name_has(name, "128") ||
			name_has(name, "_wide_");
	facts->waits = name_has(name, ".wait");
	facts->makes_nans = row_nans(name);
}

/* Immediates that operator_immediate can write. */
static bool row_is_known(const struct op_info *info)
{
	switch (info->immediate) {
	case IMM_NONE:
	case IMM_MEMARG:
	case IMM_LANE:
	case IMM_LANES:
	case IMM_MEMARG_LANE:
	case IMM_MEMARG_EXACT:
	case IMM_ZERO:
		return true;
	default:
		return false;
	}
}

static bool row_is_access(const struct op_info *info)
{
	return info->immediate == IMM_MEMARG || info->immediate == IMM_MEMARG_LANE ||
			info->immediate == IMM_MEMARG_EXACT;
}

static void rows_prepare(void)
{
	for (unsigned op = OP_NONE + 1; op < OP_COUNT; op++) {
		const struct op_info *info = op_info(op);
		if (!info->signature)
			continue;
		row_learn(op);
		/* Constants are leaves, and written by constant_emit. */
		if (!row_is_known(info) || strcmp(strchr(info->name, '.'), ".const") == 0)
			continue;
		const char *results = strchr(info->signature, ':') + 1;
		unsigned letter = *results ? (uint8_t)results[strlen(results) - 1] : 0;
		check(rows.counts[letter] < LIST_LENGTH);
		rows.lists[letter][rows.counts[letter]++] = (uint16_t)op;
	}
	rows.ready = true;
}

static bool row_fits(const struct generator *g, enum op op)
{
	const struct op_info *info = op_info(op);
	if (row_is_access(info) && g->memory_count == 0)
		return false;
	if (rows.facts[op].is_vector && g->profile.vectors == 0)
		return false;
	if (rows.facts[op].is_private && !g->profile.is_private)
		return false;
	/* Floats in a module of integers are rare, not absent: conversions are from and to them. */
	bool has_float = strpbrk(info->signature, "fF");
	return !has_float || g->profile.floats > 0;
}

static enum op row_draw(struct generator *g, unsigned letter)
{
	if (!rows.ready)
		rows_prepare();
	if (rows.counts[letter] == 0)
		return OP_NONE;
	for (unsigned tries = 0; tries < 20; tries++) {
		enum op op = rows.lists[letter][random_below(&g->random, rows.counts[letter])];
		bool is_access = row_is_access(op_info(op));
		/* There are many kinds of loads; memory-minded modules draw them gladly. */
		if (is_access && !random_chance(&g->random, 25 + g->profile.memory))
			continue;
		if (row_fits(g, op))
			return op;
	}
	return OP_NONE;
}

enum op operator_for(struct generator *g, uint32_t type)
{
	return type_is_reference(type) ? OP_NONE : row_draw(g, type & 0x7f);
}

enum op operator_without_result(struct generator *g)
{
	return row_draw(g, 0);
}

/* A divisor that is mostly not 0, and mostly not known to be so. */
static void operand_divisor(struct generator *g, uint32_t type, int depth)
{
	value_emit(g, type, depth);
	if (random_below(&g->random, 100) < g->profile.traps)
		return;
	if (type == 'i') {
		emit_i32(g, 1 << random_below(&g->random, 4));
		emit_op(g, OP_i32_or);
		return;
	}
	emit_i64(g, 1 << random_below(&g->random, 4));
	emit_op(g, OP_i64_or);
}

/* A float that mostly fits in an integer. */
static void operand_truncated(struct generator *g, uint32_t type, int depth)
{
	if (random_below(&g->random, 100) < g->profile.traps) {
		value_emit(g, type, depth);
		return;
	}
	value_emit(g, 'i', depth);
	emit_i32(g, 0x7fff);
	emit_op(g, OP_i32_and);
	emit_op(g, type == 'f' ? OP_f32_convert_i32_s : OP_f64_convert_i32_s);
}

/* Atomic accesses are aligned, most of them. */
static uint64_t operand_address(struct generator *g, const struct op_info *info, unsigned memory,
		int depth)
{
	uint64_t width = UINT64_C(1) << info->limit;
	uint64_t offset = address_emit(g, memory, (unsigned)width, depth);
	if (info->immediate != IMM_MEMARG_EXACT || random_below(&g->random, 100) < g->profile.traps)
		return offset;
	if (g->memories[memory].is_wide) {
		emit_i64(g, -(int64_t)width);
		emit_op(g, OP_i64_and);
	} else {
		emit_i32(g, -(int32_t)width);
		emit_op(g, OP_i32_and);
	}
	return offset & ~(width - 1);
}

static bool operand_emit(struct generator *g, enum op op, uint32_t type, bool is_last, int depth)
{
	const struct row_facts *facts = &rows.facts[op];
	if (facts->divides && is_last && (type == 'i' || type == 'I')) {
		operand_divisor(g, type, depth);
		return true;
	}
	if (facts->waits && is_last) {
		/* Nobody will ever wake it: nanoseconds. */
		emit_i64(g, random_below(&g->random, 1000));
		return true;
	}
	if (facts->truncates && type_is_float(type)) {
		operand_truncated(g, type, depth);
		return true;
	}
	if (facts->shows_bits && type_is_float(type)) {
		value_determined(g, type, depth);
		return true;
	}
	return value_emit(g, type, depth);
}

/* Of several results the last is wanted: the others are dropped from below it. */
static void results_reduce(struct generator *g, const char *results)
{
	size_t count = strlen(results);
	if (count < 2)
		return;
	uint32_t type = type_of_letter(results[count - 1]);
	unsigned local = local_scratch(g, type);
	emit_index(g, OP_local_set, local);
	for (size_t i = 0; i + 1 < count; i++)
		emit_op(g, OP_drop);
	emit_index(g, OP_local_get, local);
}

static void immediate_put(struct generator *g, const struct op_info *info, unsigned memory,
		uint64_t offset)
{
	struct buffer *code = &g->body->code;
	if (row_is_access(info))
		memarg_put(g, memory, info->limit, info->immediate == IMM_MEMARG_EXACT, offset);
	if (info->immediate == IMM_MEMARG_LANE)
		put_byte(code, random_below(&g->random, 16u >> info->limit));
	if (info->immediate == IMM_ZERO)
		put_byte(code, 0);
	if (info->immediate == IMM_LANE)
		put_byte(code, random_below(&g->random, info->limit));
	for (unsigned i = 0; info->immediate == IMM_LANES && i < 16; i++)
		put_byte(code, random_below(&g->random, info->limit));
}

bool operator_emit(struct generator *g, enum op op, int depth)
{
	const struct op_info *info = op_info(op);
	const struct row_facts *facts = &rows.facts[op];
	const char *results = strchr(info->signature, ':') + 1;
	bool determined = true;
	unsigned memory = g->memory_count ? random_below(&g->random, g->memory_count) : 0;
	uint64_t offset = 0;
	for (const char *letter = info->signature; *letter != ':'; letter++) {
		if (*letter == 'm')
			offset = operand_address(g, info, memory, depth - 1);
		else
			determined &= operand_emit(g, op, type_of_letter(*letter), letter[1] == ':',
					depth - 1);
	}
	emit_op(g, op);
	immediate_put(g, info, memory, offset);
	results_reduce(g, results);
	if (facts->makes_nans)
		value_canonicalise_lanes(g, facts->makes_nans);
	if (!*results || !type_is_float((uint8_t)results[strlen(results) - 1]))
		return true;
	return facts->is_exact || (facts->keeps_bits && determined);
}

bool operator_fits(struct generator *g, enum op op)
{
	if (!rows.ready)
		rows_prepare();
	return op_info(op)->signature && row_is_known(op_info(op)) && row_fits(g, op);
}

void operator_allow(struct generator *g, enum op op)
{
	if (!rows.ready)
		rows_prepare();
	if (rows.facts[op].is_vector && g->profile.vectors == 0)
		g->profile.vectors = 20;
	if (rows.facts[op].is_private)
		g->profile.is_private = true;
}

void operator_accumulate(struct generator *g, uint32_t type, uint32_t local, int depth)
{
	const char wanted[] = {(char)type, (char)type, ':', (char)type, '\0'};
	for (unsigned tries = 0; tries < 30; tries++) {
		enum op op = operator_for(g, type);
		if (op == OP_NONE || strcmp(op_info(op)->signature, wanted) != 0 ||
				op_info(op)->immediate != IMM_NONE || rows.facts[op].divides ||
				rows.facts[op].shows_bits)
			continue;
		emit_index(g, OP_local_get, local);
		value_emit(g, type, depth);
		emit_op(g, op);
		if (rows.facts[op].makes_nans)
			value_canonicalise_lanes(g, rows.facts[op].makes_nans);
		return;
	}
	value_emit(g, type, depth);
}
