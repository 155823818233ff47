/*
 * exact_loop.cc: can the addresses of a loop and the number of its turns be told before it starts?
 * Finds its accesses and checks, and how far each gets. exact_inside.cc makes use of it.
 */
#include "compiler/exact_loop.hh"

#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/IR/IntrinsicInst.h>

using namespace llvm;

namespace exact
{

static const unsigned most_instructions = 600;
static const unsigned most_bounds = 16;
static const uint64_t most_apart = 1 << 16; /* what is the same in all turns, for one bound */
static const unsigned limit_depth = 4; /* phis that a limit is searched through */

/* ---- what could leave bounds ---- */

bool block_is_bounds_trap(const BasicBlock *block)
{
	const BranchInst *jump = dyn_cast<BranchInst>(&*block->getFirstNonPHIOrDbg());
	/* Loops have exits of their own, which may lead to a trap that others share. */
	if (jump && jump->isUnconditional())
		block = jump->getSuccessor(0);
	const IntrinsicInst *trap = dyn_cast<IntrinsicInst>(&*block->getFirstNonPHIOrDbg());
	return trap && trap->getIntrinsicID() == Intrinsic::ubsantrap;
}

static bool site_limit(Site &site, Value *limit, const exact_layout &layout, unsigned depth);

/* The size less a constant; written as a sum if the memory's least size allows that. */
static bool site_limit_difference(Site &site, Instruction *difference, const exact_layout &layout)
{
	const unsigned count = difference->getNumOperands();
	const ConstantInt *last =
			count < 2 ? nullptr : dyn_cast<ConstantInt>(difference->getOperand(1));
	if (!last || last->getBitWidth() != 64)
		return false;
	const IntrinsicInst *subtract = dyn_cast<IntrinsicInst>(difference);
	bool is_sum = difference->getOpcode() == Instruction::Add;
	if (!is_sum && !(subtract && subtract->getIntrinsicID() == Intrinsic::usub_sat))
		return false;
	site.last = is_sum ? -last->getZExtValue() : last->getZExtValue();
	site.memory = size_memory(difference->getOperand(0), layout);
	return site.memory != no_memory && site.last >> turn_bits == 0 &&
			(!is_sum || site.last <= layout.memories[site.memory].least_size);
}

/* A limit as memory_check makes it: the size, or the size less a constant. */
static bool site_limit(Site &site, Value *limit, const exact_layout &layout, unsigned depth)
{
	site.last = 0;
	site.memory = size_memory(limit, layout);
	if (site.memory != no_memory)
		return true;
	PHINode *phi = dyn_cast<PHINode>(limit);
	if (!phi) {
		Instruction *instruction = dyn_cast<Instruction>(limit);
		return instruction && site_limit_difference(site, instruction, layout);
	}
	if (depth == 0 || !site_limit(site, phi->getIncomingValue(0), layout, depth - 1))
		return false;
	Site other;
	return all_of(phi->incoming_values(), [&](Value *value) {
		return site_limit(other, value, layout, depth - 1) && other.last == site.last &&
				other.memory == site.memory;
	});
}

bool site_of_branch(Site &site, BranchInst *branch, const exact_layout &layout)
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

bool site_of_access(Site &site, Instruction *access, const Context &context)
{
	ScalarEvolution &evolution = context.analyses.evolution;
	site.instruction = access;
	site.offset = getLoadStorePointerOperand(access);
	const SCEV *base = evolution.getPointerBase(evolution.getSCEV(site.offset));
	const SCEVUnknown *value = dyn_cast<SCEVUnknown>(base);
	site.memory = value ? base_memory(value->getValue(), context.layout) : no_memory;
	site.last = context.function.getParent()
					->getDataLayout()
					.getTypeStoreSize(getLoadStoreType(access)) -
			1;
	/* In shared memory one load must not become two, which might differ. */
	return site.memory != no_memory && !context.layout.memories[site.memory].is_shared;
}

/* False if the loop has something that is not to be copied, or that cannot be foreseen. */
static bool plan_add(Plan &plan, Instruction &instruction, const Context &context)
{
	Site site{};
	if (is_opaque(instruction))
		return false;
	BranchInst *branch = dyn_cast<BranchInst>(&instruction);
	if (branch && site_of_branch(site, branch, context.layout))
		plan.sites.push_back(site);
	plan.is_seen |= is_seen(instruction, context.layout);
	if (!may_trap(instruction, context.layout))
		return true;
	if (!site_of_access(site, &instruction, context))
		return false;
	plan.sites.push_back(site);
	return true;
}

bool plan_sites(Plan &plan, const Loop &loop, const Context &context)
{
	size_t count = 0;
	for (BasicBlock *block : loop.blocks()) {
		for (Instruction &instruction : *block) {
			if (!plan_add(plan, instruction, context))
				return false;
		}
		count += block->size();
		/* Comparison and branch are gone in the copy. */
		Site site;
		BranchInst *branch = dyn_cast<BranchInst>(block->getTerminator());
		if (branch && site_of_branch(site, branch, context.layout))
			count -= 2;
		if (count > most_instructions)
			return false;
	}
	/* Among ordinary loads alone there is no order to be kept. */
	bool kept = any_of(plan.sites, [](const Site &site) {
		return site.instruction->isTerminator() || site.instruction->isVolatile();
	});
	return !plan.sites.empty() && (plan.is_seen || kept);
}

/* ---- how often it turns ---- */

bool is_cheap(const SCEV *turns)
{
	return !SCEVExprContains(turns, [](const SCEV *part) {
		const SCEVUDivExpr *quotient = dyn_cast<SCEVUDivExpr>(part);
		return quotient && !isa<SCEVConstant>(quotient->getRHS());
	});
}

const SCEV *exit_count(Loop &loop, BasicBlock *block, ScalarEvolution::ExitCountKind kind,
		ScalarEvolution &evolution)
{
	const SCEV *count = evolution.getExitCount(&loop, block, kind);
	if (isa<SCEVCouldNotCompute>(count) || count->getType()->getIntegerBitWidth() > 64)
		return nullptr;
	return evolution.getNoopOrZeroExtend(count, Type::getInt64Ty(block->getContext()));
}

/* The number of turns, as i64; branches of sites do not count as ways out. */
static void plan_turns(Plan &plan, Loop &loop, ScalarEvolution &evolution)
{
	SmallPtrSet<const Instruction *, 16> checks;
	for (const Site &site : plan.sites)
		checks.insert(site.instruction);
	SmallVector<BasicBlock *, 8> exiting;
	loop.getExitingBlocks(exiting);
	plan.turns = nullptr;
	plan.exit = nullptr;
	for (BasicBlock *block : exiting) {
		if (checks.contains(block->getTerminator()))
			continue;
		const SCEV *count = exit_count(loop, block, ScalarEvolution::SymbolicMaximum,
				evolution);
		if (!count)
			continue;
		plan.turns = plan.turns ? evolution.getUMinExpr(plan.turns, count, true) : count;
		if (plan.turns == exit_count(loop, block, ScalarEvolution::Exact, evolution))
			plan.exit = dyn_cast<BranchInst>(block->getTerminator());
		else if (plan.turns != count)
			plan.exit = nullptr;
	}
}

/* ---- where it gets to ---- */

bool is_below(const SCEV *value, unsigned bits, ScalarEvolution &evolution)
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
		APInt distance = constant->getAPInt().abs();
		if (distance.getActiveBits() > step_bits)
			return false;
		bound.distance = constant->getAPInt().getSExtValue();
		bound.span = evolution.getMulExpr(turns,
				evolution.getConstant(distance.zextOrTrunc(64)));
		return true;
	}
	bound.step = evolution.getNoopOrZeroExtend(step, type);
	bound.span = evolution.getMulExpr(turns, bound.step);
	return true;
}

