/*
 * exact.c: keeps exact what LLVM's rules would let slip: traps of loads that nobody uses,
 * and quieting of NaNs by operations that otherwise change nothing.
 */
#include "compiler/optimise.h"

#include <stdlib.h>
#include <string.h>

/* ---- NaNs ---- */

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

/* ---- loads ---- */

/* A set of values by address, and the list of those whose operands are still to be visited. */
struct live_set {
	const struct ir *ir;
	LLVMValueRef *slots; /* owned; open addressing, a power of two */
	size_t slot_count, used;
	LLVMValueRef *pending; /* owned */
	size_t pending_count, pending_capacity;
};

static size_t live_slot(const struct live_set *set, LLVMValueRef value)
{
	size_t at = ((uintptr_t)value >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20;
	for (at &= set->slot_count - 1; set->slots[at] && set->slots[at] != value;)
		at = (at + 1) & (set->slot_count - 1);
	return at;
}

static void live_grow(struct live_set *set)
{
	struct live_set old = *set;
	set->slot_count = old.slot_count ? old.slot_count * 2 : 1024;
	set->slots = calloc(set->slot_count, sizeof *set->slots);
	check(set->slots);
	for (size_t i = 0; i < old.slot_count; i++) {
		if (old.slots[i])
			set->slots[live_slot(set, old.slots[i])] = old.slots[i];
	}
	free(old.slots);
}

static bool live_has(const struct live_set *set, LLVMValueRef value)
{
	return set->slot_count && set->slots[live_slot(set, value)];
}

static void live_add(struct live_set *set, LLVMValueRef value)
{
	if (!LLVMIsAInstruction(value) || live_has(set, value))
		return;
	if (set->used * 2 >= set->slot_count)
		live_grow(set);
	set->slots[live_slot(set, value)] = value;
	set->used++;
	if (set->pending_count == set->pending_capacity) {
		set->pending_capacity = set->pending_capacity ? set->pending_capacity * 2 : 256;
		set->pending = realloc(set->pending, set->pending_capacity * sizeof *set->pending);
		check(set->pending);
	}
	set->pending[set->pending_count++] = value;
}

static void live_add_operands(struct live_set *set, LLVMValueRef instruction)
{
	unsigned count = (unsigned)LLVMGetNumOperands(instruction);
	for (unsigned i = 0; i < count; i++)
		live_add(set, LLVMGetOperand(instruction, i));
}

/* Storing what was just loaded from there changes nothing: such a store does not need the load. */
static bool live_is_idle_store(LLVMValueRef store)
{
	LLVMValueRef value = LLVMGetOperand(store, 0);
	return LLVMIsALoadInst(value) && LLVMGetOperand(value, 0) == LLVMGetOperand(store, 1);
}

static bool live_is_call_with_effect(LLVMValueRef instruction)
{
	if (!LLVMIsACallInst(instruction))
		return false;
	LLVMValueRef callee = LLVMGetCalledValue(instruction);
	/* The intrinsics we use are pure but for the trap, which takes a constant only. */
	return !LLVMIsAFunction(callee) || LLVMGetIntrinsicID(callee) == 0;
}

static void live_add_root(struct live_set *set, LLVMValueRef instruction)
{
	if (LLVMIsAStoreInst(instruction)) {
		if (!live_is_idle_store(instruction))
			live_add(set, LLVMGetOperand(instruction, 0));
		live_add(set, LLVMGetOperand(instruction, 1));
		return;
	}
	if (LLVMIsATerminatorInst(instruction) || live_is_call_with_effect(instruction) ||
			LLVMIsAAtomicRMWInst(instruction) || LLVMIsAAtomicCmpXchgInst(instruction))
		live_add_operands(set, instruction);
}

typedef void (*live_visit)(struct live_set *set, LLVMValueRef instruction);

static void live_each(struct live_set *set, LLVMValueRef function, live_visit visit)
{
	LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function);
	for (; block; block = LLVMGetNextBasicBlock(block)) {
		LLVMValueRef instruction = LLVMGetFirstInstruction(block);
		for (; instruction; instruction = LLVMGetNextInstruction(instruction))
			visit(set, instruction);
	}
}

/* The address of a load that stays must be computed too. */
static void live_add_load_address(struct live_set *set, LLVMValueRef instruction)
{
	if (LLVMIsALoadInst(instruction))
		live_add(set, LLVMGetOperand(instruction, 0));
}

static void live_unmark(struct live_set *set, LLVMValueRef instruction)
{
	if (!LLVMIsALoadInst(instruction) || !live_has(set, instruction))
		return;
	if (LLVMGetMetadata(instruction, set->ir->tbaa_kind) == set->ir->alias_tags[ALIAS_SHARED])
		return;
	LLVMSetVolatile(instruction, 0);
}

void exact_loads(struct ir *ir, LLVMValueRef function)
{
	struct live_set set = {.ir = ir};
	live_each(&set, function, live_add_root);
	live_each(&set, function, live_add_load_address);
	while (set.pending_count)
		live_add_operands(&set, set.pending[--set.pending_count]);
	live_each(&set, function, live_unmark);
	free(set.slots);
	free(set.pending);
}
