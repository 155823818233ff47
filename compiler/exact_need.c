/*
 * exact_need.c: which parts of which values of a function are needed by what it does: found
 * backwards from what has effects, through exact_demand.c.
 */
#include "compiler/exact_need.h"

#include <stdlib.h>

#include "base/check.h"
#include "compiler/exact_order.h"

static struct need *need_slot(const struct need_set *set, LLVMValueRef value)
{
	size_t at = ((uintptr_t)value >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20;
	for (at &= set->slot_count - 1; set->slots[at].value && set->slots[at].value != value;)
		at = (at + 1) & (set->slot_count - 1);
	return &set->slots[at];
}

static void need_grow(struct need_set *set)
{
	struct need_set old = *set;
	set->slot_count = old.slot_count ? old.slot_count * 2 : 1024;
	set->slots = calloc(set->slot_count, sizeof *set->slots);
	check(set->slots);
	for (size_t i = 0; i < old.slot_count; i++) {
		if (old.slots[i].value)
			*need_slot(set, old.slots[i].value) = old.slots[i];
	}
	free(old.slots);
}

struct need *need_find(const struct need_set *set, LLVMValueRef value)
{
	struct need *need = set->slot_count ? need_slot(set, value) : NULL;
	return need && need->parts ? need : NULL;
}

void need_visit_later(struct need_set *set, LLVMValueRef value)
{
	if (set->pending_count == set->pending_capacity) {
		set->pending_capacity = set->pending_capacity ? set->pending_capacity * 2 : 256;
		set->pending = realloc(set->pending, set->pending_capacity * sizeof *set->pending);
		check(set->pending);
	}
	set->pending[set->pending_count++] = value;
}

static void need_add(struct need_set *set, LLVMValueRef value, demand_parts parts)
{
	if (!parts || !LLVMIsAInstruction(value))
		return;
	if (set->used * 2 >= set->slot_count)
		need_grow(set);
	struct need *need = need_slot(set, value);
	set->used += !need->value;
	need->value = value;
	if (!(parts & ~need->parts))
		return;
	need->parts |= parts;
	need_visit_later(set, value);
}

static void need_add_whole(struct need_set *set, LLVMValueRef value)
{
	need_add(set, value, demand_all(LLVMTypeOf(value)));
}

static void need_visit(struct need_set *set, LLVMValueRef instruction)
{
	/* Those of loads, and of what has effects, are roots. */
	if (LLVMIsALoadInst(instruction))
		return;
	demand_parts parts = need_find(set, instruction)->parts;
	unsigned count = (unsigned)LLVMGetNumOperands(instruction);
	for (unsigned i = 0; i < count; i++) {
		LLVMValueRef operand = LLVMGetOperand(instruction, i);
		if (LLVMIsAInstruction(operand))
			need_add(set, operand, demand_of_operand(instruction, i, parts));
	}
}

/* ---- roots ---- */

static bool is_call_with_effect(LLVMValueRef instruction)
{
	if (!LLVMIsACallInst(instruction))
		return false;
	LLVMValueRef callee = LLVMGetCalledValue(instruction);
	/* The intrinsics we use are pure but for the trap, which takes a constant only. */
	return !LLVMIsAFunction(callee) || LLVMGetIntrinsicID(callee) == 0;
}

/* Whatever becomes of the others, which are ours, or cannot trap: they may go. */
static bool is_kept_load(LLVMValueRef load)
{
	return LLVMGetVolatile(load) && !exact_is_inside(load);
}

bool need_is_root(LLVMValueRef instruction)
{
	if (LLVMIsALoadInst(instruction))
		return is_kept_load(instruction);
	if (LLVMIsABranchInst(instruction) || LLVMIsASwitchInst(instruction))
		return false;
	return LLVMIsATerminatorInst(instruction) || is_call_with_effect(instruction) ||
			LLVMIsAStoreInst(instruction) || LLVMIsAAtomicRMWInst(instruction) ||
			LLVMIsAAtomicCmpXchgInst(instruction);
}

static void need_add_root(struct need_set *set, LLVMValueRef instruction)
{
	if (!need_is_root(instruction))
		return;
	unsigned count = (unsigned)LLVMGetNumOperands(instruction);
	for (unsigned i = 0; i < count; i++)
		need_add_whole(set, LLVMGetOperand(instruction, i));
}

void need_each(struct need_set *set, LLVMValueRef function, need_step step)
{
	LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function);
	for (; block; block = LLVMGetNextBasicBlock(block)) {
		LLVMValueRef instruction = LLVMGetFirstInstruction(block);
		for (; instruction; instruction = LLVMGetNextInstruction(instruction))
			step(set, instruction);
	}
}

void need_find_all(struct need_set *set, LLVMValueRef function)
{
	need_each(set, function, need_add_root);
	while (set->pending_count)
		need_visit(set, set->pending[--set->pending_count]);
}

void need_finish(struct need_set *set)
{
	free(set->slots);
	free(set->pending);
}
