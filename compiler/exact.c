/*
 * exact.c: keeps exact what LLVM's rules would let slip: traps of loads and stores. All loads
 * are volatile when this begins. Of those whose last byte the program needs the mark is
 * taken off: whatever LLVM makes of them reads that byte, and traps as the whole load would. A
 * load of which less is needed LLVM would make narrower, or leave out; so are stores of what
 * was loaded from there, which get the mark.
 */
#include "compiler/optimise.h"

#include <stdlib.h>

#include "compiler/exact_demand.h"

/* ---- stores to where a load read ---- */

/* A constant operand that leaves the last byte of the other one as it is. */
static bool store_keeps_last_byte(LLVMValueRef operation)
{
	LLVMValueRef constant = LLVMGetOperand(operation, 1);
	unsigned width = LLVMGetIntTypeWidth(LLVMTypeOf(operation));
	if (!LLVMIsAConstantInt(constant) || width < 16 || width > 64)
		return false;
	uint64_t neutral = LLVMGetInstructionOpcode(operation) == LLVMAnd ? 0xff : 0;
	return LLVMConstIntGetZExtValue(constant) >> (width - 8) == neutral;
}

/* How a store's value depends on what its address held before. */
struct store_search {
	LLVMValueRef address;
	unsigned budget; /* values that are still looked at */
};

static bool store_returns(struct store_search *search, LLVMValueRef value, bool changed);

static bool store_returns_operand(struct store_search *search, LLVMValueRef value, bool changed)
{
	unsigned count = (unsigned)LLVMGetNumOperands(value);
	for (unsigned i = 0; i < count; i++) {
		if (store_returns(search, LLVMGetOperand(value, i), changed))
			return true;
	}
	return false;
}

/* Is the last byte, as far as can be seen, one that was loaded from the store's own address? */
static bool store_returns(struct store_search *search, LLVMValueRef value, bool changed)
{
	if (LLVMIsALoadInst(value))
		return changed && LLVMGetOperand(value, 0) == search->address;
	if (LLVMIsAFreezeInst(value))
		return store_returns(search, LLVMGetOperand(value, 0), changed);
	if (!LLVMIsAInstruction(value))
		return false;
	if (search->budget == 0)
		return true;
	search->budget--;
	bool vector = LLVMGetTypeKind(LLVMTypeOf(value)) == LLVMVectorTypeKind;
	switch (LLVMGetInstructionOpcode(value)) {
	case LLVMAnd:
	case LLVMOr:
	case LLVMXor:
		changed = changed || vector || store_keeps_last_byte(value);
		return store_returns_operand(search, value, changed);
	case LLVMBitCast:
		return store_returns_operand(search, value, changed);
	case LLVMSelect:
	case LLVMInsertElement:
	case LLVMShuffleVector:
		return vector && store_returns_operand(search, value, true);
	default:
		return false;
	}
}

/* Storing back what was there is no store to LLVM, and part of it a narrower one. */
static bool store_could_shrink(LLVMValueRef store)
{
	LLVMValueRef value = LLVMGetOperand(store, 0);
	struct store_search search = {LLVMGetOperand(store, 1), 64};
	/* Only guest memory is stored to without alignment. */
	if (LLVMGetAlignment(store) != 1)
		return false;
	bool unchanged = LLVMIsALoadInst(value) || LLVMIsAFreezeInst(value);
	return store_returns(&search, value, unchanged);
}

void exact_stores(LLVMValueRef function)
{
	LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function);
	for (; block; block = LLVMGetNextBasicBlock(block)) {
		LLVMValueRef instruction = LLVMGetFirstInstruction(block);
		for (; instruction; instruction = LLVMGetNextInstruction(instruction)) {
			if (LLVMIsAStoreInst(instruction) && store_could_shrink(instruction))
				LLVMSetVolatile(instruction, 1);
		}
	}
}

/* ---- which parts of which values are needed ---- */

