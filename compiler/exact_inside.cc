/*
 * exact_inside.cc: two versions of a loop. Where its addresses and the number of its turns can be
 * told before it starts, a comparison finds out whether all of it is in bounds. If so,
 * a copy runs in which nothing traps, so that LLVM may do with it what it likes. Else the loop runs
 * as it was, exact in every turn.
 */
#include "compiler/exact_loop.hh"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Cloning.h>
#include <llvm/Transforms/Utils/LoopUtils.h>

using namespace llvm;
using namespace exact;

/* ---- the comparison ---- */

namespace
{

/* Code in front of the loop that finds out whether all of it is in bounds. */
struct Guard {
	const Context &context;
	SCEVExpander &expander;
	IRBuilder<> builder;
	Value *holds;
	SmallVector<Value *, 2> sizes; /* by memory, as far as used */

	Value *expand(const SCEV *value)
	{
		return expander.expandCodeFor(value, builder.getInt64Ty(),
				&*builder.GetInsertPoint());
	}

	void require(Value *condition)
	{
		holds = holds ? builder.CreateAnd(holds, condition) : condition;
	}

	void require_below(const SCEV *value, unsigned bits)
	{
		if (is_below(value, bits, context.analyses.evolution))
			return;
		Value *limit = builder.getInt64(UINT64_C(1) << bits);
		require(builder.CreateICmpULT(expand(value), limit));
	}
};

} // namespace

static Value *guard_size(Guard &guard, uint32_t memory)
{
	guard.sizes.resize(guard.context.layout.memory_count);
	Value *&size = guard.sizes[memory];
	if (!size)
		size = emit_size(guard.builder, memory, guard.context.layout);
	return size;
}

static void guard_bound(Guard &guard, const Bound &bound)
{
	IRBuilder<> &builder = guard.builder;
	guard.require_below(bound.start, start_bits);
	if (bound.step)
		guard.require_below(bound.step, step_bits);
	Value *top = guard.expand(bound.start);
	Value *span = guard.expand(bound.span);
	if (bound.is_down())
		guard.require(builder.CreateICmpUGE(top, span));
	else
		top = builder.CreateAdd(top, span);
	Value *end = builder.CreateAdd(top, builder.getInt64(bound.last));
	guard.require(builder.CreateICmpULT(end, guard_size(guard, bound.memory)));
}

static Value *guard_plan(Guard &guard, const Plan &plan)
{
	guard.require_below(plan.turns, turn_bits);
	for (const Bound &bound : plan.bounds)
		guard_bound(guard, bound);
	return guard.holds;
}

/* ---- the copy ---- */

/* What the copy defines reaches the blocks behind the loop as what the loop defines does. */
static void copy_leave(const Loop &loop, const ValueToValueMapTy &map)
{
	SmallVector<BasicBlock *, 8> exits;
	loop.getUniqueExitBlocks(exits);
	for (BasicBlock *exit : exits) {
		for (PHINode &phi : exit->phis()) {
			for (unsigned i = 0, count = phi.getNumIncomingValues(); i < count; i++) {
				BasicBlock *from = phi.getIncomingBlock(i);
				if (!loop.contains(from))
					continue;
				Value *copy = map.lookup(phi.getIncomingValue(i));
				phi.addIncoming(copy ? copy : phi.getIncomingValue(i),
						cast<BasicBlock>(map.lookup(from)));
			}
		}
	}
}

/* What only the loop led to now has the block in front of both as its dominator. */
static void copy_dominate(const Loop &loop, BasicBlock *front, DominatorTree &dominators)
{
	SmallVector<BasicBlock *, 8> behind;
	for (BasicBlock *block : loop.blocks()) {
		for (DomTreeNode *child : *dominators.getNode(block)) {
			if (!loop.contains(child->getBlock()))
				behind.push_back(child->getBlock());
		}
	}
	for (BasicBlock *block : behind)
		dominators.changeImmediateDominator(block, front);
}

