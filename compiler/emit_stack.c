/*
 * emit_stack.c: functions compare the stack pointer with the limit of their context, so that
 * no guard is needed below the stack (docs/decisions/0013).
 *
 * Each function that calls another compares once, at its start, when its frame is made. What it
 * may have used of the stack by then is bounded: from SV_STACK_PROBE bytes on LLVM lets a probe
 * compare first. Functions that call none, or only in the place of their return, are left alone.
 */
#include "compiler/emit.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "abi/limits.h"

/* Local to each piece. */
static const char probe_name[] = "selvage.probe";

/* Intrinsics become instructions: what would become a call has no definition to be linked to. */
static bool stack_is_call(LLVMValueRef instruction)
{
	if (!LLVMIsACallInst(instruction) ||
			LLVMGetTailCallKind(instruction) == LLVMTailCallKindMustTail)
		return false;
	LLVMValueRef callee = LLVMIsAFunction(LLVMGetCalledValue(instruction));
	return !callee || LLVMGetIntrinsicID(callee) == 0;
}

static bool stack_has_call(LLVMValueRef function)
{
	LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function);
	for (; block; block = LLVMGetNextBasicBlock(block)) {
		LLVMValueRef at = LLVMGetFirstInstruction(block);
		for (; at; at = LLVMGetNextInstruction(at)) {
			if (stack_is_call(at))
				return true;
		}
	}
	return false;
}

/* Allocas are part of the frame only in the first block. */
static void stack_move_allocas(struct ir *ir, LLVMBasicBlockRef from)
{
	LLVMValueRef at = LLVMGetFirstInstruction(from);
	while (at) {
		LLVMValueRef next = LLVMGetNextInstruction(at);
		if (LLVMIsAAllocaInst(at)) {
			LLVMInstructionRemoveFromParent(at);
			LLVMInsertIntoBuilder(ir->builder, at);
		}
		at = next;
	}
}

static void stack_build_trap(struct ir *ir, LLVMValueRef function)
{
	LLVMMetadataRef scope = LLVMGetSubprogram(function);
	if (scope)
		LLVMSetCurrentDebugLocation2(ir->builder,
				LLVMDIBuilderCreateDebugLocation(ir->context,
						LLVMDISubprogramGetLine(scope), 0, scope, NULL));
	LLVMValueRef trap = ir_intrinsic(ir, "llvm.ubsantrap", NULL, 0);
	LLVMValueRef kind = LLVMConstInt(ir->i8, SV_TRAP_STACK, 0);
	LLVMBuildCall2(ir->builder, LLVMGlobalGetValueType(trap), trap, &kind, 1, "");
	LLVMBuildUnreachable(ir->builder);
	LLVMSetCurrentDebugLocation2(ir->builder, NULL);
}

/* A new first block. */
static void stack_add_check(struct ir *ir, LLVMValueRef function)
{
	LLVMBuilderRef b = ir->builder;
	LLVMBasicBlockRef body = LLVMGetEntryBasicBlock(function);
	LLVMBasicBlockRef entry = LLVMInsertBasicBlockInContext(ir->context, body, "stack");
	LLVMBasicBlockRef cold = LLVMAppendBasicBlockInContext(ir->context, function, "overflow");
	LLVMPositionBuilderAtEnd(b, entry);
	LLVMSetCurrentDebugLocation2(b, NULL);
	stack_move_allocas(ir, body);
	LLVMValueRef save = ir_intrinsic(ir, "llvm.stacksave", &ir->ptr, 1);
	LLVMValueRef pointer = LLVMBuildCall2(b, LLVMGlobalGetValueType(save), save, NULL, 0, "");
	LLVMValueRef offset = LLVMConstInt(ir->i64, offsetof(struct sv_context, stack_limit), 0);
	LLVMValueRef place = LLVMBuildGEP2(b, ir->i8, LLVMGetParam(function, 0), &offset, 1, "");
	LLVMValueRef limit = LLVMBuildLoad2(b, ir->ptr, place, "");
	LLVMValueRef is_enough = LLVMBuildICmp(b, LLVMIntUGE, pointer, limit, "");
	LLVMValueRef branch = LLVMBuildCondBr(b, is_enough, body, cold);
	LLVMSetMetadata(branch, ir->weights_kind, ir->likely);
	LLVMPositionBuilderAtEnd(b, cold);
	stack_build_trap(ir, function);
}

static void stack_check_function(struct ir *ir, LLVMValueRef function)
{
	char size[24];
	snprintf(size, sizeof size, "%u", (unsigned)SV_STACK_PROBE);
	ir_add_string_attribute(ir, function, "probe-stack", probe_name);
	ir_add_string_attribute(ir, function, "stack-probe-size", size);
	/*
	 * The probe finds the context where the function was given it, so the frame must be made
	 * first of all. Code generation does that for functions that a sanitizer works on, which is
	 * all that this means when no pass runs any more.
	 */
	LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex,
			ir_attribute(ir, "sanitize_type", 0));
	if (stack_has_call(function))
		stack_add_check(ir, function);
}

void emit_stack_checks(struct ir *ir)
{
	LLVMValueRef function = LLVMGetFirstFunction(ir->module);
	for (; function; function = LLVMGetNextFunction(function)) {
		if (!LLVMIsDeclaration(function))
			stack_check_function(ir, function);
	}
	emit_stack_probe(ir, probe_name);
}
