/*
 * optimise_width.cc: a guest's address has 32 bits, an access wants 64. Instructions of 32 bits
 * clear the upper half of their register, so that making an address wide costs nothing where it is
 * computed, but a move where it comes out of a phi: the pointer that walks a list, or a string.
 * Such phis carry 64 bits here.
 */
#include "compiler/optimise_width.h"

#include <llvm/ADT/MapVector.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>

using namespace llvm;

/* Phis, in the order of the code, and what becomes of them. */
using Phis = MapVector<PHINode *, PHINode *>;

static bool is_wide_use(const User *user)
{
	return isa<ZExtInst>(user) && user->getType()->isIntegerTy(64);
}

/* Is the value in a register whose upper half the instruction that made it has cleared? */
static bool is_cleared(const Value *value)
{
	const Instruction *instruction = dyn_cast<Instruction>(value);
	if (!instruction)
		return isa<ConstantInt>(value);
	switch (instruction->getOpcode()) {
	case Instruction::Load:
	case Instruction::Add:
	case Instruction::Sub:
	case Instruction::Mul:
	case Instruction::And:
	case Instruction::Or:
	case Instruction::Xor:
	case Instruction::Shl:
	case Instruction::LShr:
	case Instruction::AShr:
	case Instruction::Select:
	case Instruction::ZExt:
		return true;
	default:
		return false;
	}
}

/* What enters a loop may cost a move: the turns save more. */
static bool is_worth_it(const PHINode &phi, const Phis &phis, const LoopInfo &loops)
{
	const Loop *loop = loops.getLoopFor(phi.getParent());
	bool is_head = loop && loop->getHeader() == phi.getParent();
	for (unsigned i = 0; i < phi.getNumIncomingValues(); i++) {
		Value *value = phi.getIncomingValue(i);
		PHINode *other = dyn_cast<PHINode>(value);
		bool enters = is_head && !loop->contains(phi.getIncomingBlock(i));
		if (!is_cleared(value) && !(other && phis.count(other)) && !enters)
			return false;
	}
	return true;
}

static Phis phis_find(Function &function, const LoopInfo &loops)
{
	Phis phis;
	for (Instruction &instruction : instructions(function)) {
		PHINode *phi = dyn_cast<PHINode>(&instruction);
		if (phi && phi->getType()->isIntegerTy(32) && any_of(phi->users(), is_wide_use))
			phis[phi] = nullptr;
	}
	size_t count;
	do {
		count = phis.size();
		phis.remove_if([&](const auto &row) {
			return !is_worth_it(*row.first, phis, loops);
		});
	} while (phis.size() != count);
	return phis;
}

static Value *wide_value(Value *value, BasicBlock &from, const Phis &phis)
{
	Type *wide = Type::getInt64Ty(value->getContext());
	PHINode *phi = dyn_cast<PHINode>(value);
	if (phi && phis.count(phi))
		return phis.find(phi)->second;
	Instruction *made = dyn_cast<Instruction>(value);
	/* Beside what clears the register, or selection of instructions does not see that. */
	IRBuilder<> builder(made && is_cleared(made) ? made->getNextNode() : from.getTerminator());
	return builder.CreateZExt(value, wide);
}

static void phi_fill(PHINode &narrow, PHINode &wide, const Phis &phis)
{
	DenseMap<BasicBlock *, Value *> values; /* the same for all edges from a block */
	for (unsigned i = 0; i < narrow.getNumIncomingValues(); i++) {
		BasicBlock *from = narrow.getIncomingBlock(i);
		Value *&value = values[from];
		if (!value)
			value = wide_value(narrow.getIncomingValue(i), *from, phis);
		wide.addIncoming(value, from);
	}
}

static void phi_replace(PHINode &narrow, PHINode &wide)
{
	for (User *user : make_early_inc_range(narrow.users())) {
		if (!is_wide_use(user))
			continue;
		user->replaceAllUsesWith(&wide);
		cast<Instruction>(user)->eraseFromParent();
	}
	BasicBlock *block = narrow.getParent();
	IRBuilder<> builder(block, block->getFirstInsertionPt());
	narrow.replaceAllUsesWith(builder.CreateTrunc(&wide, narrow.getType()));
	narrow.eraseFromParent();
}

/* ---- values that are made in another block than that which wants them wide ---- */

/*
 * Selection of instructions looks at one block, and would clear the register once more. What is
 * wanted behind a loop stays there: in the loop it would be one value more.
 */
static void widen_beside(Instruction &made, const LoopInfo &loops)
{
	SmallVector<Instruction *, 8> wide;
	bool elsewhere = false;
	for (User *user : made.users()) {
		Instruction *at = cast<Instruction>(user);
		if (!is_wide_use(user) ||
				loops.getLoopDepth(at->getParent()) <
						loops.getLoopDepth(made.getParent()))
			continue;
		wide.push_back(at);
		elsewhere |= at->getParent() != made.getParent();
	}
	if (!elsewhere)
		return;
	IRBuilder<> builder(made.getNextNode());
	Value *beside = builder.CreateZExt(&made, builder.getInt64Ty());
	for (Instruction *user : wide) {
		user->replaceAllUsesWith(beside);
		user->eraseFromParent();
	}
}

/* An index times the size of an element: selection makes the index wide, not the product. */
static void widen_before_shift(Instruction &wide)
{
	auto *shift = dyn_cast<OverflowingBinaryOperator>(wide.getOperand(0));
	if (!shift || shift->getOpcode() != Instruction::Shl || !shift->hasNoUnsignedWrap())
		return;
	const ConstantInt *by = dyn_cast<ConstantInt>(shift->getOperand(1));
	if (!by)
		return;
	IRBuilder<> builder(&wide);
	Value *index = builder.CreateZExt(shift->getOperand(0), wide.getType());
	wide.replaceAllUsesWith(builder.CreateShl(index, by->getZExtValue(), "", true));
	wide.eraseFromParent();
}

void optimise_widths(LLVMValueRef function)
{
	Function &whole = *unwrap<Function>(function);
	for (Instruction &instruction : make_early_inc_range(instructions(whole))) {
		if (is_wide_use(&instruction))
			widen_before_shift(instruction);
	}
	DominatorTree dominators(whole);
	LoopInfo loops(dominators);
	Phis phis = phis_find(whole, loops);
	for (auto &[narrow, wide] : phis) {
		IRBuilder<> builder(narrow);
		wide = builder.CreatePHI(builder.getInt64Ty(), narrow->getNumIncomingValues());
	}
	for (auto &[narrow, wide] : phis)
		phi_fill(*narrow, *wide, phis);
	for (auto &[narrow, wide] : phis)
		phi_replace(*narrow, *wide);
	SmallVector<Instruction *, 64> made;
	for (Instruction &instruction : instructions(whole)) {
		if (instruction.getType()->isIntegerTy(32) && is_cleared(&instruction))
			made.push_back(&instruction);
	}
	for (Instruction *instruction : made)
		widen_beside(*instruction, loops);
}
