/*
 * exact_chain.cc: one comparison for several accesses to a structure. In code that runs straight on
 * but for traps, the first check of an index becomes one of the farthest byte that a check of that
 * index behind it is of, which are left out. If it fails one of them would have: what was
 * there runs as a copy that does all that is due before that one, stores above all, and ends in
 * its trap. So no order changes, and the copy never comes back.
 */
#include "compiler/exact_check.hh"

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Cloning.h>

using namespace llvm;
using namespace exact;

static const unsigned most_copied = 64; /* instructions, of one copy */

namespace
{

/* A block, and what ends it if that is a check of bounds (or its branch is null). */
struct Link {
	BasicBlock *block;
	Check check;
};

/* Blocks of which each is run if the one before it does not trap, and without calls between. */
using Chain = SmallVector<Link, 16>;

} // namespace

/* ---- chains ---- */

static bool is_trap(const BasicBlock *block)
{
	const IntrinsicInst *trap = dyn_cast<IntrinsicInst>(&block->front());
	return trap && trap->getIntrinsicID() == Intrinsic::ubsantrap;
}

/* What runs behind the block, if nothing but a trap could. */
static BasicBlock *block_next(const BasicBlock &block)
{
	const BranchInst *branch = dyn_cast<BranchInst>(block.getTerminator());
	if (!branch)
		return nullptr;
	BasicBlock *next = branch->getSuccessor(0);
	if (branch->isConditional()) {
		bool trap_first = is_trap(next);
		if (trap_first == is_trap(branch->getSuccessor(1)))
			return nullptr;
		next = branch->getSuccessor(trap_first);
	}
	return next->getSinglePredecessor() ? next : nullptr;
}

static bool block_is_opaque(const BasicBlock &block)
{
	return any_of(block, is_opaque);
}

static Chain chain_from(BasicBlock &first, const exact_layout &layout)
{
	Chain chain;
	for (BasicBlock *block = &first; block; block = block_next(*block)) {
		/* Code that nothing leads to may go round. */
		if (!chain.empty() && block == &first)
			break;
		Link link{block, {}};
		/* What is in front of the first check does not matter. */
		if (!chain.empty() && block_is_opaque(*block))
			break;
		if (!chain.empty())
			FoldSingleEntryPHINodes(block);
		if (!check_of(link.check, *block, layout) ||
				!is_trap(link.check.branch->getSuccessor(link.check.trap)))
			link.check.branch = nullptr;
		chain.push_back(link);
	}
	return chain;
}

/* ---- groups ---- */

/* Checks of one index, by their places in the chain. */
struct Group {
	size_t first, last;
	uint64_t reach;
};

static bool is_like(const Link &link, const Check &check)
{
	return link.check.branch && link.check.index == check.index &&
			link.check.memory == check.memory;
}

static size_t block_size(const BasicBlock &block)
{
	size_t count = 0;
	for (const Instruction &instruction : block)
		count += !instruction.isTerminator() && !isa<DbgInfoIntrinsic>(instruction);
	return count;
}

static bool group_find(Group &group, const Chain &chain, size_t first)
{
	const Check &check = chain[first].check;
	size_t copied = 0;
	group = {first, first, check.last};
	for (size_t i = first + 1; i < chain.size(); i++) {
		copied += block_size(*chain[i].block);
		if (copied > most_copied)
			break;
		if (!is_like(chain[i], check))
			continue;
		group.last = i;
		group.reach = std::max(group.reach, chain[i].check.last);
	}
	return group.last != first;
}

/* ---- the copy ---- */

/*
 * Of what the chain does between the group's first check and its last, which is known to fail if it
 * is come to; the result starts with the first.
 */
static BasicBlock *copy_make(const Chain &chain, const Group &group)
{
	ValueToValueMapTy map;
	SmallVector<BasicBlock *, 16> blocks;
	const Check &first = chain[group.first].check;
	Function *function = first.branch->getFunction();
	BasicBlock *start = BasicBlock::Create(function->getContext(), "", function);
	Instruction *jump = first.branch->clone();
	jump->insertInto(start, start->end());
	for (size_t i = group.first + 1; i <= group.last; i++) {
		BasicBlock *copy = CloneBasicBlock(chain[i].block, map, "", function);
		map[chain[i].block] = copy;
		blocks.push_back(copy);
	}
	blocks.push_back(start);
	remapInstructionsInBlocks(blocks, map);
	const Check &last = chain[group.last].check;
	BranchInst *end = cast<BranchInst>(blocks[blocks.size() - 2]->getTerminator());
	BranchInst::Create(last.branch->getSuccessor(last.trap), end->getIterator())
			->setDebugLoc(end->getDebugLoc());
	end->eraseFromParent();
	return start;
}

/* size - reach as lower_memory.c makes it. */
static Value *limit_make(IRBuilder<> &builder, const Check &check, uint64_t reach,
		const exact_layout &layout)
{
	Value *size = emit_size(builder, check.memory, layout);
	if (reach <= layout.memories[check.memory].least_size)
		return builder.CreateSub(size, builder.getInt64(reach), "", true, true);
	return builder.CreateBinaryIntrinsic(Intrinsic::usub_sat, size, builder.getInt64(reach));
}

static void group_join(Chain &chain, const Group &group, const exact_layout &layout)
{
	Link &first = chain[group.first];
	const Check check = first.check;
	BasicBlock *copy = copy_make(chain, group);
	IRBuilder<> builder(check.branch);
	Value *index = check.index;
	if (!index->getType()->isIntegerTy(64))
		index = builder.CreateZExt(index, builder.getInt64Ty());
	Value *limit = limit_make(builder, check, group.reach, layout);
	BranchInst *branch = builder.CreateCondBr(builder.CreateICmpULT(index, limit),
			check.branch->getSuccessor(1 - check.trap), copy,
			MDBuilder(builder.getContext()).createLikelyBranchWeights());
	branch->setDebugLoc(check.branch->getDebugLoc());
	check.branch->eraseFromParent();
	first.check.branch = nullptr;
	for (size_t i = group.first + 1; i <= group.last; i++) {
		if (!is_like(chain[i], check))
			continue;
		check_drop(chain[i].check);
		chain[i].check.branch = nullptr;
	}
}

void exact_chains(LLVMValueRef function, const struct exact_layout *layout)
{
	Function &whole = *unwrap<Function>(function);
	SmallVector<BasicBlock *, 64> blocks;
	for (BasicBlock &block : whole) {
		if (!isa<UnreachableInst>(block.getTerminator()))
			blocks.push_back(&block);
	}
	SmallPtrSet<const BasicBlock *, 32> seen;
	for (BasicBlock *block : blocks) {
		if (seen.contains(block))
			continue;
		Chain chain = chain_from(*block, *layout);
		for (const Link &link : chain)
			seen.insert(link.block);
		Group group;
		for (size_t i = 0; i + 1 < chain.size(); i++) {
			if (chain[i].check.branch && group_find(group, chain, i))
				group_join(chain, group, *layout);
		}
	}
}
