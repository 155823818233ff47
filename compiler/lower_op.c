/*
 * lower_op.c: from rows to families. The only file that reads the lowering columns of
 * ops.def; each row becomes a function of two lines, and an entry in a table.
 */
#include "compiler/lower_atomic.h"
#include "compiler/lower_vector.h"
#include "compiler/source_lines.h"

typedef void (*op_lowering)(struct lowering *l);

/* Type names of the shape and argument columns stand for the types of the module at hand. */
#define SV_CONTROL(code, feature, name, text, immediate)
#define SV_OP_NAMED( \
		code, feature, shape, verb, text, immediate, limit, signature, family, ...) \
	static void op_##shape##_##verb(struct lowering *l) \
	{ \
		const LLVMTypeRef i8 = l->ir->i8, i16 = l->ir->i16, i32 = l->ir->i32; \
		const LLVMTypeRef i64 = l->ir->i64, f32 = l->ir->f32, f64 = l->ir->f64; \
		const LLVMTypeRef v128 = l->ir->v128, i8x16 = l->ir->i8x16, i16x8 = l->ir->i16x8; \
		const LLVMTypeRef i32x4 = l->ir->i32x4, i64x2 = l->ir->i64x2; \
		const LLVMTypeRef f32x4 = l->ir->f32x4, f64x2 = l->ir->f64x2; \
		(void)i8, (void)i16, (void)i32, (void)i64, (void)f32, (void)f64, (void)v128; \
		(void)i8x16, (void)i16x8, (void)i32x4, (void)i64x2, (void)f32x4, (void)f64x2; \
		lower_##family(l, shape __VA_OPT__(, ) __VA_ARGS__); \
	}
#include "compiler/ops.def"
#undef SV_OP_NAMED
#undef SV_CONTROL

static const op_lowering op_lowerings[OP_COUNT] = {
#define SV_OP_NAMED(code, feature, shape, verb, ...) [OP_##shape##_##verb] = op_##shape##_##verb,
#define SV_CONTROL(code, feature, name, text, immediate) [OP_##name] = lower_##name,
#include "compiler/ops.def"
#undef SV_OP_NAMED
#undef SV_CONTROL
};

void lower_op(struct lowering *l)
{
	/* Only what may trap needs one, but debuggers and people like to see all. */
	if (l->ir->options->all_positions || (l->ir->lines && l->ir->lines->row_count))
		trap_mark_position(l);
	else
		LLVMSetCurrentDebugLocation2(l->ir->builder, NULL);
	fuel_count(l);
	op_lowerings[l->at->op](l);
}