struct need {
	LLVMValueRef value;
	demand_parts parts;
};

/* Needs by value, and the list of values whose operands are still to be visited. */
struct need_set {
	const struct ir *ir;
	struct need *slots; /* owned; open addressing, a power of two */
	size_t slot_count, used;
	LLVMValueRef *pending; /* owned */
	size_t pending_count, pending_capacity;
};

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

static demand_parts need_of(const struct need_set *set, LLVMValueRef value)
{
	return set->slot_count ? need_slot(set, value)->parts : 0;
}

static void need_visit_later(struct need_set *set, LLVMValueRef value)
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
	demand_parts parts = need_of(set, instruction);
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

static bool is_root(LLVMValueRef instruction)
{
	return LLVMIsATerminatorInst(instruction) || is_call_with_effect(instruction) ||
			LLVMIsAAtomicRMWInst(instruction) || LLVMIsAAtomicCmpXchgInst(instruction);
}

static void need_add_root(struct need_set *set, LLVMValueRef instruction)
{
	if (LLVMIsAStoreInst(instruction)) {
		need_add_whole(set, LLVMGetOperand(instruction, 0));
		need_add_whole(set, LLVMGetOperand(instruction, 1));
	} else if (LLVMIsALoadInst(instruction)) {
		/* A load that stays needs its address too. */
		need_add_whole(set, LLVMGetOperand(instruction, 0));
	} else if (is_root(instruction)) {
		unsigned count = (unsigned)LLVMGetNumOperands(instruction);
		for (unsigned i = 0; i < count; i++)
			need_add_whole(set, LLVMGetOperand(instruction, i));
	}
}

/* ---- marks of loads ---- */

/*
 * Volatile keeps a load, and its width until instructions are selected. Those that take the
 * low half of a vector from memory are selected for a volatile one too, unless the value
 * is frozen in between.
 */
LLVMValueRef exact_guard_load(struct ir *ir, LLVMValueRef load)
{
	LLVMSetVolatile(load, 1);
	if (LLVMGetTypeKind(LLVMTypeOf(load)) != LLVMVectorTypeKind)
		return load;
	return LLVMBuildFreeze(ir->builder, load, "");
}

/* Uses of a frozen load become uses of the load; the freezing itself is then unused. */
static void load_thaw(LLVMValueRef load)
{
	LLVMUseRef use = LLVMGetFirstUse(load);
	while (use) {
		LLVMValueRef user = LLVMGetUser(use);
		use = LLVMGetNextUse(use);
		if (LLVMIsAFreezeInst(user))
			LLVMReplaceAllUsesWith(user, load);
	}
}

static void need_unmark(struct need_set *set, LLVMValueRef instruction)
{
	LLVMTypeRef type = LLVMTypeOf(instruction);
	if (!LLVMIsALoadInst(instruction) || !demand_has_last_byte(type, need_of(set, instruction)))
		return;
	if (LLVMGetMetadata(instruction, set->ir->tbaa_kind) == set->ir->alias_tags[ALIAS_SHARED])
		return;
	LLVMSetVolatile(instruction, 0);
	load_thaw(instruction);
}

typedef void (*need_step)(struct need_set *set, LLVMValueRef instruction);

static void need_each(struct need_set *set, LLVMValueRef function, need_step step)
{
	LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function);
	for (; block; block = LLVMGetNextBasicBlock(block)) {
		LLVMValueRef instruction = LLVMGetFirstInstruction(block);
		for (; instruction; instruction = LLVMGetNextInstruction(instruction))
			step(set, instruction);
	}
}

void exact_loads(struct ir *ir, LLVMValueRef function)
{
	struct need_set set = {.ir = ir};
	need_each(&set, function, need_add_root);
	while (set.pending_count)
		need_visit(&set, set.pending[--set.pending_count]);
	need_each(&set, function, need_unmark);
	free(set.slots);
	free(set.pending);
}
