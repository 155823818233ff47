/*
 * exact_apart.c: once loads are ordinary, LLVM finds that two of them give the same, or that a
 * store gives what one would, or that a turn of an unrolled loop takes back what the one before
 * did: `x - y` is 0 then, and both loads go, and their traps. Nobody foresees all of that, but it
 * takes two values that both came from memory. What was given to the function, or by a call, is
 * never found to be one that was loaded without a branch that says so, and its other way does not
 * know.
 */
#include "compiler/exact_apart.h"

#include <stddef.h>
#include <string.h>

/* Values that are looked at, phis among them; of more, the answer is no. */
enum { most_values = 48 };

struct search {
	LLVMValueRef seen[most_values];
	unsigned count;
};

static const char mark_name[] = "selvage.apart";

static bool is_from_memory(struct search *search, LLVMValueRef value);

static unsigned kind_of(LLVMValueRef value, const char *name)
{
	return LLVMGetMDKindIDInContext(LLVMGetTypeContext(LLVMTypeOf(value)), name,
			(unsigned)strlen(name));
}

/* A load whose value never was in a guest's memory: it never changes, or has been marked. */
static bool is_elsewhere(LLVMValueRef load)
{
	return LLVMGetMetadata(load, kind_of(load, "invariant.load")) != NULL ||
			LLVMGetMetadata(load, kind_of(load, mark_name)) != NULL;
}

static bool is_call_of_function(LLVMValueRef value)
{
	if (!LLVMIsACallInst(value))
		return false;
	LLVMValueRef callee = LLVMGetCalledValue(value);
	return !LLVMIsAFunction(callee) || LLVMGetIntrinsicID(callee) == 0;
}

static bool operand_is_from_memory(struct search *search, LLVMValueRef value)
{
	for (unsigned i = 0; i < (unsigned)LLVMGetNumOperands(value); i++) {
		if (is_from_memory(search, LLVMGetOperand(value, i)))
			return true;
	}
	return false;
}

static bool is_from_memory(struct search *search, LLVMValueRef value)
{
	if (!LLVMIsAInstruction(value) || LLVMIsAAllocaInst(value) || is_call_of_function(value))
		return false;
	if (LLVMIsALoadInst(value))
		return !is_elsewhere(value);
	for (unsigned i = 0; i < search->count; i++) {
		if (search->seen[i] == value)
			return false; /* if so, then because of what else it is made of */
	}
	if (search->count == most_values)
		return true;
	search->seen[search->count++] = value;
	return operand_is_from_memory(search, value);
}

bool exact_stands_apart(LLVMValueRef instruction, unsigned index)
{
	struct search search = {.count = 0};
	for (unsigned i = 0; i < (unsigned)LLVMGetNumOperands(instruction); i++) {
		if (i != index && is_from_memory(&search, LLVMGetOperand(instruction, i)))
			return false;
	}
	return true;
}

/* ---- globals ---- */

/* Could it be one of the guest's globals that the store changes? One without a tag, too. */
static bool may_set_global(const struct ir *ir, LLVMValueRef store)
{
	LLVMValueRef tag = LLVMGetMetadata(store, ir->tbaa_kind);
	for (int alias = 0; tag && alias < ALIAS_COUNT; alias++) {
		if (tag == ir->alias_tags[alias])
			return alias == ALIAS_GLOBAL;
	}
	return true;
}

static bool sets_what_memory_held(const struct ir *ir, LLVMValueRef instruction)
{
	struct search search = {.count = 0};
	return LLVMIsAStoreInst(instruction) && may_set_global(ir, instruction) &&
			is_from_memory(&search, LLVMGetOperand(instruction, 0));
}

static void global_mark(const struct ir *ir, LLVMValueRef instruction, LLVMValueRef mark)
{
	if (LLVMIsALoadInst(instruction) &&
			LLVMGetMetadata(instruction, ir->tbaa_kind) == ir->alias_tags[ALIAS_GLOBAL])
		LLVMSetMetadata(instruction, kind_of(instruction, mark_name), mark);
}

static void globals_mark(const struct ir *ir, LLVMValueRef function, LLVMValueRef mark)
{
	LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function);
	for (; block; block = LLVMGetNextBasicBlock(block)) {
		LLVMValueRef instruction = LLVMGetFirstInstruction(block);
		for (; instruction; instruction = LLVMGetNextInstruction(instruction))
			global_mark(ir, instruction, mark);
	}
}

static bool globals_stand_apart(const struct ir *ir, LLVMValueRef function)
{
	LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function);
	for (; block; block = LLVMGetNextBasicBlock(block)) {
		LLVMValueRef instruction = LLVMGetFirstInstruction(block);
		for (; instruction; instruction = LLVMGetNextInstruction(instruction)) {
			if (sets_what_memory_held(ir, instruction))
				return false;
		}
	}
	return true;
}

void exact_mark_globals(const struct ir *ir, LLVMValueRef function)
{
	globals_mark(ir, function, ir->empty_node);
	if (!globals_stand_apart(ir, function))
		exact_forget_globals(ir, function);
}

void exact_forget_globals(const struct ir *ir, LLVMValueRef function)
{
	globals_mark(ir, function, NULL);
}
