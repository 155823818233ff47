/*
 * lower_vector_convert.c: families whose lanes go in with one width or kind and come
 * out with another.
 */
#include "compiler/lower_vector.h"

void lower_cast_lanes(struct lowering *l, LLVMTypeRef type, LLVMTypeRef from, LLVMOpcode opcode)
{
	push(l, LLVMBuildCast(l->ir->builder, opcode, pop_as(l, from), type, ""));
}

void lower_cast_low(struct lowering *l, LLVMTypeRef type, LLVMTypeRef from, LLVMOpcode opcode)
{
	LLVMValueRef low = vector_half(l, pop_as(l, from), LOW);
	push(l, LLVMBuildCast(l->ir->builder, opcode, low, type, ""));
}

void lower_demote_zero(struct lowering *l, LLVMTypeRef type, LLVMTypeRef from)
{
	LLVMTypeRef low = vector_of_lanes(from, LLVMGetElementType(type));
	LLVMValueRef value = LLVMBuildFPTrunc(l->ir->builder, pop_as(l, from), low, "");
	push(l, vector_join_zero(l, value));
}

void lower_saturate_lanes(struct lowering *l, LLVMTypeRef type, LLVMTypeRef from, enum sign sign)
{
	(void)type;
	push(l, cpu_saturate(l, pop_as(l, from), sign));
}

/* The operand's lanes are signed in any case; `sign` is the result's. */
void lower_narrow_lanes(struct lowering *l, LLVMTypeRef type, LLVMTypeRef from, enum sign sign)
{
	unsigned width = LLVMGetIntTypeWidth(LLVMGetElementType(type));
	LLVMValueRef high = pop_as(l, from);
	LLVMValueRef value = vector_join(l, pop_as(l, from), high);
	LLVMTypeRef wide = LLVMTypeOf(value);
	uint64_t span = UINT64_C(1) << (sign == SIGNED ? width - 1 : width);
	uint64_t least = sign == SIGNED ? 0 - span : 0;
	LLVMValueRef not_below[] = {value, vector_splat_number(wide, least)};
	value = number_call(l, "llvm.smax", wide, not_below, 2);
	LLVMValueRef not_above[] = {value, vector_splat_number(wide, span - 1)};
	value = number_call(l, "llvm.smin", wide, not_above, 2);
	push(l, LLVMBuildTrunc(l->ir->builder, value, type, ""));
}

static LLVMValueRef pop_half(struct lowering *l, LLVMTypeRef type, LLVMTypeRef from, enum half half,
		LLVMOpcode opcode)
{
	LLVMValueRef value = vector_half(l, pop_as(l, from), half);
	return LLVMBuildCast(l->ir->builder, opcode, value, type, "");
}

void lower_extend_half(struct lowering *l, LLVMTypeRef type, LLVMTypeRef from, enum half half,
		LLVMOpcode opcode)
{
	push(l, pop_half(l, type, from, half, opcode));
}

void lower_multiply_half(struct lowering *l, LLVMTypeRef type, LLVMTypeRef from, enum half half,
		LLVMOpcode opcode)
{
	LLVMValueRef right = pop_half(l, type, from, half, opcode);
	LLVMValueRef left = pop_half(l, type, from, half, opcode);
	push(l, LLVMBuildMul(l->ir->builder, left, right, ""));
}

/* A pair of narrow lanes is one lane of `type`: shifts extend both without moving lanes. */
static LLVMValueRef add_pairs_by_shifts(struct lowering *l, LLVMValueRef pairs, LLVMOpcode shift)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMTypeRef type = LLVMTypeOf(pairs);
	LLVMValueRef by = vector_splat_number(type,
			LLVMGetIntTypeWidth(LLVMGetElementType(type)) / 2);
	LLVMValueRef even = LLVMBuildBinOp(b, shift, LLVMBuildShl(b, pairs, by, ""), by, "");
	LLVMValueRef odd = LLVMBuildBinOp(b, shift, pairs, by, "");
	return LLVMBuildAdd(b, even, odd, "");
}

/* Products with ones where there is an instruction for lanes of that kind. */
void lower_add_pairs(struct lowering *l, LLVMTypeRef type, LLVMOpcode shift)
{
	struct ir *ir = l->ir;
	LLVMValueRef ones = vector_splat_number(type == ir->i16x8 ? ir->i8x16 : ir->i16x8, 1);
	LLVMValueRef lanes = pop_as(l, LLVMTypeOf(ones));
	bool is_signed = shift == LLVMAShr;
	if (type == ir->i16x8)
		push(l, is_signed ? cpu_dot_bytes(l, ones, lanes) : cpu_dot_bytes(l, lanes, ones));
	else if (is_signed)
		push(l, cpu_dot(l, lanes, ones));
	else
		push(l,
				add_pairs_by_shifts(l,
						LLVMBuildBitCast(ir->builder, lanes, type, ""),
						shift));
}

void lower_dot(struct lowering *l, LLVMTypeRef type)
{
	(void)type;
	LLVMValueRef right = pop_as(l, l->ir->i16x8);
	push(l, cpu_dot(l, pop_as(l, l->ir->i16x8), right));
}

/* The instruction gives the least integer only where it should have saturated. */
void lower_multiply_q15(struct lowering *l, LLVMTypeRef type)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMValueRef right = pop_as(l, type);
	LLVMValueRef product = cpu_multiply_q15(l, pop_as(l, type), right);
	LLVMValueRef least = vector_splat_number(type, 0x8000);
	LLVMValueRef wrong = LLVMBuildICmp(b, LLVMIntEQ, product, least, "");
	push(l, LLVMBuildXor(b, product, LLVMBuildSExt(b, wrong, type, ""), ""));
}