/* `value` but for the constant that is added to it. */
static const SCEV *split_constant(const SCEV *value, APInt &constant, ScalarEvolution &evolution)
{
	constant = APInt(evolution.getTypeSizeInBits(value->getType()), 0);
	const SCEVConstant *whole = dyn_cast<SCEVConstant>(value);
	const SCEVAddExpr *sum = dyn_cast<SCEVAddExpr>(value);
	if (!whole && sum)
		whole = dyn_cast<SCEVConstant>(sum->getOperand(0));
	if (!whole)
		return value;
	constant = whole->getAPInt();
	return evolution.getMinusSCEV(value, whole);
}

const SCEV *offset_split(const SCEV *offset, uint64_t &right, ScalarEvolution &evolution)
{
	APInt constant;
	const SCEV *rest = split_constant(offset, constant, evolution);
	right = constant.getZExtValue();
	if (right >> turn_bits == 0 && !isa<SCEVConstant>(offset))
		return rest;
	right = 0;
	return offset;
}

/* From the root of an index of 32 bits. */
static void bound_start(Bound &bound, Type *type, ScalarEvolution &evolution)
{
	APInt least = APInt(64, (uint64_t)bound.least).trunc(32);
	const SCEV *start = evolution.getAddExpr(bound.root, evolution.getConstant(least));
	bound.start = evolution.getZeroExtendExpr(start, type);
}