/* The copy, behind a branch on a value that is still to be given, the result. */
static BranchInst *copy_make(Loop &loop, const Context &context, ValueToValueMapTy &map,
		Loop *&copy)
{
	Analyses &analyses = context.analyses;
	BasicBlock *front = loop.getLoopPreheader();
	BasicBlock *preheader = SplitBlock(front, front->getTerminator(), &analyses.dominators,
			&analyses.loops);
	SmallVector<BasicBlock *, 16> blocks;
	copy = cloneLoopWithPreheader(preheader, front, &loop, map, ".inside", &analyses.loops,
			&analyses.dominators, blocks);
	remapInstructionsInBlocks(blocks, map);
	IRBuilder<> builder(front->getTerminator());
	Value *unknown = builder.CreateFreeze(PoisonValue::get(builder.getInt1Ty()));
	BranchInst *branch = builder.CreateCondBr(unknown, copy->getLoopPreheader(), preheader,
			MDBuilder(builder.getContext()).createLikelyBranchWeights());
	front->getTerminator()->eraseFromParent();
	copy_leave(loop, map);
	copy_dominate(loop, front, analyses.dominators);
	/* Values behind the loop have two sources now. */
	analyses.evolution.forgetAllLoops();
	return branch;
}

static void copy_thaw(Instruction *load)
{
	for (User *user : make_early_inc_range(load->users())) {
		if (isa<FreezeInst>(user))
			user->replaceAllUsesWith(load);
	}
}

/* The sites of the copy in place of the loop's; nothing can trap there. */
static void copy_free(Plan &plan, const Loop &copy, const ValueToValueMapTy &map)
{
	for (Site &site : plan.sites) {
		site.instruction = cast<Instruction>(map.lookup(site.instruction));
		if (Value *offset = map.lookup(site.offset))
			site.offset = offset;
		if (site.is_kept)
			continue;
		if (BranchInst *branch = dyn_cast<BranchInst>(site.instruction)) {
			bool trap_first = block_is_bounds_trap(branch->getSuccessor(0));
			branch->setCondition(ConstantInt::getBool(branch->getContext(),
					!trap_first));
		} else if (LoadInst *load = dyn_cast<LoadInst>(site.instruction)) {
			load->setVolatile(false);
			copy_thaw(load);
		} else {
			cast<StoreInst>(site.instruction)->setVolatile(false);
		}
	}
	for (BasicBlock *block : copy.blocks()) {
		for (Instruction &instruction : *block) {
			if (instruction.isTerminator() || getLoadStorePointerOperand(&instruction))
				exact::set_inside(instruction);
		}
	}
	plan.is_free = true;
}

/* ---- the counter ---- */

/*
 * The guest counts and computes addresses in 32 bits, which may start again at 0 for all that LLVM
 * knows. In the copy they do not: one counter of 64 bits takes the place of them.
 */
namespace
{

/* An index of 64 bits that goes by steps: start + distance + turn * step. */
struct Index {
	Instruction *instruction;
	Value *start, *step;
	uint64_t distance;
	bool is_proven; /* never leaves the memory */
};

} // namespace

static Value *step_value(const SCEVAddRecExpr *recurrence, Guard &guard)
{
	const SCEV *step = recurrence->getStepRecurrence(guard.context.analyses.evolution);
	if (const SCEVConstant *constant = dyn_cast<SCEVConstant>(step))
		return guard.builder.getInt64((uint64_t)constant->getAPInt().getSExtValue());
	return guard.expand(guard.context.analyses.evolution.getNoopOrZeroExtend(step,
			guard.builder.getInt64Ty()));
}

/* An index of 32 bits that a bound shows not to wrap around, made 64 bits wide. */
static bool index_of_wide(Index &index, const SCEVZeroExtendExpr *wide, const Plan &plan,
		const Loop &copy, Guard &guard)
{
	const SCEVAddRecExpr *recurrence = dyn_cast<SCEVAddRecExpr>(wide->getOperand());
	if (!recurrence || recurrence->getLoop() != &copy ||
			recurrence->getType()->getIntegerBitWidth() != 32)
		return false;
	const Bound *bound = plan_find_bound(plan, recurrence, index.distance,
			guard.context.analyses.evolution);
	if (!bound)
		return false;
	index.start = guard.expand(bound->start);
	index.step = step_value(recurrence, guard);
	index.is_proven = true;
	return true;
}

