/*
 * lower_number.c: families of arithmetic and comparison, on numbers and on vectors of them.
 * Each takes the row's shape as an LLVM type; nothing here knows an operator by name.
 */
#include "compiler/lower_vector.h"

void lower_constant(struct lowering *l, LLVMTypeRef type)
{
	struct ir *ir = l->ir;
	const struct instruction *at = l->at;
	if (type == ir->i32)
		push(l, LLVMConstInt(type, (uint32_t)at->i32, 0));
	else if (type == ir->i64)
		push(l, LLVMConstInt(type, (uint64_t)at->i64, 0));
	else if (type == ir->f32)
		push(l, LLVMConstBitCast(LLVMConstInt(ir->i32, at->f32, 0), type));
	else if (type == ir->f64)
		push(l, LLVMConstBitCast(LLVMConstInt(ir->i64, at->f64, 0), type));
	else
		push(l, vector_constant_of_bytes(ir, at->bytes));
}

/* No nsw, nuw or fast-math flags: guest arithmetic wraps and rounds as written. */
void lower_binary(struct lowering *l, LLVMTypeRef type, LLVMOpcode opcode)
{
	LLVMValueRef right = pop_as(l, type);
	LLVMValueRef left = pop_as(l, type);
	push(l, LLVMBuildBinOp(l->ir->builder, opcode, left, right, ""));
}

LLVMValueRef number_call(struct lowering *l, const char *intrinsic, LLVMTypeRef type,
		LLVMValueRef *arguments, unsigned count)
{
	LLVMValueRef function = ir_intrinsic(l->ir, intrinsic, &type, type ? 1 : 0);
	return LLVMBuildCall2(l->ir->builder, LLVMGlobalGetValueType(function), function, arguments,
			count, "");
}

/* LLVM folds constants while it builds, and would take a signalling NaN times 1 for itself. */
void lower_binary_float(struct lowering *l, LLVMTypeRef type, LLVMOpcode opcode)
{
	LLVMValueRef right = pop_as(l, type);
	LLVMValueRef left = pop_as(l, type);
	if (LLVMIsConstant(left) && LLVMIsConstant(right)) {
		left = number_call(l, "llvm.canonicalize", type, &left, 1);
		right = number_call(l, "llvm.canonicalize", type, &right, 1);
	}
	push(l, LLVMBuildBinOp(l->ir->builder, opcode, left, right, ""));
}

void lower_binary_call(struct lowering *l, LLVMTypeRef type, const char *intrinsic)
{
	LLVMValueRef right = pop_as(l, type);
	LLVMValueRef arguments[] = {pop_as(l, type), right};
	push(l, number_call(l, intrinsic, type, arguments, 2));
}

void lower_unary_call(struct lowering *l, LLVMTypeRef type, const char *intrinsic)
{
	LLVMValueRef argument = pop_as(l, type);
	push(l, number_call(l, intrinsic, type, &argument, 1));
}

/* Rounding quiets a signalling NaN; the instruction does, a folded intrinsic may not. */
void lower_round(struct lowering *l, LLVMTypeRef type, const char *intrinsic)
{
	lower_unary_call(l, type, intrinsic);
}

void lower_count_zeros(struct lowering *l, LLVMTypeRef type, const char *intrinsic)
{
	/* The second argument says that zero is an ordinary argument, not poison. */
	LLVMValueRef arguments[] = {pop(l), LLVMConstNull(l->ir->i1)};
	push(l, number_call(l, intrinsic, type, arguments, 2));
}

void lower_negate(struct lowering *l, LLVMTypeRef type)
{
	push(l, LLVMBuildFNeg(l->ir->builder, pop_as(l, type), ""));
}

/* The outcome of a comparison of `type`: 1, or all bits of a lane. */
static void number_push_bool(struct lowering *l, LLVMTypeRef type, LLVMValueRef condition)
{
	if (LLVMGetTypeKind(type) == LLVMVectorTypeKind)
		push(l, LLVMBuildSExt(l->ir->builder, condition, ir_bits_type(l->ir, type), ""));
	else
		push(l, LLVMBuildZExt(l->ir->builder, condition, l->ir->i32, ""));
}

/* What a comparison said is taken as it is, before it became an i32. */
LLVMValueRef lower_condition(struct lowering *l)
{
	LLVMValueRef value = pop(l);
	LLVMValueRef said = LLVMIsAZExtInst(value) ? LLVMGetOperand(value, 0) : NULL;
	if (!said || LLVMTypeOf(said) != l->ir->i1) {
		LLVMValueRef zero = LLVMConstNull(LLVMTypeOf(value));
		return LLVMBuildICmp(l->ir->builder, LLVMIntNE, value, zero, "");
	}
	if (!LLVMGetFirstUse(value))
		LLVMInstructionEraseFromParent(value);
	return said;
}

void lower_compare(struct lowering *l, LLVMTypeRef type, LLVMIntPredicate predicate)
{
	LLVMValueRef right = pop_as(l, type);
	LLVMValueRef left = pop_as(l, type);
	number_push_bool(l, type, LLVMBuildICmp(l->ir->builder, predicate, left, right, ""));
}