/* An index of 32 bits, in the first turn. */
static void bound_root(Bound &bound, const SCEV *first, Type *type, ScalarEvolution &evolution)
{
	APInt least;
	bound.root = split_constant(first, least, evolution);
	/* Plain addresses have no sign. */
	bound.least = bound.root->isZero() ? (int64_t)least.getZExtValue() : least.getSExtValue();
	bound_start(bound, type, evolution);
}

static bool bound_of_steps(Bound &bound, const SCEVAddRecExpr *recurrence, const SCEV *turns,
		ScalarEvolution &evolution)
{
	Type *type = turns->getType();
	const SCEV *start = recurrence->getStart();
	if (start->getType() == type)
		bound.start = start;
	else
		bound_root(bound, start, type, evolution);
	return bound_span(bound, recurrence, turns, evolution);
}

/* A part that is the same in all turns, and one of which only the greatest value is known. */
static bool bound_of_range(Bound &bound, const SCEV *index, const Loop &loop,
		ScalarEvolution &evolution)
{
	const SCEV *fixed = evolution.getZero(index->getType()), *varied = fixed;
	ArrayRef<const SCEV *> parts(index);
	if (const SCEVAddExpr *sum = dyn_cast<SCEVAddExpr>(index))
		parts = sum->operands();
	for (const SCEV *part : parts) {
		const SCEV *&side = evolution.isLoopInvariant(part, &loop) ? fixed : varied;
		side = evolution.getAddExpr(side, part);
	}
	Type *type = bound.span->getType();
	APInt most = evolution.getUnsignedRangeMax(varied);
	if (most.getActiveBits() > step_bits)
		return false;
	bound.start = evolution.getNoopOrZeroExtend(fixed, type);
	bound.span = evolution.getConstant(type, most.getZExtValue());
	return true;
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
	bound = {};
	bound.start = offset;
	bound.span = evolution.getZero(type);
	bound.last = site.last + constant;
	bound.memory = site.memory;
	const SCEVZeroExtendExpr *wide = dyn_cast<SCEVZeroExtendExpr>(offset);
	/* An index of 32 bits starts again at 0 above 2^32; no smaller memory has a byte there. */
	if (wide &&
			(wide->getOperand()->getType()->getIntegerBitWidth() != 32 ||
					context.layout.memories[site.memory].is_64))
		wide = nullptr;
	const SCEV *index = wide ? wide->getOperand() : offset;
	if (evolution.isLoopInvariant(offset, &loop)) {
		if (wide)
			bound_root(bound, index, type, evolution);
		return true;
	}
	const SCEVAddRecExpr *recurrence = dyn_cast<SCEVAddRecExpr>(index);
	if (recurrence && recurrence->getLoop() == &loop && recurrence->isAffine())
		return bound_of_steps(bound, recurrence, turns, evolution);
	return bound_of_range(bound, index, loop, evolution);
}

static bool bound_is_like(const Bound &bound, const Bound &other)
{
	bool same_start = bound.root ? bound.root == other.root
				     : !other.root && bound.start == other.start;
	return same_start && other.span == bound.span && other.step == bound.step &&
			other.distance == bound.distance;
}

