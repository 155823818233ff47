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

/* Values that are looked at, phis among them; of more, the answer is no. */
enum { most_values = 48 };

struct search {
	LLVMValueRef seen[most_values];
	unsigned count;
};

static bool is_from_memory(struct search *search, LLVMValueRef value);

static bool is_invariant(LLVMValueRef load)
{
	static const char name[] = "invariant.load";
	LLVMContextRef context = LLVMGetTypeContext(LLVMTypeOf(load));
	return LLVMGetMetadata(load,
			LLVMGetMDKindIDInContext(context, name, sizeof name - 1)) != NULL;
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
		return !is_invariant(value);
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
