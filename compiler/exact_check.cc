/*
 * exact_check.cc: comparisons with a memory's size that one before them decides: the same index
 * was found to be in bounds as far, and memories never shrink. LLVM cannot tell that behind a
 * call, which may have changed the size, nor of an index that is another and a constant.
 */
#include "compiler/exact_check.hh"

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/PatternMatch.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Local.h>

using namespace llvm;
using namespace llvm::PatternMatch;
using namespace exact;

/* ---- what a comparison is of ---- */

bool exact::check_of(Check &check, BasicBlock &block, const exact_layout &layout)
{
	BranchInst *branch = dyn_cast<BranchInst>(block.getTerminator());
	Site site{};
	if (!branch || !site_of_branch(site, branch, layout))
		return false;
	Value *narrow;
	check.branch = branch;
	check.index = match(site.offset, m_ZExt(m_Value(narrow))) ? narrow : site.offset;
	check.last = site.last;
	check.memory = site.memory;
	check.trap = block_is_bounds_trap(branch->getSuccessor(0)) ? 0 : 1;
	return true;
}

void exact::check_drop(const Check &check)
{
	BasicBlock *trap = check.branch->getSuccessor(check.trap);
	BasicBlock *next = check.branch->getSuccessor(1 - check.trap);
	Value *condition = check.branch->getCondition();
	trap->removePredecessor(check.branch->getParent());
	BranchInst::Create(next, check.branch->getIterator());
	check.branch->eraseFromParent();
	RecursivelyDeleteTriviallyDeadInstructions(condition);
	if (pred_empty(trap))
		DeleteDeadBlock(trap);
}

/* ---- what is known ---- */

namespace
{

/* The greatest distance from an index at which a byte is known to be in bounds. */
using Reaches = DenseMap<std::pair<const Value *, uint32_t>, uint64_t>;

struct Undo {
	std::pair<const Value *, uint32_t> key;
	uint64_t reach;
	bool was_there;
};

/* A step of the walk over the dominator tree: into a block, or out of one. */
struct Step {
	DomTreeNode *node;
	size_t undo_count; /* when it was entered */
	bool leave;
};

struct Walk {
	const exact_layout &layout;
	Reaches reaches;
	SmallVector<Undo, 64> undo;
	SmallVector<Check, 32> decided;

	explicit Walk(const exact_layout &of) : layout(of)
	{
	}
};

} // namespace

static void walk_take_back(Walk &walk, size_t count)
{
	while (walk.undo.size() > count) {
		Undo last = walk.undo.pop_back_val();
		if (last.was_there)
			walk.reaches[last.key] = last.reach;
		else
			walk.reaches.erase(last.key);
	}
}

static bool walk_reaches(const Walk &walk, const Value *index, uint64_t last, uint32_t memory)
{
	auto at = walk.reaches.find({index, memory});
	return at != walk.reaches.end() && last <= at->second;
}

/*
 * If bytes up to the sum of both distances behind `root` are in the memory, the index, which is the
 * root and a constant, has not started again at 0.
 */
static bool walk_decides(const Walk &walk, const Check &check)
{
	Value *root;
	const APInt *distance;
	if (walk_reaches(walk, check.index, check.last, check.memory))
		return true;
	/* Narrower than what the memory could need, it may start again at 0 inside. */
	unsigned bits = check.index->getType()->getIntegerBitWidth();
	bool is_whole = bits == 64 || (bits == 32 && !walk.layout.memories[check.memory].is_64);
	return is_whole && match(check.index, m_AddLike(m_Value(root), m_APInt(distance))) &&
			distance->getActiveBits() < start_bits && check.last >> start_bits == 0 &&
			walk_reaches(walk, root, distance->getZExtValue() + check.last,
					check.memory);
}

/* Behind a trap is nothing: all that the block dominates and is no trap has passed the check. */
static void walk_block(Walk &walk, BasicBlock &block)
{
	Check check;
	if (!check_of(check, block, walk.layout))
		return;
	if (walk_decides(walk, check)) {
		walk.decided.push_back(check);
		return;
	}
	std::pair<const Value *, uint32_t> key{check.index, check.memory};
	auto [at, is_new] = walk.reaches.try_emplace(key, check.last);
	walk.undo.push_back({key, at->second, !is_new});
	at->second = check.last;
}

void exact_checks(LLVMValueRef function, const struct exact_layout *layout)
{
	Function &whole = *unwrap<Function>(function);
	DominatorTree dominators(whole);
	Walk walk(*layout);
	SmallVector<Step, 32> steps{{dominators.getRootNode(), 0, false}};
	while (!steps.empty()) {
		Step step = steps.pop_back_val();
		if (step.leave) {
			walk_take_back(walk, step.undo_count);
			continue;
		}
		steps.push_back({step.node, walk.undo.size(), true});
		walk_block(walk, *step.node->getBlock());
		for (DomTreeNode *child : *step.node)
			steps.push_back({child, 0, false});
	}
	for (const Check &check : walk.decided)
		check_drop(check);
}
