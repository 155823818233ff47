/*
 * exact_float.c: keeps exact what folding of floats would let slip: operations that change
 * nothing else quiet a signalling NaN.
 */
#include "compiler/optimise.h"

/* Zeros and ones of either sign are the constants that float folding knows. */
static bool exact_is_special_number(LLVMValueRef value)
{
	LLVMBool loses;
	double number = LLVMConstRealGetDouble(value, &loses);
	return number == 0 || number == 1 || number == -1;
}

static bool exact_moves_lanes(LLVMValueRef value)
{
	return LLVMIsABitCastInst(value) || LLVMIsAShuffleVectorInst(value) ||
			LLVMIsAInsertElementInst(value) || LLVMIsAExtractElementInst(value);
}

/*
 * May the value, or one of its lanes, become such a constant? Lanes are looked for where
 * they come from, through `*budget` values; what lies behind may be one.
 */
static bool exact_is_special(LLVMValueRef value, unsigned *budget)
{
	if (LLVMIsAConstantFP(value))
		return exact_is_special_number(value);
	if (LLVMIsUndef(value))
		return false;
	if (LLVMIsAConstantDataVector(value) || LLVMIsAConstantVector(value)) {
		bool special = false;
		unsigned count = LLVMGetVectorSize(LLVMTypeOf(value));
		for (unsigned i = 0; i < count && !special; i++)
			special = exact_is_special(LLVMGetAggregateElement(value, i), budget);
		return special;
	}
	if (LLVMIsConstant(value) || *budget == 0)
		return true;
	if (!exact_moves_lanes(value))
		return false;
	--*budget;
	/* The other operands are indices; a constant second lane or vector counts as well. */
	bool second = LLVMIsAShuffleVectorInst(value) || LLVMIsAInsertElementInst(value);
	return exact_is_special(LLVMGetOperand(value, 0), budget) ||
			(second && exact_is_special(LLVMGetOperand(value, 1), budget));
}

static void exact_canonicalise(struct ir *ir, LLVMValueRef instruction, unsigned operand)
{
	LLVMValueRef value = LLVMGetOperand(instruction, operand);
	LLVMTypeRef type = LLVMTypeOf(value);
	LLVMValueRef function = ir_intrinsic(ir, "llvm.canonicalize", &type, 1);
	LLVMPositionBuilderBefore(ir->builder, instruction);
	LLVMSetCurrentDebugLocation2(ir->builder, NULL);
	LLVMValueRef quiet = LLVMBuildCall2(ir->builder, LLVMGlobalGetValueType(function), function,
			&value, 1, "");
	LLVMSetOperand(instruction, operand, quiet);
}

/* Folding may find a promotion behind anything but arithmetic, which quiets its result. */
static bool exact_is_quiet(LLVMValueRef value)
{
	switch (LLVMIsAInstruction(value) ? LLVMGetInstructionOpcode(value) : LLVMUnreachable) {
	case LLVMFAdd:
	case LLVMFSub:
	case LLVMFMul:
	case LLVMFDiv:
	case LLVMSIToFP:
	case LLVMUIToFP:
		return true;
	default:
		return LLVMIsConstant(value);
	}
}

/* With a constant operand, a multiplication with addition becomes one of the two, or neither. */
static void exact_call(struct ir *ir, LLVMValueRef call)
{
	static const char fma[] = "llvm.fma";
	LLVMValueRef callee = LLVMGetCalledValue(call);
	if (!LLVMIsAFunction(callee) ||
			LLVMGetIntrinsicID(callee) != LLVMLookupIntrinsicID(fma, sizeof fma - 1))
		return;
	unsigned budget = 64;
	bool special = false;
	for (unsigned i = 0; i < LLVMGetNumArgOperands(call); i++)
		special |= exact_is_special(LLVMGetOperand(call, i), &budget);
	for (unsigned i = 0; special && i < LLVMGetNumArgOperands(call); i++)
		exact_canonicalise(ir, call, i);
}

static void exact_float(struct ir *ir, LLVMValueRef instruction)
{
	unsigned budget = 64;
	switch (LLVMGetInstructionOpcode(instruction)) {
	case LLVMFAdd:
	case LLVMFSub:
	case LLVMFMul:
	case LLVMFDiv:
		if (exact_is_special(LLVMGetOperand(instruction, 1), &budget))
			exact_canonicalise(ir, instruction, 0);
		else if (exact_is_special(LLVMGetOperand(instruction, 0), &budget))
			exact_canonicalise(ir, instruction, 1);
		return;
	case LLVMFPTrunc:
		/* A demotion of a promotion is the value itself, but for its NaN. */
		if (!exact_is_quiet(LLVMGetOperand(instruction, 0)))
			exact_canonicalise(ir, instruction, 0);
		return;
	case LLVMCall:
		exact_call(ir, instruction);
		return;
	default:
		return;
	}
}

void exact_floats(struct ir *ir, LLVMValueRef function)
{
	LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function);
	for (; block; block = LLVMGetNextBasicBlock(block)) {
		LLVMValueRef instruction = LLVMGetFirstInstruction(block);
		for (; instruction; instruction = LLVMGetNextInstruction(instruction))
			exact_float(ir, instruction);
	}
}

static LLVMValueRef exact_shuffle(struct ir *ir, LLVMValueRef vector, unsigned lanes)
{
	LLVMValueRef mask[4];
	for (unsigned i = 0; i < lanes; i++)
		mask[i] = LLVMConstInt(ir->i32, i % 2, 0);
	return LLVMBuildShuffleVector(ir->builder, vector, LLVMGetUndef(LLVMTypeOf(vector)),
			LLVMConstVector(mask, lanes), "");
}

static bool exact_is_narrow(LLVMValueRef instruction, unsigned canonicalise)
{
	if (!LLVMIsACallInst(instruction))
		return false;
	LLVMValueRef callee = LLVMGetCalledValue(instruction);
	LLVMTypeRef type = LLVMTypeOf(instruction);
	return LLVMIsAFunction(callee) && LLVMGetIntrinsicID(callee) == canonicalise &&
			LLVMGetTypeKind(type) == LLVMVectorTypeKind &&
			LLVMGetVectorSize(type) == 2 &&
			LLVMGetTypeKind(LLVMGetElementType(type)) == LLVMFloatTypeKind;
}

void exact_widen(struct ir *ir, LLVMValueRef function)
{
	unsigned canonicalise = LLVMLookupIntrinsicID("llvm.canonicalize", 17);
	LLVMTypeRef wide = LLVMVectorType(ir->f32, 4);
	LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function);
	for (; block; block = LLVMGetNextBasicBlock(block)) {
		LLVMValueRef next, at = LLVMGetFirstInstruction(block);
		for (; at; at = next) {
			next = LLVMGetNextInstruction(at);
			if (!exact_is_narrow(at, canonicalise))
				continue;
			LLVMPositionBuilderBefore(ir->builder, at);
			LLVMSetCurrentDebugLocation2(ir->builder, NULL);
			LLVMValueRef both = exact_shuffle(ir, LLVMGetOperand(at, 0), 4);
			LLVMValueRef quiet = ir_intrinsic(ir, "llvm.canonicalize", &wide, 1);
			LLVMValueRef result = LLVMBuildCall2(ir->builder,
					LLVMGlobalGetValueType(quiet), quiet, &both, 1, "");
			LLVMReplaceAllUsesWith(at, exact_shuffle(ir, result, 2));
			LLVMInstructionEraseFromParent(at);
		}
	}
}
