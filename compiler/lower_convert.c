/*
 * lower_convert.c: conversions between number types.
 */
#include "compiler/lower.h"

void lower_cast(struct lowering *l, LLVMTypeRef type, LLVMOpcode opcode)
{
	push(l, LLVMBuildCast(l->ir->builder, opcode, pop(l), type, ""));
}

void lower_cast_float(struct lowering *l, LLVMTypeRef type, LLVMOpcode opcode)
{
	lower_cast(l, type, opcode);
}

void lower_extend(struct lowering *l, LLVMTypeRef type, LLVMTypeRef width)
{
	LLVMValueRef low = LLVMBuildTrunc(l->ir->builder, pop(l), width, "");
	push(l, LLVMBuildSExt(l->ir->builder, low, type, ""));
}

/* 2 to the power `exponent`, exactly. */
static double convert_power(unsigned exponent)
{
	double power = 1;
	while (exponent--)
		power *= 2;
	return power;
}

/*
 * The open or half-open interval of floats whose truncation fits: above the greatest float
 * that is too small (or at the least integer, where its predecessor is no float), and below
 * the first power of two that is too large.
 */
static LLVMValueRef convert_fits(struct lowering *l, LLVMValueRef value, LLVMTypeRef type,
		enum sign sign)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMTypeRef from = LLVMTypeOf(value);
	unsigned width = LLVMGetIntTypeWidth(type);
	unsigned precision = from == l->ir->f32 ? 24 : 53;
	double top = convert_power(sign == SIGNED ? width - 1 : width);
	double bottom = sign == SIGNED ? -top : 0;
	bool exact_below = sign == UNSIGNED || width <= precision;
	LLVMValueRef least = LLVMConstReal(from, exact_below ? bottom - 1 : bottom);
	LLVMRealPredicate above = exact_below ? LLVMRealOGT : LLVMRealOGE;
	LLVMValueRef low = LLVMBuildFCmp(b, above, value, least, "");
	LLVMValueRef high = LLVMBuildFCmp(b, LLVMRealOLT, value, LLVMConstReal(from, top), "");
	return LLVMBuildAnd(b, low, high, "");
}

void lower_truncate(struct lowering *l, LLVMTypeRef type, enum sign sign)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMValueRef value = pop(l);
	LLVMBasicBlockRef wrong = lower_new_block(l, "no_integer");
	LLVMBasicBlockRef next = lower_new_block(l, "");
	LLVMValueRef branch = LLVMBuildCondBr(b, convert_fits(l, value, type, sign), next, wrong);
	access_note(l, branch, l->ir->weights_kind, l->ir->likely);
	lower_into(l, wrong);
	LLVMValueRef ordered = LLVMBuildFCmp(b, LLVMRealORD, value, value, "");
	trap_unless(l, ordered, SV_TRAP_CONVERSION);
	trap_here(l, SV_TRAP_INTEGER_OVERFLOW);
	lower_into(l, next);
	LLVMOpcode opcode = sign == SIGNED ? LLVMFPToSI : LLVMFPToUI;
	push(l, LLVMBuildCast(b, opcode, value, type, ""));
}

void lower_saturate(struct lowering *l, LLVMTypeRef type, enum sign sign)
{
	LLVMValueRef value = pop(l);
	LLVMTypeRef types[] = {type, LLVMTypeOf(value)};
	const char *name = sign == SIGNED ? "llvm.fptosi.sat" : "llvm.fptoui.sat";
	LLVMValueRef function = ir_intrinsic(l->ir, name, types, 2);
	push(l,
			LLVMBuildCall2(l->ir->builder, LLVMGlobalGetValueType(function), function,
					&value, 1, ""));
}
