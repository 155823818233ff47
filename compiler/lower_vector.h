/*
 * lower_vector.h: families of operators on vectors, and what their files share. Scalar
 * families of lower.h that look at the type only serve vectors too.
 */
#ifndef SELVAGE_COMPILER_LOWER_VECTOR_H
#define SELVAGE_COMPILER_LOWER_VECTOR_H

#include "compiler/lower.h"

enum half { LOW, HIGH };

/* ---- lower_vector.c: parts and constants ---- */

LLVMValueRef vector_constant(struct ir *ir, uint64_t low, uint64_t high);
LLVMValueRef vector_constant_of_bytes(struct ir *ir, const uint8_t bytes[16]);
/* A constant v128 in another shape. */
LLVMValueRef vector_constant_as(struct ir *ir, LLVMValueRef constant, LLVMTypeRef type);
/* A vector type of as many lanes, each of the type `lane`. */
LLVMTypeRef vector_of_lanes(LLVMTypeRef type, LLVMTypeRef lane);
/* The integer type with a lane twice (or half) as wide; as many lanes. */
LLVMTypeRef vector_widened(struct ir *ir, LLVMTypeRef type);
LLVMTypeRef vector_narrowed(struct ir *ir, LLVMTypeRef type);
LLVMValueRef vector_splat(struct lowering *l, LLVMValueRef lane, LLVMTypeRef type);
LLVMValueRef vector_splat_number(LLVMTypeRef type, uint64_t number);
/* `count` lanes of `first` and `second` together: first_lane, first_lane + step, ... */
LLVMValueRef vector_pick(struct lowering *l, LLVMValueRef first, LLVMValueRef second,
		unsigned first_lane, unsigned step, unsigned count);
LLVMValueRef vector_half(struct lowering *l, LLVMValueRef value, enum half half);
/* All lanes of two vectors, the first one's low. */
LLVMValueRef vector_join(struct lowering *l, LLVMValueRef low, LLVMValueRef high);
/* `value` in the low lanes, zeros in as many high ones. */
LLVMValueRef vector_join_zero(struct lowering *l, LLVMValueRef value);

/* ---- lower_vector.c: lanes and bits ---- */

void lower_shuffle(struct lowering *l, LLVMTypeRef type);
void lower_swizzle(struct lowering *l, LLVMTypeRef type);
void lower_splat(struct lowering *l, LLVMTypeRef type);
void lower_extract_lane(struct lowering *l, LLVMTypeRef type, enum widening how);
void lower_replace_lane(struct lowering *l, LLVMTypeRef type);
void lower_not(struct lowering *l, LLVMTypeRef type);
void lower_and_not(struct lowering *l, LLVMTypeRef type);
void lower_bit_select(struct lowering *l, LLVMTypeRef type);
void lower_any_true(struct lowering *l, LLVMTypeRef type);
void lower_all_true(struct lowering *l, LLVMTypeRef type);
void lower_bitmask(struct lowering *l, LLVMTypeRef type);
void lower_absolute(struct lowering *l, LLVMTypeRef type);
void lower_negate_lanes(struct lowering *l, LLVMTypeRef type);
void lower_average(struct lowering *l, LLVMTypeRef type);
void lower_pseudo_extreme(struct lowering *l, LLVMTypeRef type, LLVMRealPredicate predicate);

/* ---- lower_vector_memory.c ---- */

void lower_load_extend(struct lowering *l, LLVMTypeRef type, LLVMTypeRef wide, enum widening how);
void lower_load_splat(struct lowering *l, LLVMTypeRef type, LLVMTypeRef shape);
void lower_load_zero(struct lowering *l, LLVMTypeRef type, LLVMTypeRef shape);
void lower_load_lane(struct lowering *l, LLVMTypeRef type, LLVMTypeRef shape);
void lower_store_lane(struct lowering *l, LLVMTypeRef type, LLVMTypeRef shape);

/* ---- lower_vector_convert.c: between lanes of different widths ---- */

void lower_cast_lanes(struct lowering *l, LLVMTypeRef type, LLVMTypeRef from, LLVMOpcode opcode);
void lower_cast_low(struct lowering *l, LLVMTypeRef type, LLVMTypeRef from, LLVMOpcode opcode);
void lower_demote_zero(struct lowering *l, LLVMTypeRef type, LLVMTypeRef from);
/* Two lanes leave zeros above. */
void lower_saturate_lanes(struct lowering *l, LLVMTypeRef type, LLVMTypeRef from, enum sign sign);
void lower_narrow_lanes(struct lowering *l, LLVMTypeRef type, LLVMTypeRef from, enum sign sign);
void lower_extend_half(struct lowering *l, LLVMTypeRef type, LLVMTypeRef from, enum half half,
		LLVMOpcode opcode);
void lower_multiply_half(struct lowering *l, LLVMTypeRef type, LLVMTypeRef from, enum half half,
		LLVMOpcode opcode);
/* `shift` is what brings an odd lane down: LLVMAShr for signed lanes, LLVMLShr. */
void lower_add_pairs(struct lowering *l, LLVMTypeRef type, LLVMOpcode shift);
void lower_dot(struct lowering *l, LLVMTypeRef type);
void lower_multiply_q15(struct lowering *l, LLVMTypeRef type);

/* ---- lower_vector_relaxed.c ---- */

void lower_relaxed_swizzle(struct lowering *l, LLVMTypeRef type);
void lower_relaxed_truncate(struct lowering *l, LLVMTypeRef type, LLVMTypeRef from, enum sign sign);
void lower_relaxed_multiply_add(struct lowering *l, LLVMTypeRef type, bool negated);
void lower_relaxed_select(struct lowering *l, LLVMTypeRef type);
void lower_relaxed_extreme(struct lowering *l, LLVMTypeRef type, LLVMRealPredicate predicate);
void lower_relaxed_multiply_q15(struct lowering *l, LLVMTypeRef type);
void lower_relaxed_dot(struct lowering *l, LLVMTypeRef type);
void lower_relaxed_dot_add(struct lowering *l, LLVMTypeRef type);

/* ---- lower_vector_x86.c: single instructions that no plain IR stands for ---- */

/* Byte of `bytes` for each index; zero where the index has its top bit; its low 4 bits count. */
LLVMValueRef cpu_shuffle_bytes(struct lowering *l, LLVMValueRef bytes, LLVMValueRef indices);
/* Rounded product of Q15 numbers; -1 times -1 wraps to -1. */
LLVMValueRef cpu_multiply_q15(struct lowering *l, LLVMValueRef left, LLVMValueRef right);
/* i16x8 times i16x8, neighbours added: i32x4. */
LLVMValueRef cpu_dot(struct lowering *l, LLVMValueRef left, LLVMValueRef right);
/* Unsigned bytes times signed bytes, neighbours added with saturation: i16x8. */
LLVMValueRef cpu_dot_bytes(struct lowering *l, LLVMValueRef left, LLVMValueRef right);
/* f32x4, or f64x2 with zeros above, to signed i32x4; the least integer for what does not fit. */
LLVMValueRef cpu_truncate(struct lowering *l, LLVMValueRef value);
/* The same to signed or unsigned integers, the nearest one for what does not fit, 0 for NaN. */
LLVMValueRef cpu_saturate(struct lowering *l, LLVMValueRef value, enum sign sign);

#endif
