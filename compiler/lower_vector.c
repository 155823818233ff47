/*
 * lower_vector.c: parts of vectors, and the families that work on lanes in place or on
 * all bits at once. Widths change in lower_vector_convert.c.
 */
#include "compiler/lower_vector.h"

#include <string.h>

/* ---- parts and constants ---- */

LLVMValueRef vector_constant_of_bytes(struct ir *ir, const uint8_t bytes[16])
{
	LLVMValueRef lanes[16];
	for (size_t i = 0; i < ARRAY_LENGTH(lanes); i++)
		lanes[i] = LLVMConstInt(ir->i8, bytes[i], 0);
	return LLVMConstVector(lanes, ARRAY_LENGTH(lanes));
}

LLVMValueRef vector_constant(struct ir *ir, uint64_t low, uint64_t high)
{
	uint8_t bytes[16];
	memcpy(bytes, &low, sizeof low);
	memcpy(bytes + sizeof low, &high, sizeof high);
	return vector_constant_of_bytes(ir, bytes);
}

/* Builders would leave a cast; exact_float.c wants to see the numbers. */
LLVMValueRef vector_constant_as(struct ir *ir, LLVMValueRef constant, LLVMTypeRef type)
{
	LLVMValueRef lanes[16];
	unsigned count = LLVMGetVectorSize(type);
	unsigned size = 16 / count;
	LLVMTypeRef lane = LLVMGetElementType(type);
	LLVMTypeRef bits_type = LLVMGetElementType(ir_bits_type(ir, type));
	for (unsigned i = 0; i < count; i++) {
		uint64_t bits = 0;
		for (unsigned k = size; k-- > 0;) {
			LLVMValueRef byte = LLVMGetAggregateElement(constant, i * size + k);
			bits = bits << 8 | LLVMConstIntGetZExtValue(byte);
		}
		lanes[i] = LLVMConstBitCast(LLVMConstInt(bits_type, bits, 0), lane);
	}
	return LLVMConstVector(lanes, count);
}

LLVMTypeRef vector_of_lanes(LLVMTypeRef type, LLVMTypeRef lane)
{
	return LLVMVectorType(lane, LLVMGetVectorSize(type));
}

static LLVMTypeRef vector_of_width(struct ir *ir, LLVMTypeRef type, unsigned width)
{
	return vector_of_lanes(type, LLVMIntTypeInContext(ir->context, width));
}

static unsigned vector_lane_width(LLVMTypeRef type)
{
	return LLVMGetIntTypeWidth(LLVMGetElementType(type));
}

LLVMTypeRef vector_widened(struct ir *ir, LLVMTypeRef type)
{
	return vector_of_width(ir, type, vector_lane_width(type) * 2);
}

LLVMTypeRef vector_narrowed(struct ir *ir, LLVMTypeRef type)
{
	return vector_of_width(ir, type, vector_lane_width(type) / 2);
}

LLVMValueRef vector_splat(struct lowering *l, LLVMValueRef lane, LLVMTypeRef type)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMValueRef zero = LLVMConstNull(l->ir->i32);
	LLVMValueRef one = LLVMBuildInsertElement(b, LLVMGetPoison(type), lane, zero, "");
	LLVMValueRef first = LLVMConstNull(vector_of_lanes(type, l->ir->i32));
	return LLVMBuildShuffleVector(b, one, LLVMGetPoison(type), first, "");
}

LLVMValueRef vector_splat_number(LLVMTypeRef type, uint64_t number)
{
	LLVMValueRef lanes[64];
	unsigned count = LLVMGetVectorSize(type);
	LLVMTypeRef lane = LLVMGetElementType(type);
	check(count <= ARRAY_LENGTH(lanes));
	number &= UINT64_MAX >> (64 - LLVMGetIntTypeWidth(lane));
	for (unsigned i = 0; i < count; i++)
		lanes[i] = LLVMConstInt(lane, number, 0);
	return LLVMConstVector(lanes, count);
}

