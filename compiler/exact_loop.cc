/*
 * exact_loop.cc: two versions of a loop. Where the addresses of a loop and the number of its turns
 * can be told before it starts, a comparison finds out whether all of it is in bounds. If so,
 * a copy runs in which nothing traps, so that LLVM may do with it what it likes. Else the loop runs
 * as it was, exact in every turn.
 */
#include "compiler/exact_order.h"

#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/Analysis/AssumptionCache.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Cloning.h>
#include <llvm/Transforms/Utils/LoopUtils.h>
#include <llvm/Transforms/Utils/ScalarEvolutionExpander.h>

#include "compiler/exact_access.hh"

using namespace llvm;

namespace
{

const unsigned most_instructions = 400;
const unsigned most_bounds = 16;
const unsigned limit_depth = 4; /* phis that a limit is searched through */

/* Numbers below this cannot overflow 64 bits when one is added to a product of two others. */
const unsigned start_bits = 62, turn_bits = 32, step_bits = 31;

/* What is known of a function. Only dominators and loops are kept up to date. */
struct Analyses {
	TargetLibraryInfoImpl library_kind;
	TargetLibraryInfo library;
	AssumptionCache assumptions;
	DominatorTree dominators;
	LoopInfo loops;
	ScalarEvolution evolution;

	explicit Analyses(Function &function)
	    : library_kind(function.getParent()->getTargetTriple()), library(library_kind),
	      assumptions(function), dominators(function), loops(dominators),
	      evolution(function, library, assumptions, dominators, loops)
	{
	}
};

/* An access, or a branch to a trap: offset + last < size of the memory. */
struct Site {
	Instruction *instruction;
	Value *offset; /* index or, for an access, the pointer */
	uint64_t last;
	uint32_t memory;
};

/* Over all turns the offset goes from `start` by `span`. */
struct Bound {
	const SCEV *start, *span;
	const SCEV *step; /* if it must be shown to be small */
	bool is_down;
	uint64_t last;
	uint32_t memory;
};

struct Plan {
	SmallVector<Site, 16> sites;
	SmallVector<Bound, 16> bounds;
	const SCEV *turns;
	bool is_seen;
};

struct Context {
	Function &function;
	const exact_layout &layout;
	Analyses &analyses;
};

} // namespace

/* ---- what could leave bounds ---- */

static bool block_is_bounds_trap(const BasicBlock *block)
{
	const IntrinsicInst *trap = dyn_cast<IntrinsicInst>(&*block->getFirstNonPHIOrDbg());
	return trap && trap->getIntrinsicID() == Intrinsic::ubsantrap;
}

/* A limit as memory_check makes it: the size, or the size less a constant. */
static bool site_limit(Site &site, Value *limit, const exact_layout &layout, unsigned depth)
{
	site.last = 0;
	site.memory = exact::size_memory(limit, layout);
	if (site.memory != exact::no_memory)
		return true;
	if (IntrinsicInst *subtract = dyn_cast<IntrinsicInst>(limit)) {
		ConstantInt *last =
				dyn_cast<ConstantInt>(subtract->getArgOperand(subtract->arg_size() -
						1));
		if (subtract->getIntrinsicID() != Intrinsic::usub_sat || !last)
			return false;
		site.last = last->getZExtValue();
		site.memory = exact::size_memory(subtract->getArgOperand(0), layout);
		return site.memory != exact::no_memory && site.last >> turn_bits == 0;
	}
	PHINode *phi = dyn_cast<PHINode>(limit);
	if (!phi || depth == 0 || !site_limit(site, phi->getIncomingValue(0), layout, depth - 1))
		return false;
	Site other;
	return all_of(phi->incoming_values(), [&](Value *value) {
		return site_limit(other, value, layout, depth - 1) && other.last == site.last &&
				other.memory == site.memory;
	});
}

/* The branch on, unless index < limit, to a trap. */
static bool site_of_branch(Site &site, BranchInst *branch, const exact_layout &layout)
{
	if (!branch->isConditional())
		return false;
	ICmpInst *compare = dyn_cast<ICmpInst>(branch->getCondition());
	bool trap_first = block_is_bounds_trap(branch->getSuccessor(0));
	if (!compare || trap_first == block_is_bounds_trap(branch->getSuccessor(1)))
		return false;
	CmpInst::Predicate holds =
			trap_first ? compare->getInversePredicate() : compare->getPredicate();
	if (holds != CmpInst::ICMP_ULT && holds != CmpInst::ICMP_UGT)
		return false;
	bool swapped = holds == CmpInst::ICMP_UGT;
	site.instruction = branch;
	site.offset = compare->getOperand(swapped);
	return site_limit(site, compare->getOperand(!swapped), layout, limit_depth);
}

