/*
 * exact_branch.cc: what a branch depends on is needed only if something depends on the branch.
 * Those around a loop that does nothing, or before two ways that do the same nothing, are removed
 * by LLVM, and then so is what was loaded for them. As in LLVM's aggressive elimination of dead
 * code, an instruction with an effect is alive, with it what it is made of, and the branches that
 * decide whether its block is reached.
 */
#include "compiler/exact_branch.h"

#include <llvm/ADT/DenseSet.h>
#include <llvm/ADT/DepthFirstIterator.h>
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/Analysis/IteratedDominanceFrontier.h>
#include <llvm/Analysis/PostDominators.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>

using namespace llvm;

struct exact_branches {
	DenseSet<const Instruction *> alive;
};

namespace
{

struct Search {
	Function &function;
	PostDominatorTree tree;
	DenseSet<const Instruction *> &alive;
	SmallVector<Instruction *, 64> work;
	SmallPtrSet<BasicBlock *, 32> seen, reached; /* alive blocks; those not yet followed */

	Search(Function &in, DenseSet<const Instruction *> &out) :
			function(in), tree(in), alive(out)
	{
	}
};

} // namespace

static void mark(Search &search, Instruction *instruction)
{
	if (search.alive.insert(instruction).second)
		search.work.push_back(instruction);
}

static void mark_block(Search &search, BasicBlock *block)
{
	if (search.seen.insert(block).second)
		search.reached.insert(block);
}

/* Loads may trap, but they have a mark of their own for that. */
static void mark_roots(Search &search)
{
	for (Instruction &instruction : instructions(search.function)) {
		if (isa<ReturnInst>(instruction) ||
				(instruction.mayHaveSideEffects() && !isa<LoadInst>(instruction)))
			mark(search, &instruction);
	}
	/* Loops without an end, and what is decided in them. */
	for (DomTreeNode *root : children<DomTreeNode *>(search.tree.getRootNode())) {
		if (isa<ReturnInst>(root->getBlock()->getTerminator()))
			continue;
		for (DomTreeNode *node : depth_first(root))
			mark(search, node->getBlock()->getTerminator());
	}
}

static void follow_values(Search &search)
{
	while (!search.work.empty()) {
		Instruction *instruction = search.work.pop_back_val();
		mark_block(search, instruction->getParent());
		for (Value *operand : instruction->operands()) {
			if (Instruction *value = dyn_cast<Instruction>(operand))
				mark(search, value);
		}
		if (!isa<PHINode>(instruction))
			continue;
		for (BasicBlock *before : predecessors(instruction->getParent()))
			mark_block(search, before);
	}
}

/* Branches from which a block that was reached may also not be. */
static void follow_control(Search &search)
{
	SmallPtrSet<BasicBlock *, 32> open;
	SmallVector<BasicBlock *, 32> deciding;
	for (BasicBlock &block : search.function) {
		if (!search.alive.contains(block.getTerminator()))
			open.insert(&block);
	}
	ReverseIDFCalculator frontier(search.tree);
	frontier.setDefiningBlocks(search.reached);
	frontier.setLiveInBlocks(open);
	frontier.calculate(deciding);
	search.reached.clear();
	for (BasicBlock *block : deciding)
		mark(search, block->getTerminator());
}

exact_branches *exact_branches_find(LLVMValueRef function)
{
	exact_branches *branches = new exact_branches;
	Search search(*unwrap<Function>(function), branches->alive);
	mark_roots(search);
	while (!search.work.empty()) {
		follow_values(search);
		follow_control(search);
	}
	return branches;
}

void exact_branches_free(exact_branches *branches)
{
	delete branches;
}

bool exact_branch_matters(const exact_branches *branches, LLVMValueRef branch)
{
	return branches->alive.contains(unwrap<Instruction>(branch));
}
