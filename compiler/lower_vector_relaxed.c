/*
 * lower_vector_relaxed.c: relaxed SIMD. Each family has the results of the deterministic
 * profile (the first of the specification's choices), or else of the choice that this CPU
 * does in fewest instructions; the same choice for all operands, as the specification asks.
 */
#include "compiler/lower_vector.h"

static bool relaxed_is_native(const struct lowering *l)
{
	return l->ir->options->relaxed_simd == SV_RELAXED_SIMD_NATIVE;
}

/* Native: indices of 16 to 127 count modulo 16. */
void lower_relaxed_swizzle(struct lowering *l, LLVMTypeRef type)
{
	if (!relaxed_is_native(l)) {
		lower_swizzle(l, type);
		return;
	}
	LLVMValueRef indices = pop_as(l, type);
	push(l, cpu_shuffle_bytes(l, pop_as(l, type), indices));
}

/* Native: the least integer for signed ones that do not fit. Unsigned saturation costs no more. */
void lower_relaxed_truncate(struct lowering *l, LLVMTypeRef type, LLVMTypeRef from, enum sign sign)
{
	if (relaxed_is_native(l) && sign == SIGNED)
		push(l, cpu_truncate(l, pop_as(l, from)));
	else
		lower_saturate_lanes(l, type, from, sign);
}

/* Native: rounded once where the CPU can. */
void lower_relaxed_multiply_add(struct lowering *l, LLVMTypeRef type, bool negated)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMValueRef addend = pop_as(l, type);
	LLVMValueRef right = pop_as(l, type);
	LLVMValueRef left = pop_as(l, type);
	if (negated)
		left = LLVMBuildFNeg(b, left, "");
	LLVMValueRef arguments[] = {left, right, addend};
	if (relaxed_is_native(l) && ir_has_cpu_feature(l->ir, "fma"))
		push(l, number_call(l, "llvm.fma", type, arguments, 3));
	else
		push(l, LLVMBuildFAdd(b, LLVMBuildFMul(b, left, right, ""), addend, ""));
}

/* Native: the top bit of a lane of the mask decides for the lane. */
void lower_relaxed_select(struct lowering *l, LLVMTypeRef type)
{
	LLVMBuilderRef b = l->ir->builder;
	if (!relaxed_is_native(l)) {
		lower_bit_select(l, l->ir->v128);
		return;
	}
	LLVMValueRef mask = pop_as(l, type);
	LLVMValueRef second = pop_as(l, type);
	LLVMValueRef first = pop_as(l, type);
	LLVMValueRef chosen = LLVMBuildICmp(b, LLVMIntSLT, mask, LLVMConstNull(type), "");
	push(l, LLVMBuildSelect(b, chosen, first, second, ""));
}

/* Native: the second operand if one is NaN or both are zero. */
void lower_relaxed_extreme(struct lowering *l, LLVMTypeRef type, LLVMRealPredicate predicate)
{
	LLVMBuilderRef b = l->ir->builder;
	if (relaxed_is_native(l)) {
		LLVMValueRef second = pop_as(l, type);
		LLVMValueRef first = pop_as(l, type);
		LLVMValueRef beyond = LLVMBuildFCmp(b, predicate, first, second, "");
		push(l, LLVMBuildSelect(b, beyond, first, second, ""));
	} else if (predicate == LLVMRealOLT) {
		lower_minimum(l, type);
	} else {
		lower_maximum(l, type);
	}
}

/* Native: -1 times -1 is -1. */
void lower_relaxed_multiply_q15(struct lowering *l, LLVMTypeRef type)
{
	if (!relaxed_is_native(l)) {
		lower_multiply_q15(l, type);
		return;
	}
	LLVMValueRef right = pop_as(l, type);
	push(l, cpu_multiply_q15(l, pop_as(l, type), right));
}

/* The lanes of even or odd number of i8x16, sign-extended: i16x8. */
static LLVMValueRef relaxed_lanes(struct lowering *l, LLVMValueRef value, unsigned first)
{
	LLVMTypeRef type = l->ir->i8x16;
	LLVMValueRef lanes = vector_pick(l, value, LLVMGetPoison(type), first, 2, 8);
	return LLVMBuildSExt(l->ir->builder, lanes, l->ir->i16x8, "");
}

/* Native: the second operand, which should be below 128, counts as unsigned. */
static LLVMValueRef relaxed_pop_dot(struct lowering *l)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMTypeRef type = l->ir->i8x16;
	LLVMValueRef right = pop_as(l, type);
	LLVMValueRef left = pop_as(l, type);
	if (relaxed_is_native(l))
		return cpu_dot_bytes(l, right, left);
	LLVMValueRef products[2];
	for (unsigned i = 0; i < 2; i++)
		products[i] = LLVMBuildMul(b, relaxed_lanes(l, left, i), relaxed_lanes(l, right, i),
				"");
	return number_call(l, "llvm.sadd.sat", l->ir->i16x8, products, 2);
}

void lower_relaxed_dot(struct lowering *l, LLVMTypeRef type)
{
	(void)type;
	push(l, relaxed_pop_dot(l));
}

void lower_relaxed_dot_add(struct lowering *l, LLVMTypeRef type)
{
	LLVMValueRef addend = pop_as(l, type);
	LLVMValueRef dot = relaxed_pop_dot(l);
	LLVMValueRef pairs = cpu_dot(l, dot, vector_splat_number(l->ir->i16x8, 1));
	push(l, LLVMBuildAdd(l->ir->builder, pairs, addend, ""));
}
