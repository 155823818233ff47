/*
 * lower_pair.c: wide arithmetic: integers of 128 bits, which are pairs of i64 on the value stack,
 * the low half first. LLVM makes carries and wide products of it.
 */
#include "compiler/lower_atomic.h"

enum { HALF_BITS = 64 };

static LLVMTypeRef pair_type(struct lowering *l)
{
	return LLVMIntTypeInContext(l->ir->context, 2 * HALF_BITS);
}

static LLVMValueRef pair_shift(struct lowering *l)
{
	return LLVMConstInt(pair_type(l), HALF_BITS, 0);
}

static LLVMValueRef pair_pop(struct lowering *l)
{
	LLVMBuilderRef builder = l->ir->builder;
	LLVMValueRef high = LLVMBuildZExt(builder, pop(l), pair_type(l), "");
	LLVMValueRef low = LLVMBuildZExt(builder, pop(l), pair_type(l), "");
	return LLVMBuildOr(builder, LLVMBuildShl(builder, high, pair_shift(l), ""), low, "");
}

static void pair_push(struct lowering *l, LLVMValueRef value)
{
	LLVMBuilderRef builder = l->ir->builder;
	LLVMValueRef high = LLVMBuildLShr(builder, value, pair_shift(l), "");
	push(l, LLVMBuildTrunc(builder, value, l->ir->i64, ""));
	push(l, LLVMBuildTrunc(builder, high, l->ir->i64, ""));
}

void lower_pair_binary(struct lowering *l, LLVMTypeRef type, LLVMOpcode opcode)
{
	(void)type;
	LLVMValueRef right = pair_pop(l);
	LLVMValueRef left = pair_pop(l);
	pair_push(l, LLVMBuildBinOp(l->ir->builder, opcode, left, right, ""));
}

void lower_pair_multiply(struct lowering *l, LLVMTypeRef type, enum sign sign)
{
	(void)type;
	LLVMBuilderRef builder = l->ir->builder;
	LLVMOpcode extend = sign == SIGNED ? LLVMSExt : LLVMZExt;
	LLVMValueRef right = LLVMBuildCast(builder, extend, pop(l), pair_type(l), "");
	LLVMValueRef left = LLVMBuildCast(builder, extend, pop(l), pair_type(l), "");
	pair_push(l, LLVMBuildMul(builder, left, right, ""));
}