LLVMValueRef vector_pick(struct lowering *l, LLVMValueRef first, LLVMValueRef second,
		unsigned first_lane, unsigned step, unsigned count)
{
	LLVMValueRef lanes[64];
	check(count <= ARRAY_LENGTH(lanes));
	for (unsigned i = 0; i < count; i++)
		lanes[i] = LLVMConstInt(l->ir->i32, first_lane + i * step, 0);
	return LLVMBuildShuffleVector(l->ir->builder, first, second, LLVMConstVector(lanes, count),
			"");
}

LLVMValueRef vector_half(struct lowering *l, LLVMValueRef value, enum half half)
{
	unsigned count = LLVMGetVectorSize(LLVMTypeOf(value)) / 2;
	LLVMValueRef nothing = LLVMGetPoison(LLVMTypeOf(value));
	return vector_pick(l, value, nothing, half == HIGH ? count : 0, 1, count);
}

LLVMValueRef vector_join(struct lowering *l, LLVMValueRef low, LLVMValueRef high)
{
	return vector_pick(l, low, high, 0, 1, 2 * LLVMGetVectorSize(LLVMTypeOf(low)));
}

LLVMValueRef vector_join_zero(struct lowering *l, LLVMValueRef value)
{
	return vector_join(l, value, LLVMConstNull(LLVMTypeOf(value)));
}

/* ---- lanes ---- */

void lower_shuffle(struct lowering *l, LLVMTypeRef type)
{
	LLVMValueRef lanes[16];
	for (size_t i = 0; i < ARRAY_LENGTH(lanes); i++)
		lanes[i] = LLVMConstInt(l->ir->i32, l->at->bytes[i], 0);
	LLVMValueRef second = pop_as(l, type);
	LLVMValueRef first = pop_as(l, type);
	LLVMValueRef mask = LLVMConstVector(lanes, ARRAY_LENGTH(lanes));
	push(l, LLVMBuildShuffleVector(l->ir->builder, first, second, mask, ""));
}

/* An index above 15 gives zero: saturated, it has the top bit that the instruction looks at. */
void lower_swizzle(struct lowering *l, LLVMTypeRef type)
{
	LLVMValueRef arguments[] = {pop_as(l, type), vector_splat_number(type, 0x70)};
	LLVMValueRef indices = number_call(l, "llvm.uadd.sat", type, arguments, 2);
	push(l, cpu_shuffle_bytes(l, pop_as(l, type), indices));
}

/* The lane of a value on the stack: narrower than an i32 it is the low bits of one. */
static LLVMValueRef pop_lane(struct lowering *l, LLVMTypeRef type)
{
	LLVMTypeRef lane = LLVMGetElementType(type);
	LLVMValueRef value = pop(l);
	if (LLVMGetTypeKind(lane) != LLVMIntegerTypeKind)
		return value;
	return LLVMBuildIntCast2(l->ir->builder, value, lane, 0, "");
}

void lower_splat(struct lowering *l, LLVMTypeRef type)
{
	push(l, vector_splat(l, pop_lane(l, type), type));
}

static LLVMValueRef lane_index(struct lowering *l)
{
	return LLVMConstInt(l->ir->i32, l->at->lane, 0);
}

void lower_extract_lane(struct lowering *l, LLVMTypeRef type, enum widening how)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMValueRef lane = LLVMBuildExtractElement(b, pop_as(l, type), lane_index(l), "");
	push(l, how == NONE ? lane : LLVMBuildIntCast2(b, lane, l->ir->i32, how == SEXT, ""));
}

void lower_replace_lane(struct lowering *l, LLVMTypeRef type)
{
	LLVMValueRef lane = pop_lane(l, type);
	LLVMValueRef vector = pop_as(l, type);
	push(l, LLVMBuildInsertElement(l->ir->builder, vector, lane, lane_index(l), ""));
}

void lower_absolute(struct lowering *l, LLVMTypeRef type)
{
	/* The second argument says that the least integer is an ordinary argument, not poison. */
	LLVMValueRef arguments[] = {pop_as(l, type), LLVMConstNull(l->ir->i1)};
	push(l, number_call(l, "llvm.abs", type, arguments, 2));
}