/* Do both get to the same places? Far apart, one may be left out more often than not. */
static bool bound_takes(const Bound &bound, const Bound &other)
{
	return bound_is_like(bound, other) && bound.memory == other.memory &&
			(!bound.span->isZero() ||
					AbsoluteDifference(bound.least, other.least) < most_apart);
}

static void plan_add_bound(Plan &plan, const Bound &bound, ScalarEvolution &evolution)
{
	for (Bound &other : plan.bounds) {
		if (!bound_takes(other, bound))
			continue;
		int64_t least = std::min(other.least, bound.least);
		other.last = std::max(other.last + uint64_t(other.least - least),
				bound.last + uint64_t(bound.least - least));
		other.least = least;
		if (other.root)
			bound_start(other, other.span->getType(), evolution);
		return;
	}
	plan.bounds.push_back(bound);
}

static bool bound_is_safe(const Bound &bound, SCEVExpander &expander, const Instruction *place)
{
	return expander.isSafeToExpandAt(bound.start, place) &&
			expander.isSafeToExpandAt(bound.span, place) &&
			(!bound.step || expander.isSafeToExpandAt(bound.step, place));
}

/* What is turned round in its place is never vectorised, so only checks are to be gained. */
static bool plan_turns_round(const Plan &plan, const Loop &loop, const Context &context)
{
	bool up = false, down = false;
	for (const Site &site : plan.sites) {
		if (site.instruction->isTerminator())
			return false;
	}
	for (BasicBlock *block : loop.blocks()) {
		for (Instruction &instruction : *block) {
			Site site{};
			Bound bound;
			if (!isa<StoreInst>(instruction) ||
					!is_guest_memory(instruction, context.layout) ||
					!site_of_access(site, &instruction, context) ||
					!bound_of(bound, site, loop, plan.turns, context))
				continue;
			up |= bound.distance > 0;
			down |= bound.is_down();
		}
	}
	return up && down;
}

bool plan_bounds(Plan &plan, Loop &loop, const Context &context, SCEVExpander &expander,
		const Instruction *place)
{
	ScalarEvolution &evolution = context.analyses.evolution;
	plan_turns(plan, loop, evolution);
	plan.bounds.clear();
	if (!plan.turns || !is_cheap(plan.turns) || !expander.isSafeToExpandAt(plan.turns, place))
		return false;
	if (!plan.is_free && plan_turns_round(plan, loop, context))
		return false;
	for (Site &site : plan.sites) {
		Bound bound;
		if (site.is_kept)
			continue;
		if (bound_of(bound, site, loop, plan.turns, context) &&
				bound_is_safe(bound, expander, place))
			plan_add_bound(plan, bound, evolution);
		else if (plan.is_free || !site.instruction->isTerminator())
			return false;
		else
			site.is_kept = true;
	}
	return !plan.bounds.empty() && plan.bounds.size() <= most_bounds;
}

const Bound *plan_find_fixed(const Plan &plan, const Site &site, const Loop &loop,
		uint64_t &distance, const Context &context)
{
	Bound bound;
	if (!bound_of(bound, site, loop, plan.turns, context) || !bound.root ||
			!bound.span->isZero())
		return nullptr;
	for (const Bound &other : plan.bounds) {
		distance = uint64_t(bound.least - other.least) + bound.last - site.last;
		if (bound_takes(other, bound) && bound.least >= other.least &&
				distance + site.last <= other.last)
			return &other;
	}
	return nullptr;
}

const Bound *plan_find_bound(const Plan &plan, const SCEVAddRecExpr *index, uint64_t &distance,
		ScalarEvolution &evolution)
{
	Bound bound{};
	if (!index->isAffine() || !bound_of_steps(bound, index, plan.turns, evolution))
		return nullptr;
	for (const Bound &other : plan.bounds) {
		distance = uint64_t(bound.least - other.least);
		/* Up to its last byte no address that the bound was made for is above 2^32. */
		if (bound.root && bound_is_like(bound, other) && bound.least >= other.least &&
				distance <= other.last)
			return &other;
	}
	return nullptr;
}

} // namespace exact