/* One that LLVM itself knows not to wrap around, maybe from how the loop ends. */
static bool index_of_steps(Index &index, const SCEVAddRecExpr *recurrence, const Loop &copy,
		Guard &guard)
{
	ScalarEvolution &evolution = guard.context.analyses.evolution;
	const Instruction *place = &*guard.builder.GetInsertPoint();
	if (!isa<ZExtInst>(index.instruction) || recurrence->getLoop() != &copy ||
			!recurrence->isAffine() ||
			!guard.expander.isSafeToExpandAt(recurrence->getStart(), place) ||
			!guard.expander.isSafeToExpandAt(recurrence->getStepRecurrence(evolution),
					place))
		return false;
	index.start = guard.expand(recurrence->getStart());
	index.step = step_value(recurrence, guard);
	return true;
}

static SmallVector<Index, 16> indices_find(const Plan &plan, const Loop &copy, Guard &guard)
{
	ScalarEvolution &evolution = guard.context.analyses.evolution;
	SmallVector<Index, 16> indices;
	for (BasicBlock *block : copy.blocks()) {
		for (Instruction &instruction : *block) {
			Index index{&instruction, nullptr, nullptr, 0, false};
			if (!instruction.getType()->isIntegerTy(64) || isa<PHINode>(instruction))
				continue;
			const SCEV *value = evolution.getSCEV(&instruction);
			const auto *wide = dyn_cast<SCEVZeroExtendExpr>(value);
			const auto *steps = dyn_cast<SCEVAddRecExpr>(value);
			if ((wide && index_of_wide(index, wide, plan, copy, guard)) ||
					(steps && index_of_steps(index, steps, copy, guard)))
				indices.push_back(index);
		}
	}
	return indices;
}

/* Addresses made of an index that stays in the memory do not wrap around either. */
static void index_mark_addresses(Value *index, const exact_layout &layout)
{
	for (User *user : index->users()) {
		GetElementPtrInst *address = dyn_cast<GetElementPtrInst>(user);
		if (address && base_memory(address->getPointerOperand(), layout) != no_memory)
			address->setNoWrapFlags(GEPNoWrapFlags::noUnsignedSignedWrap() |
					GEPNoWrapFlags::noUnsignedWrap());
	}
}

static void counter_use(PHINode *turn, const SmallVector<Index, 16> &indices,
		const exact_layout &layout)
{
	IRBuilder<> builder(&*turn->getParent()->getFirstInsertionPt());
	DenseMap<std::pair<Value *, Value *>, Value *> sums; /* by start and step */
	for (const Index &index : indices) {
		Value *&sum = sums[{index.start, index.step}];
		if (!sum) {
			Value *way = builder.CreateMul(turn, index.step, "", false,
					index.is_proven);
			sum = builder.CreateAdd(index.start, way, "", false, index.is_proven);
		}
		Value *place = builder.CreateAdd(sum, builder.getInt64(index.distance), "",
				index.is_proven, index.is_proven);
		index.instruction->replaceAllUsesWith(place);
		if (index.is_proven)
			index_mark_addresses(place, layout);
	}
}

/* Leave after the last turn by the counter, too: how often the loop turns is plain then. */
static void counter_end(PHINode *turn, BranchInst *exit, Value *turns, const Loop &copy)
{
	IRBuilder<> builder(exit);
	bool stays_first = copy.contains(exit->getSuccessor(0));
	exit->setCondition(builder.CreateICmp(stays_first ? CmpInst::ICMP_NE : CmpInst::ICMP_EQ,
			turn, turns));
}

