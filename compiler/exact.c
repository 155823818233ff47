/*
 * exact.c: keeps exact what LLVM's rules would let slip: traps of loads and stores. All loads
 * are volatile when this begins. Of those whose last byte the program needs, on every path,
 * the mark is taken off: whatever LLVM makes of them reads that byte, and traps as the whole load
 * would. A load of which less is needed LLVM would make narrower, or leave out, or move to
 * where it is needed; so are stores of what was loaded from there, which get the mark.
 */
#include "compiler/optimise.h"

#include "compiler/exact_apart.h"
#include "compiler/exact_order.h"
#include "compiler/exact_path.h"

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
	LLVMValueRef store;
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

/*
 * Could the last byte be one that was loaded from the store's own address? That two addresses are
 * the same may be found when they were loaded, too, and those loads have become one.
 */
static bool store_returns(struct store_search *search, LLVMValueRef value, bool changed)
{
	if (LLVMIsALoadInst(value))
		return changed && exact_may_coincide(value, search->store) &&
				!(exact_is_inside(search->store) && exact_is_inside(value));
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
	struct store_search search = {store, 64};
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

/* ---- marks of loads ---- */

/*
 * Volatile keeps a load, and its width until instructions are selected. Those that take the low
 * half of a vector from memory are selected for a volatile one too, and a conditional move of a
 * volatile load becomes a branch around it, unless the value is frozen in between.
 */
LLVMValueRef exact_guard_load(struct ir *ir, LLVMValueRef load)
{
	LLVMSetVolatile(load, 1);
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

static void load_unmark(struct ir *ir, const struct need_set *set, LLVMValueRef load)
{
	const struct need *need = need_find(set, load);
	bool needed = need && demand_has_last_byte(LLVMTypeOf(load), need->parts);
	if (!needed && !exact_is_inside(load))
		return;
	if (LLVMGetMetadata(load, ir->tbaa_kind) == ir->alias_tags[ALIAS_SHARED])
		return;
	LLVMSetVolatile(load, 0);
	load_thaw(load);
}

void exact_loads(struct ir *ir, LLVMValueRef function)
{
	struct need_set set = {0};
	exact_mark_globals(ir, function);
	need_find_all(&set, function);
	paths_check(&set);
	exact_forget_globals(ir, function);
	LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function);
	for (; block; block = LLVMGetNextBasicBlock(block)) {
		LLVMValueRef instruction = LLVMGetFirstInstruction(block);
		for (; instruction; instruction = LLVMGetNextInstruction(instruction)) {
			if (LLVMIsALoadInst(instruction))
				load_unmark(ir, &set, instruction);
		}
	}
	need_finish(&set);
}

/* ---- behind all passes ---- */

/* Instructions that are selected for a whole integer, or take a marked load into them whole. */
static bool takes_whole(LLVMValueRef user)
{
	switch (LLVMGetInstructionOpcode(user)) {
	case LLVMAdd:
	case LLVMSub:
	case LLVMMul:
	case LLVMAnd:
	case LLVMOr:
	case LLVMXor:
	case LLVMShl:
	case LLVMLShr:
	case LLVMAShr:
	case LLVMZExt:
	case LLVMSExt:
	case LLVMTrunc:
	case LLVMICmp:
	case LLVMSwitch:
	case LLVMPHI:
		return true;
	default:
		return false;
	}
}

static bool freeze_is_idle(LLVMValueRef freeze)
{
	LLVMValueRef load = LLVMGetOperand(freeze, 0);
	if (LLVMGetTypeKind(LLVMTypeOf(freeze)) != LLVMIntegerTypeKind || !LLVMIsALoadInst(load))
		return false;
	LLVMUseRef use = LLVMGetFirstUse(freeze);
	while (use && takes_whole(LLVMGetUser(use)))
		use = LLVMGetNextUse(use);
	return !use;
}

void exact_thaw(LLVMValueRef function)
{
	LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function);
	for (; block; block = LLVMGetNextBasicBlock(block)) {
		LLVMValueRef next, at = LLVMGetFirstInstruction(block);
		for (; at; at = next) {
			next = LLVMGetNextInstruction(at);
			if (!LLVMIsAFreezeInst(at) || !freeze_is_idle(at))
				continue;
			LLVMReplaceAllUsesWith(at, LLVMGetOperand(at, 0));
			LLVMInstructionEraseFromParent(at);
		}
	}
}
