/*
 * lower_fuel.c: deterministic metering. Each straight line of operators takes its number of units
 * off the counter in the store's view when it begins: one at the start of a function, behind each
 * label that a branch leads to, and on either side of a condition. Functions and loops end the
 * guest there when less than nothing is left, so that between two looks no more runs than
 * one way through a function. What is counted are the module's operators as they are read, so
 * that the count is the same at every level and on every CPU.
 */
#include "compiler/lower_fuel.h"

#include <stddef.h>

#include "compiler/lower.h"

/* Operators that only say where others begin and end. */
static bool fuel_is_free(enum op op)
{
	switch (op) {
	case OP_block:
	case OP_loop:
	case OP_try:
	case OP_try_table:
	case OP_else:
	case OP_catch:
	case OP_catch_all:
	case OP_delegate:
	case OP_end:
		return true;
	default:
		return false;
	}
}

void fuel_count(struct lowering *l)
{
	if (l->fuel.charge && !fuel_is_free(l->at->op))
		l->fuel.units++;
}

void fuel_end(struct lowering *l)
{
	if (!l->fuel.charge)
		return;
	LLVMValueRef charge = l->fuel.charge;
	LLVMSetOperand(charge, 1, LLVMConstInt(l->ir->i64, l->fuel.units, 0));
	l->fuel.charge = NULL;
	if (l->fuel.units || l->fuel.is_looked_at)
		return;
	LLVMValueRef load = LLVMGetOperand(charge, 0);
	LLVMInstructionEraseFromParent(l->fuel.store);
	LLVMInstructionEraseFromParent(charge);
	LLVMInstructionEraseFromParent(load);
}

void fuel_begin(struct lowering *l, bool looks)
{
	LLVMBuilderRef b = l->ir->builder;
	if (!l->ir->options->fuel || l->expression)
		return;
	fuel_end(l);
	LLVMValueRef address = access_at(l, access_view(l), offsetof(struct sv_store_view, fuel));
	LLVMValueRef units = access_load(l, l->ir->i64, address, ALIAS_FUEL);
	/* How many is known at the end of the line. */
	l->fuel.charge = LLVMBuildSub(b, units, LLVMConstInt(l->ir->i64, 1, 0), "");
	l->fuel.store = access_store(l, l->fuel.charge, address, ALIAS_FUEL);
	l->fuel.units = 0;
	l->fuel.is_looked_at = looks;
	if (looks)
		trap_unless(l, LLVMBuildICmp(b, LLVMIntSGE, l->fuel.charge,
						LLVMConstNull(l->ir->i64), ""), SV_TRAP_FUEL);
}