static bool site_of_access(Site &site, Instruction *access, const Context &context)
{
	ScalarEvolution &evolution = context.analyses.evolution;
	site.instruction = access;
	site.offset = getLoadStorePointerOperand(access);
	const SCEV *base = evolution.getPointerBase(evolution.getSCEV(site.offset));
	const SCEVUnknown *value = dyn_cast<SCEVUnknown>(base);
	site.memory = value ? exact::base_memory(value->getValue(), context.layout)
			    : exact::no_memory;
	site.last = context.function.getParent()
					->getDataLayout()
					.getTypeStoreSize(getLoadStoreType(access)) -
			1;
	/* In shared memory one load must not become two, which might differ. */
	return site.memory != exact::no_memory && !context.layout.memories[site.memory].is_shared;
}

/* False if the loop has something that is not to be copied, or that cannot be foreseen. */
static bool plan_add(Plan &plan, Instruction &instruction, const Context &context)
{
	Site site;
	if (exact::is_opaque(instruction))
		return false;
	BranchInst *branch = dyn_cast<BranchInst>(&instruction);
	if (branch && site_of_branch(site, branch, context.layout))
		plan.sites.push_back(site);
	plan.is_seen |= exact::is_seen(instruction, context.layout);
	if (!exact::may_trap(instruction, context.layout))
		return true;
	if (!site_of_access(site, &instruction, context))
		return false;
	plan.sites.push_back(site);
	return true;
}

static bool plan_sites(Plan &plan, const Loop &loop, const Context &context)
{
	unsigned count = 0;
	for (BasicBlock *block : loop.blocks()) {
		for (Instruction &instruction : *block) {
			if (++count > most_instructions || !plan_add(plan, instruction, context))
				return false;
		}
	}
	/* Among ordinary loads alone there is no order to be kept. */
	bool kept = any_of(plan.sites, [](const Site &site) {
		return site.instruction->isTerminator() || site.instruction->isVolatile();
	});
	return !plan.sites.empty() && (plan.is_seen || kept);
}

/* ---- where it gets to ---- */

/* How often the loop goes back, at most, as i64; branches of sites do not count as ways out. */
static const SCEV *plan_turns(const Plan &plan, Loop &loop, ScalarEvolution &evolution)
{
	SmallPtrSet<const Instruction *, 16> checks;
	for (const Site &site : plan.sites)
		checks.insert(site.instruction);
	SmallVector<BasicBlock *, 8> exiting;
	loop.getExitingBlocks(exiting);
	const SCEV *turns = nullptr;
	for (BasicBlock *block : exiting) {
		if (checks.contains(block->getTerminator()))
			continue;
		const SCEV *count = evolution.getExitCount(&loop, block,
				ScalarEvolution::SymbolicMaximum);
		if (isa<SCEVCouldNotCompute>(count) || count->getType()->getIntegerBitWidth() > 64)
			continue;
		count = evolution.getNoopOrZeroExtend(count, Type::getInt64Ty(block->getContext()));
		turns = turns ? evolution.getUMinExpr(turns, count, true) : count;
	}
	return turns;
}

/* A division in front of each run of the loop costs more than what there is to gain. */
static bool is_cheap(const SCEV *turns)
{
	return !SCEVExprContains(turns, [](const SCEV *part) {
		const SCEVUDivExpr *quotient = dyn_cast<SCEVUDivExpr>(part);
		return quotient && !isa<SCEVConstant>(quotient->getRHS());
	});
}

static bool is_below(const SCEV *value, unsigned bits, ScalarEvolution &evolution)
{
	return evolution.getUnsignedRangeMax(value).getActiveBits() <= bits;
}

/* The part of a bound that comes from the step of a recurrence. */
static bool bound_span(Bound &bound, const SCEVAddRecExpr *recurrence, const SCEV *turns,
		ScalarEvolution &evolution)
{
	const SCEV *step = recurrence->getStepRecurrence(evolution);
	Type *type = turns->getType();
	if (const SCEVConstant *constant = dyn_cast<SCEVConstant>(step)) {
		APInt distance = constant->getAPInt();
		bound.is_down = distance.isNegative();
		distance = distance.abs();
		if (distance.getActiveBits() > step_bits)
			return false;
		bound.span = evolution.getMulExpr(turns,
				evolution.getConstant(distance.zextOrTrunc(64)));
		return true;
	}
	bound.step = evolution.getNoopOrZeroExtend(step, type);
	bound.span = evolution.getMulExpr(turns, bound.step);
	return true;
}

/* The constant that is added to an offset, taken off it, if it is one to the right. */
static const SCEV *offset_split(const SCEV *offset, uint64_t &constant, ScalarEvolution &evolution)
{
	const SCEVAddExpr *sum = dyn_cast<SCEVAddExpr>(offset);
	const SCEVConstant *first = sum ? dyn_cast<SCEVConstant>(sum->getOperand(0)) : nullptr;
	constant = first ? first->getAPInt().getZExtValue() : 0;
	if (!first || constant >> turn_bits) {
		constant = 0;
		return offset;
	}
	return evolution.getMinusSCEV(offset, first);
}

