/*
 * exact_vanish.c: unrolling, peeling and threading of jumps replace a phi by what comes from one
 * block. If that is a constant, so may be what is made of it, and the other operand is not needed:
 * a load that was made for it would go, and its trap. This happens behind exact.c, so it must be
 * expected there. Floats are left out: only NaN would decide alone, and nobody counts with that.
 */
#include "compiler/exact_vanish.h"

/* Values that are looked at; of longer ways to a phi the answer is yes. */
enum { most_values = 48 };

struct search {
	LLVMValueRef phis[most_values]; /* being looked at, or done */
	unsigned phi_count, value_count;
};

static bool may_be_constant(struct search *search, LLVMValueRef value);

static bool phi_may_be_constant(struct search *search, LLVMValueRef phi)
{
	for (unsigned i = 0; i < search->phi_count; i++) {
		if (search->phis[i] == phi)
			return false; /* if so, then because of what else comes in */
	}
	search->phis[search->phi_count++] = phi;
	for (unsigned i = 0; i < LLVMCountIncoming(phi); i++) {
		if (may_be_constant(search, LLVMGetIncomingValue(phi, i)))
			return true;
	}
	return false;
}

/* One operand that is known is enough to know the result, or how it is not. */
static bool operand_may_be_constant(struct search *search, LLVMValueRef instruction)
{
	for (unsigned i = 0; i < (unsigned)LLVMGetNumOperands(instruction); i++) {
		LLVMValueRef operand = LLVMGetOperand(instruction, i);
		if (!LLVMIsConstant(operand) && may_be_constant(search, operand))
			return true;
	}
	return false;
}

static bool may_be_constant(struct search *search, LLVMValueRef value)
{
	if (LLVMIsConstant(value))
		return true;
	if (!LLVMIsAInstruction(value) || LLVMIsALoadInst(value) || LLVMIsACallInst(value))
		return false;
	if (++search->value_count > most_values)
		return true;
	switch (LLVMGetInstructionOpcode(value)) {
	case LLVMPHI:
		return phi_may_be_constant(search, value);
	case LLVMAdd:
	case LLVMSub:
	case LLVMXor:
		return may_be_constant(search, LLVMGetOperand(value, 0)) &&
				may_be_constant(search, LLVMGetOperand(value, 1));
	default:
		return operand_may_be_constant(search, value);
	}
}

/* Becomes a constant: those that are one already have rules of their own. */
static bool becomes_constant(LLVMValueRef value)
{
	struct search search = {.phi_count = 0};
	return !LLVMIsConstant(value) && may_be_constant(&search, value);
}

static bool other_becomes_constant(LLVMValueRef instruction, unsigned index)
{
	for (unsigned i = 0; i < (unsigned)LLVMGetNumOperands(instruction); i++) {
		if (i != index && becomes_constant(LLVMGetOperand(instruction, i)))
			return true;
	}
	return false;
}

/* Whatever number it is equal to, a load may have it; not so what is made of a narrower one. */
static bool is_of_any_value(LLVMValueRef value)
{
	while (LLVMIsAFreezeInst(value))
		value = LLVMGetOperand(value, 0);
	return LLVMIsALoadInst(value);
}

static bool compare_may_vanish(LLVMValueRef compare, unsigned index)
{
	LLVMIntPredicate predicate = LLVMGetICmpPredicate(compare);
	bool is_equality = predicate == LLVMIntEQ || predicate == LLVMIntNE;
	if (is_equality && is_of_any_value(LLVMGetOperand(compare, index)))
		return false;
	return other_becomes_constant(compare, index);
}

/* Whichever it is, if both are the same; and not at all what is not chosen. */
static bool select_may_vanish(LLVMValueRef select, unsigned index)
{
	LLVMValueRef yes = LLVMGetOperand(select, 1), no = LLVMGetOperand(select, 2);
	if (index > 0)
		return becomes_constant(LLVMGetOperand(select, 0));
	return (becomes_constant(yes) && (LLVMIsConstant(no) || becomes_constant(no))) ||
			(becomes_constant(no) && LLVMIsConstant(yes));
}

bool exact_may_vanish(LLVMValueRef instruction, unsigned index)
{
	switch (LLVMGetInstructionOpcode(instruction)) {
	case LLVMMul:
	case LLVMAnd:
	case LLVMOr:
	case LLVMShl:
	case LLVMLShr:
	case LLVMAShr:
	case LLVMUDiv:
	case LLVMURem:
	case LLVMSDiv:
	case LLVMSRem:
		return other_becomes_constant(instruction, index);
	case LLVMCall: {
		LLVMTypeKind kind = LLVMGetTypeKind(LLVMTypeOf(instruction));
		return kind == LLVMIntegerTypeKind && other_becomes_constant(instruction, index);
	}
	case LLVMICmp:
		return compare_may_vanish(instruction, index);
	case LLVMSelect:
		return select_may_vanish(instruction, index);
	default:
		return false;
	}
}