void lower_compare_float(struct lowering *l, LLVMTypeRef type, LLVMRealPredicate predicate)
{
	LLVMValueRef right = pop_as(l, type);
	LLVMValueRef left = pop_as(l, type);
	number_push_bool(l, type, LLVMBuildFCmp(l->ir->builder, predicate, left, right, ""));
}

void lower_test_zero(struct lowering *l, LLVMTypeRef type)
{
	LLVMValueRef zero = LLVMConstNull(type);
	number_push_bool(l, type, LLVMBuildICmp(l->ir->builder, LLVMIntEQ, pop(l), zero, ""));
}

static LLVMValueRef number_least(LLVMTypeRef type)
{
	return LLVMConstInt(type, UINT64_C(1) << (LLVMGetIntTypeWidth(type) - 1), 0);
}

/* The quotient of the least integer by -1 does not fit: a trap, as is division by zero. */
static void divide_check_overflow(struct lowering *l, LLVMTypeRef type, LLVMValueRef left,
		LLVMValueRef right)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMValueRef not_least = LLVMBuildICmp(b, LLVMIntNE, left, number_least(type), "");
	LLVMValueRef not_minus = LLVMBuildICmp(b, LLVMIntNE, right, LLVMConstAllOnes(type), "");
	trap_unless(l, LLVMBuildOr(b, not_least, not_minus, ""), SV_TRAP_INTEGER_OVERFLOW);
}

void lower_divide(struct lowering *l, LLVMTypeRef type, LLVMOpcode opcode)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMValueRef right = pop(l);
	LLVMValueRef left = pop(l);
	LLVMValueRef not_zero = LLVMBuildICmp(b, LLVMIntNE, right, LLVMConstNull(type), "");
	trap_unless(l, not_zero, SV_TRAP_DIVIDE_BY_ZERO);
	if (opcode == LLVMSDiv)
		divide_check_overflow(l, type, left, right);
	if (opcode == LLVMSRem) {
		/* x rem -1 is 0 for every x; by 1 it is too, and 1 cannot overflow. */
		LLVMValueRef minus = LLVMBuildICmp(b, LLVMIntEQ, right, LLVMConstAllOnes(type), "");
		right = LLVMBuildSelect(b, minus, LLVMConstInt(type, 1, 0), right, "");
	}
	push(l, LLVMBuildBinOp(b, opcode, left, right, ""));
}

/* Shift counts are taken modulo the width; in IR a larger one would be poison. */
void lower_shift(struct lowering *l, LLVMTypeRef type, LLVMOpcode opcode)
{
	LLVMBuilderRef b = l->ir->builder;
	bool lanes = LLVMGetTypeKind(type) == LLVMVectorTypeKind;
	LLVMTypeRef lane = lanes ? LLVMGetElementType(type) : type;
	LLVMValueRef count = LLVMBuildIntCast2(b, pop(l), lane, 0, "");
	count = LLVMBuildAnd(b, count, LLVMConstInt(lane, LLVMGetIntTypeWidth(lane) - 1, 0), "");
	if (lanes)
		count = vector_splat(l, count, type);
	LLVMValueRef value = pop_as(l, type);
	push(l, LLVMBuildBinOp(b, opcode, value, count, ""));
}

void lower_rotate(struct lowering *l, LLVMTypeRef type, const char *intrinsic)
{
	LLVMValueRef count = pop(l);
	LLVMValueRef value = pop(l);
	LLVMValueRef arguments[] = {value, value, count};
	push(l, number_call(l, intrinsic, type, arguments, 3));
}

/*
 * minimum and maximum without a branch: select(a < b, a, b) is one instruction that yields the
 * second operand for equal or unordered ones. Both orders agree but for zeros of different
 * sign, where the bits decide (or keeps the sign, and drops it), and for NaN, where a + b is the
 * NaN that is due. LLVM 22's llvm.minimum branches.
 */
static void number_extreme(struct lowering *l, LLVMTypeRef type, LLVMRealPredicate predicate,
		LLVMOpcode combine)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMTypeRef bits = ir_bits_type(l->ir, type);
	LLVMValueRef y = pop_as(l, type);
	LLVMValueRef x = pop_as(l, type);
	LLVMValueRef xy = LLVMBuildSelect(b, LLVMBuildFCmp(b, predicate, x, y, ""), x, y, "");
	LLVMValueRef yx = LLVMBuildSelect(b, LLVMBuildFCmp(b, predicate, y, x, ""), y, x, "");
	LLVMValueRef both = LLVMBuildBinOp(b, combine, LLVMBuildBitCast(b, xy, bits, ""),
			LLVMBuildBitCast(b, yx, bits, ""), "");
	LLVMValueRef unordered = LLVMBuildFCmp(b, LLVMRealUNO, x, y, "");
	LLVMValueRef nan = LLVMBuildFAdd(b, x, y, "");
	push(l, LLVMBuildSelect(b, unordered, nan, LLVMBuildBitCast(b, both, type, ""), ""));
}

void lower_minimum(struct lowering *l, LLVMTypeRef type)
{
	number_extreme(l, type, LLVMRealOLT, LLVMOr);
}

void lower_maximum(struct lowering *l, LLVMTypeRef type)
{
	number_extreme(l, type, LLVMRealOGT, LLVMAnd);
}
