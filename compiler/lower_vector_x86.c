/*
 * lower_vector_x86.c: x86-64 instructions that LLVM has intrinsics for and no plain IR.
 * All are in SSE4.1, which every target has. Another CPU is another file like this one.
 */
#include "compiler/lower_vector.h"

static LLVMValueRef cpu_call(struct lowering *l, const char *intrinsic, LLVMValueRef left,
		LLVMValueRef right)
{
	LLVMValueRef arguments[] = {left, right};
	return number_call(l, intrinsic, NULL, arguments, 2);
}

LLVMValueRef cpu_shuffle_bytes(struct lowering *l, LLVMValueRef bytes, LLVMValueRef indices)
{
	return cpu_call(l, "llvm.x86.ssse3.pshuf.b.128", bytes, indices);
}

LLVMValueRef cpu_multiply_q15(struct lowering *l, LLVMValueRef left, LLVMValueRef right)
{
	return cpu_call(l, "llvm.x86.ssse3.pmul.hr.sw.128", left, right);
}

LLVMValueRef cpu_dot(struct lowering *l, LLVMValueRef left, LLVMValueRef right)
{
	return cpu_call(l, "llvm.x86.sse2.pmadd.wd", left, right);
}

LLVMValueRef cpu_dot_bytes(struct lowering *l, LLVMValueRef left, LLVMValueRef right)
{
	return cpu_call(l, "llvm.x86.ssse3.pmadd.ub.sw.128", left, right);
}

LLVMValueRef cpu_truncate(struct lowering *l, LLVMValueRef value)
{
	bool single = LLVMTypeOf(value) == l->ir->f32x4;
	const char *name = single ? "llvm.x86.sse2.cvttps2dq" : "llvm.x86.sse2.cvttpd2dq";
	return number_call(l, name, NULL, &value, 1);
}

/* ---- truncation with saturation, which LLVM would do lane by lane ---- */

static LLVMValueRef cpu_splat_real(LLVMTypeRef type, double number)
{
	LLVMValueRef lanes[4];
	unsigned count = LLVMGetVectorSize(type);
	for (unsigned i = 0; i < count; i++)
		lanes[i] = LLVMConstReal(LLVMGetElementType(type), number);
	return LLVMConstVector(lanes, count);
}

/* The lesser or greater of each lane; `limit` for NaN. */
static LLVMValueRef cpu_limit(struct lowering *l, LLVMRealPredicate predicate, LLVMValueRef value,
		double number)
{
	LLVMValueRef limit = cpu_splat_real(LLVMTypeOf(value), number);
	LLVMValueRef inside = LLVMBuildFCmp(l->ir->builder, predicate, value, limit, "");
	return LLVMBuildSelect(l->ir->builder, inside, value, limit, "");
}

static LLVMValueRef cpu_zero_nan(struct lowering *l, LLVMValueRef value)
{
	LLVMValueRef number = LLVMBuildFCmp(l->ir->builder, LLVMRealORD, value, value, "");
	LLVMValueRef zero = LLVMConstNull(LLVMTypeOf(value));
	return LLVMBuildSelect(l->ir->builder, number, value, zero, "");
}

/* What is too large truncates to the least integer: turned over it is the greatest. */
static LLVMValueRef cpu_truncate_top(struct lowering *l, LLVMValueRef value)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMValueRef top = cpu_splat_real(LLVMTypeOf(value), 0x1p31);
	LLVMValueRef above = LLVMBuildFCmp(b, LLVMRealOGE, value, top, "");
	LLVMValueRef turn = LLVMBuildSExt(b, above, l->ir->i32x4, "");
	return LLVMBuildXor(b, cpu_truncate(l, value), turn, "");
}

/*
 * What fits 31 bits truncates as it is; of what does not, that gives 2^31, to which the rest
 * is added, itself saturated to 31 bits. The subtraction is exact for all that fit.
 */
static LLVMValueRef cpu_saturate_unsigned(struct lowering *l, LLVMValueRef value)
{
	LLVMBuilderRef b = l->ir->builder;
	value = cpu_limit(l, LLVMRealOGT, value, 0);
	LLVMValueRef rest = LLVMBuildFSub(b, value, cpu_splat_real(LLVMTypeOf(value), 0x1p31), "");
	rest = cpu_truncate_top(l, cpu_limit(l, LLVMRealOGT, rest, 0));
	return LLVMBuildAdd(b, cpu_truncate(l, value), rest, "");
}

/* An integer below 2^32, added to 2^52, is the low half of the sum's bits. */
static LLVMValueRef cpu_saturate_unsigned_wide(struct lowering *l, LLVMValueRef value)
{
	LLVMBuilderRef b = l->ir->builder;
	value = cpu_limit(l, LLVMRealOGT, value, 0);
	value = cpu_limit(l, LLVMRealOLT, value, UINT32_MAX);
	value = number_call(l, "llvm.trunc", l->ir->f64x2, &value, 1);
	value = LLVMBuildFAdd(b, value, cpu_splat_real(l->ir->f64x2, 0x1p52), "");
	value = LLVMBuildBitCast(b, value, l->ir->i32x4, "");
	return vector_pick(l, value, LLVMConstNull(l->ir->i32x4), 0, 2, 4);
}

LLVMValueRef cpu_saturate(struct lowering *l, LLVMValueRef value, enum sign sign)
{
	bool single = LLVMTypeOf(value) == l->ir->f32x4;
	if (sign == UNSIGNED)
		return single ? cpu_saturate_unsigned(l, value)
			      : cpu_saturate_unsigned_wide(l, value);
	value = cpu_zero_nan(l, value);
	if (single)
		return cpu_truncate_top(l, value);
	return cpu_truncate(l, cpu_limit(l, LLVMRealOLT, value, INT32_MAX));
}