static bool bound_of(Bound &bound, const Site &site, const Loop &loop, const SCEV *turns,
		const Context &context)
{
	ScalarEvolution &evolution = context.analyses.evolution;
	const SCEV *offset = evolution.getSCEV(site.offset);
	if (offset->getType()->isPointerTy())
		offset = evolution.removePointerBase(offset);
	Type *type = turns->getType();
	if (offset->getType() != type)
		return false;
	uint64_t constant;
	offset = offset_split(offset, constant, evolution);
	bound = {offset, evolution.getZero(type), nullptr, false, site.last + constant,
			site.memory};
	if (evolution.isLoopInvariant(offset, &loop))
		return true;
	const SCEVZeroExtendExpr *wide = dyn_cast<SCEVZeroExtendExpr>(offset);
	/* An index of 32 bits starts again at 0 above 2^32; no smaller memory has a byte there. */
	if (wide &&
			(wide->getOperand()->getType()->getIntegerBitWidth() != 32 ||
					context.layout.memories[site.memory].is_64))
		return false;
	const SCEVAddRecExpr *recurrence =
			dyn_cast<SCEVAddRecExpr>(wide ? wide->getOperand() : offset);
	if (!recurrence || recurrence->getLoop() != &loop || !recurrence->isAffine())
		return false;
	bound.start = evolution.getNoopOrZeroExtend(recurrence->getStart(), type);
	return bound_span(bound, recurrence, turns, evolution);
}

static void plan_add_bound(Plan &plan, const Bound &bound)
{
	for (Bound &other : plan.bounds) {
		if (other.start == bound.start && other.span == bound.span &&
				other.is_down == bound.is_down && other.memory == bound.memory) {
			other.last = std::max(other.last, bound.last);
			return;
		}
	}
	plan.bounds.push_back(bound);
}

static bool plan_bounds(Plan &plan, Loop &loop, const Context &context, SCEVExpander &expander,
		const Instruction *place)
{
	ScalarEvolution &evolution = context.analyses.evolution;
	plan.turns = plan_turns(plan, loop, evolution);
	plan.bounds.clear();
	if (!plan.turns || !is_cheap(plan.turns) || !expander.isSafeToExpandAt(plan.turns, place))
		return false;
	for (const Site &site : plan.sites) {
		Bound bound;
		if (!bound_of(bound, site, loop, plan.turns, context) ||
				!expander.isSafeToExpandAt(bound.start, place) ||
				!expander.isSafeToExpandAt(bound.span, place))
			return false;
		plan_add_bound(plan, bound);
	}
	return plan.bounds.size() <= most_bounds;
}

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

static Value *guard_field(Guard &guard, Value *base, uint64_t offset)
{
	return guard.builder.CreateConstGEP1_64(guard.builder.getInt8Ty(), base, offset);
}

/* A memory never shrinks: what is below its size now is so in every turn. */
static Value *guard_size(Guard &guard, uint32_t memory)
{
	const exact_layout &layout = guard.context.layout;
	guard.sizes.resize(layout.memory_count);
	Value *&size = guard.sizes[memory];
	if (size)
		return size;
	IRBuilder<> &builder = guard.builder;
	uint64_t row = layout.rows + memory * layout.row_size + layout.row_view;
	Value *context = guard.context.function.getArg(0);
	LoadInst *view = builder.CreateLoad(builder.getPtrTy(), guard_field(guard, context, row));
	view->setMetadata(LLVMContext::MD_invariant_load, MDNode::get(builder.getContext(), {}));
	LoadInst *load = builder.CreateLoad(builder.getInt64Ty(),
			guard_field(guard, view, layout.view_size));
	load->setMetadata(LLVMContext::MD_tbaa,
			cast<MDNode>(cast<MetadataAsValue>(unwrap(layout.alias_tags[ALIAS_SIZE]))
							->getMetadata()));
	return size = load;
}

static void guard_bound(Guard &guard, const Bound &bound)
{
	IRBuilder<> &builder = guard.builder;
	guard.require_below(bound.start, start_bits);
	if (bound.step)
		guard.require_below(bound.step, step_bits);
	Value *top = guard.expand(bound.start);
	Value *span = guard.expand(bound.span);
	if (bound.is_down)
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
}

/* ---- loops ---- */

static void loop_version(Loop &loop, const Context &context)
{
	Analyses &analyses = context.analyses;
	if (!loop.isLoopSimplifyForm() || !loop.isSafeToClone())
		return;
	Plan plan{{}, {}, nullptr, false};
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