static void copy_count(const Plan &plan, Loop &copy, Guard &guard)
{
	SmallVector<Index, 16> indices = indices_find(plan, copy, guard);
	BasicBlock *header = copy.getHeader(), *latch = copy.getLoopLatch();
	if (indices.empty())
		return;
	Value *turns = plan.exit ? guard.expand(plan.turns) : nullptr;
	Type *type = guard.builder.getInt64Ty();
	PHINode *turn = PHINode::Create(type, 2, "turn", header->begin());
	Instruction *next = BinaryOperator::CreateNUWAdd(turn, ConstantInt::get(type, 1), "",
			latch->getTerminator()->getIterator());
	next->setHasNoSignedWrap();
	turn->addIncoming(ConstantInt::get(type, 0), copy.getLoopPreheader());
	turn->addIncoming(next, latch);
	counter_use(turn, indices, guard.context.layout);
	if (turns)
		counter_end(turn, plan.exit, turns, copy);
	guard.context.analyses.evolution.forgetLoop(&copy);
}

/* ---- what stays at its place ---- */

/*
 * The guest's frame, say: each field has an index of its own, of which LLVM cannot tell that it is
 * the frame's and something. In the copy they are all one start at distances that are known.
 */
static void copy_fix_access(const Plan &plan, Instruction &access, const Loop &copy, Guard &guard)
{
	const Context &context = guard.context;
	IRBuilder<> &front = guard.builder;
	Site site{};
	uint64_t distance;
	if (!is_guest_memory(access, context.layout) || !site_of_access(site, &access, context))
		return;
	const Bound *bound = plan_find_fixed(plan, site, copy, distance, context);
	if (!bound)
		return;
	Value *base = emit_base(front, bound->memory, context.layout);
	Value *start = front.CreateInBoundsPtrAdd(base, guard.expand(bound->start));
	unsigned at = isa<LoadInst>(access) ? LoadInst::getPointerOperandIndex()
					    : StoreInst::getPointerOperandIndex();
	access.setOperand(at, front.CreateInBoundsPtrAdd(start, front.getInt64(distance)));
}

static void copy_fix(const Plan &plan, const Loop &copy, Guard &guard)
{
	for (BasicBlock *block : copy.blocks()) {
		for (Instruction &instruction : *block) {
			if (isa<LoadInst>(instruction) || isa<StoreInst>(instruction))
				copy_fix_access(plan, instruction, copy, guard);
		}
	}
}

/* ---- loops ---- */

static void loop_version(Loop &loop, const Context &context)
{
	Analyses &analyses = context.analyses;
	if (!loop.isLoopSimplifyForm() || !loop.isSafeToClone() || search_version(loop, context))
		return;
	Plan plan{};
	SCEVExpander before(analyses.evolution, "");
	if (!plan_sites(plan, loop, context) ||
			!plan_bounds(plan, loop, context, before,
					loop.getLoopPreheader()->getTerminator()))
		return;
	formLCSSA(loop, analyses.dominators, &analyses.loops, &analyses.evolution);
	ValueToValueMapTy map;
	Loop *copy;
	BranchInst *branch = copy_make(loop, context, map, copy);
	copy_free(plan, *copy, map);
	/*
	 * Once more, of the copy: what is found must hold without the checks it is to replace.
	 */
	SCEVExpander expander(analyses.evolution, "");
	Guard guard{context, expander, IRBuilder<>(branch), nullptr, {}};
	bool known = plan_bounds(plan, *copy, context, expander, branch);
	Value *unknown = branch->getCondition();
	branch->setCondition(known ? guard_plan(guard, plan)
				   : ConstantInt::getFalse(branch->getContext()));
	if (known) {
		copy_fix(plan, *copy, guard);
		copy_count(plan, *copy, guard);
	}
	cast<Instruction>(unknown)->eraseFromParent();
	loop.setLoopAlreadyUnrolled();
}

void exact_loops(LLVMValueRef function, const struct exact_layout *layout)
{
	Function &whole = *unwrap<Function>(function);
	Analyses analyses(whole);
	Context context{whole, *layout, analyses};
	SmallVector<Loop *, 16> innermost;
	for (Loop *loop : analyses.loops.getLoopsInPreorder()) {
		if (loop->isInnermost())
			innermost.push_back(loop);
	}
	for (Loop *loop : innermost)
		loop_version(*loop, context);
}
