/*
 * exact_known.cc: accesses that cannot trap, since the memory is never smaller than the module says
 * or since one before them, off the same pointer, got as far. They need no mark and no place
 * in the order of traps; most stores are to a frame in guest memory of which a field was
 * touched already.
 */
#include "compiler/exact_order.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/KnownBits.h>

#include "compiler/exact_access.hh"

using namespace llvm;

namespace
{

/* How far from a pointer bytes were accessed on the way to the block at hand. */
using Reaches = DenseMap<const Value *, int64_t>;

struct Undo {
	const Value *pointer;
	int64_t reach;
	bool was_there;
};

/* A step of the walk over the dominator tree: into a block, or out of one. */
struct Step {
	DomTreeNode *node;
	size_t undo_count; /* when it was entered */
	bool leave;
};

struct Known {
	const exact_layout &layout;
	Reaches reaches;
	SmallVector<Undo, 64> undo;

	explicit Known(const exact_layout &of) : layout(of)
	{
	}
};

} // namespace

static void known_note(Known &known, const Value *pointer, int64_t reach)
{
	auto [at, is_new] = known.reaches.try_emplace(pointer, reach);
	known.undo.push_back({pointer, at->second, !is_new});
	at->second = reach;
}

static void known_take_back(Known &known, size_t count)
{
	while (known.undo.size() > count) {
		Undo last = known.undo.pop_back_val();
		if (last.was_there)
			known.reaches[last.pointer] = last.reach;
		else
			known.reaches.erase(last.pointer);
	}
}

static const unsigned sum_depth = 3;

/* The greatest value that an index can have. */
static uint64_t index_most(const Value *index, const DataLayout &data, unsigned depth)
{
	const uint64_t most = computeKnownBits(index, data).getMaxValue().getLimitedValue();
	const Instruction *sum = dyn_cast<Instruction>(index);
	if (sum && sum->getOpcode() == Instruction::ZExt && depth)
		return std::min(most, index_most(sum->getOperand(0), data, depth - 1));
	if (!sum || sum->getOpcode() != Instruction::Add || depth == 0)
		return most;
	uint64_t first = index_most(sum->getOperand(0), data, depth - 1);
	uint64_t both = first + index_most(sum->getOperand(1), data, depth - 1);
	/* A sum that may start again at 0 can be anything. */
	return both < first ? most : std::min(most, both);
}

/* Does an index that is known in part only keep the access below the memory's least size? */
static bool is_below_least(const exact::Span &span, const Instruction &access,
		const exact_layout &layout)
{
	const DataLayout &data = access.getModule()->getDataLayout();
	const GetElementPtrInst *address = dyn_cast<GetElementPtrInst>(span.pointer);
	if (!address || address->getNumIndices() != 1 || span.first < 0 ||
			!address->getSourceElementType()->isIntegerTy(8) ||
			!address->getOperand(1)->getType()->isIntegerTy(64))
		return false;
	APInt before(64, 0);
	const Value *base = address->getPointerOperand()->stripAndAccumulateConstantOffsets(data,
			before, true);
	uint32_t memory = exact::base_memory(base, layout);
	if (memory == exact::no_memory || before.isNegative())
		return false;
	uint64_t least = layout.memories[memory].least_size;
	uint64_t most = index_most(address->getOperand(1), data, sum_depth);
	uint64_t rest = before.getZExtValue() + (uint64_t)span.end;
	return most <= least && rest <= least - most;
}

/*
 * What proves another in bounds traps before it: it keeps its own mark or marker. Memories never
 * shrink, so that holds wherever the first has been.
 */
static void known_access(Known &known, Instruction &access)
{
	if (access.isAtomic() || !exact::is_guest_memory(access, known.layout) ||
			!exact::may_trap(access, known.layout))
		return;
	exact::Span span = exact::access_span(access);
	uint32_t memory = exact::base_memory(span.pointer, known.layout);
	bool is_least = memory != exact::no_memory && span.first >= 0 &&
			(uint64_t)span.end <= known.layout.memories[memory].least_size;
	auto before = known.reaches.find(span.pointer);
	if (is_least || is_below_least(span, access, known.layout) ||
			(before != known.reaches.end() && span.end <= before->second))
		exact::set_inside(access);
	else
		known_note(known, span.pointer, span.end);
}

void exact_known(LLVMValueRef function, const struct exact_layout *layout)
{
	Function &whole = *unwrap<Function>(function);
	DominatorTree dominators(whole);
	Known known(*layout);
	SmallVector<Step, 32> steps{{dominators.getRootNode(), 0, false}};
	while (!steps.empty()) {
		Step step = steps.pop_back_val();
		if (step.leave) {
			known_take_back(known, step.undo_count);
			continue;
		}
		steps.push_back({step.node, known.undo.size(), true});
		for (Instruction &instruction : *step.node->getBlock()) {
			if (isa<LoadInst>(instruction) || isa<StoreInst>(instruction))
				known_access(known, instruction);
		}
		for (DomTreeNode *child : *step.node)
			steps.push_back({child, 0, false});
	}
}

bool exact_is_inside(LLVMValueRef access)
{
	return exact::is_inside(*unwrap<Instruction>(access));
}

bool exact_may_coincide(LLVMValueRef load, LLVMValueRef store)
{
	exact::Span from = exact::access_span(*unwrap<Instruction>(load));
	exact::Span to = exact::access_span(*unwrap<Instruction>(store));
	return from.pointer != to.pointer || from.first == to.first;
}