void lower_negate_lanes(struct lowering *l, LLVMTypeRef type)
{
	push(l, LLVMBuildNeg(l->ir->builder, pop_as(l, type), ""));
}

/* (a + b + 1) / 2 in twice the width; LLVM knows the instruction by this form. */
void lower_average(struct lowering *l, LLVMTypeRef type)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMTypeRef wide = vector_widened(l->ir, type);
	LLVMValueRef one = vector_splat_number(wide, 1);
	LLVMValueRef right = LLVMBuildZExt(b, pop_as(l, type), wide, "");
	LLVMValueRef left = LLVMBuildZExt(b, pop_as(l, type), wide, "");
	LLVMValueRef sum = LLVMBuildAdd(b, LLVMBuildAdd(b, left, right, ""), one, "");
	push(l, LLVMBuildTrunc(b, LLVMBuildLShr(b, sum, one, ""), type, ""));
}

/* The second operand if it is beyond the first one, else the first one: NaNs and zeros too. */
void lower_pseudo_extreme(struct lowering *l, LLVMTypeRef type, LLVMRealPredicate predicate)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMValueRef second = pop_as(l, type);
	LLVMValueRef first = pop_as(l, type);
	LLVMValueRef beyond = LLVMBuildFCmp(b, predicate, second, first, "");
	push(l, LLVMBuildSelect(b, beyond, second, first, ""));
}

/* ---- bits ---- */

void lower_not(struct lowering *l, LLVMTypeRef type)
{
	push(l, LLVMBuildNot(l->ir->builder, pop_as(l, type), ""));
}

void lower_and_not(struct lowering *l, LLVMTypeRef type)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMValueRef right = LLVMBuildNot(b, pop_as(l, type), "");
	push(l, LLVMBuildAnd(b, pop_as(l, type), right, ""));
}

void lower_bit_select(struct lowering *l, LLVMTypeRef type)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMValueRef mask = pop_as(l, type);
	LLVMValueRef second = LLVMBuildAnd(b, pop_as(l, type), LLVMBuildNot(b, mask, ""), "");
	LLVMValueRef first = LLVMBuildAnd(b, pop_as(l, type), mask, "");
	push(l, LLVMBuildOr(b, first, second, ""));
}

static void push_flag(struct lowering *l, LLVMValueRef condition)
{
	push(l, LLVMBuildZExt(l->ir->builder, condition, l->ir->i32, ""));
}

void lower_any_true(struct lowering *l, LLVMTypeRef type)
{
	LLVMValueRef value = pop_as(l, type);
	LLVMValueRef bits = number_call(l, "llvm.vector.reduce.or", type, &value, 1);
	LLVMValueRef zero = LLVMConstNull(LLVMTypeOf(bits));
	push_flag(l, LLVMBuildICmp(l->ir->builder, LLVMIntNE, bits, zero, ""));
}

/* One bit a lane, the first lane's lowest. */
static LLVMValueRef lane_bits(struct lowering *l, LLVMValueRef conditions)
{
	unsigned count = LLVMGetVectorSize(LLVMTypeOf(conditions));
	LLVMTypeRef bits = LLVMIntTypeInContext(l->ir->context, count);
	return LLVMBuildBitCast(l->ir->builder, conditions, bits, "");
}

void lower_all_true(struct lowering *l, LLVMTypeRef type)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMValueRef zero = LLVMConstNull(type);
	LLVMValueRef zeros = lane_bits(l, LLVMBuildICmp(b, LLVMIntEQ, pop_as(l, type), zero, ""));
	push_flag(l, LLVMBuildICmp(b, LLVMIntEQ, zeros, LLVMConstNull(LLVMTypeOf(zeros)), ""));
}

void lower_bitmask(struct lowering *l, LLVMTypeRef type)
{
	LLVMValueRef zero = LLVMConstNull(type);
	push_flag(l,
			lane_bits(l,
					LLVMBuildICmp(l->ir->builder, LLVMIntSLT, pop_as(l, type),
							zero, "")));
}
