/*
 * lower_trap.c: traps as cold blocks that execute ud1 with the kind in the instruction,
 * and the source positions by which a backtrace finds the operator again.
 */
#include "compiler/lower.h"

#include <string.h>

void trap_mark_position(struct lowering *l)
{
	/* Constant expressions have no positions: nothing in a backtrace leads to them. */
	if (!l->scope) {
		LLVMSetCurrentDebugLocation2(l->ir->builder, NULL);
		return;
	}
	LLVMSetCurrentDebugLocation2(l->ir->builder,
			debug_location(l->ir, l->scope, l->index, l->at->offset));
}

/*
 * LLVM's declaration says that the trap touches no memory we see. But globals and memories are
 * looked at after a trap: a store before it is not dead because another would have followed.
 */
static LLVMValueRef trap_intrinsic(struct ir *ir)
{
	LLVMValueRef function = ir_intrinsic(ir, "llvm.ubsantrap", NULL, 0);
	unsigned effects = LLVMGetEnumAttributeKindForName("memory", strlen("memory"));
	LLVMRemoveEnumAttributeAtIndex(function, LLVMAttributeFunctionIndex, effects);
	return function;
}

void trap_here(struct lowering *l, enum sv_trap trap)
{
	struct ir *ir = l->ir;
	LLVMValueRef trap_function = trap_intrinsic(ir);
	LLVMValueRef kind = LLVMConstInt(ir->i8, trap, 0);
	trap_mark_position(l);
	LLVMValueRef call = LLVMBuildCall2(ir->builder, LLVMGlobalGetValueType(trap_function),
			trap_function, &kind, 1, "");
	/* Merged traps would lose which operator it was. */
	LLVMAddCallSiteAttribute(call, LLVMAttributeFunctionIndex, ir->nomerge);
	LLVMBuildUnreachable(ir->builder);
}

void trap_unless(struct lowering *l, LLVMValueRef condition, enum sv_trap trap)
{
	struct ir *ir = l->ir;
	LLVMBasicBlockRef cold = lower_new_block(l, "trap");
	LLVMBasicBlockRef next = lower_new_block(l, "");
	LLVMValueRef branch = LLVMBuildCondBr(ir->builder, condition, next, cold);
	access_note(l, branch, ir->weights_kind, ir->likely);
	lower_into(l, cold);
	trap_here(l, trap);
	lower_into(l, next);
}
