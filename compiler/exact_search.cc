/*
 * exact_search.cc: loops that store nothing and look for an element equal to something, as those of
 * memchr, memcmp and strlen do. Before such a loop another one looks at a chunk of elements in
 * each turn, while the whole chunk is in bounds. Turns that end nothing have no effect but to
 * count, so the loop itself need only run from the first turn that ends it, and leaves, or traps,
 * as ever.
 */
#include "compiler/exact_loop.hh"

#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/LoopPeel.h>
#include <llvm/Transforms/Utils/LoopUtils.h>

using namespace llvm;
using namespace exact;

namespace
{

const unsigned chunk_bits = 256;	/* what a chunk has of the widest elements */
const unsigned most_instructions = 100; /* of a loop */
const unsigned most_wide = 32;		/* values that are computed for whole chunks */
const unsigned most_step = 6;		/* binary logarithm */
const unsigned most_near = 24;		/* blocks before a loop */
const unsigned single_turns = 2;	/* and of bytes, which words have four of: */
const unsigned single_bytes = 4;

/* In turn t the bytes up to start + (t << step) + last must be in the memory. */
struct Reach {
	const SCEV *start; /* i64 */
	unsigned step;	   /* binary logarithm */
	uint64_t last;
	uint32_t memory;
};

/* A load whose elements follow each other from turn to turn. */
struct Element {
	LoadInst *load;
	const SCEV *start;
	uint64_t distance; /* from `start` */
	uint32_t memory;
};

/* The loop is left if the condition is `leaves`. */
struct Exit {
	Value *condition;
	bool leaves;
};

struct Search {
	Loop &loop;
	const Context &context;
	SmallVector<BasicBlock *, 4> blocks; /* one after the other */
	SmallVector<Reach, 8> reaches;
	DenseMap<const Value *, Element> elements;
	SmallVector<Exit, 4> exits; /* that depend on elements */
	DenseMap<const PHINode *, const SCEVConstant *> steps;
	const SCEV *turns = nullptr;  /* until another exit is taken; null if there is none */
	DenseMap<Value *, bool> wide; /* to be computed for chunks: does it depend on an element? */
	unsigned element_bits = 0;    /* of the widest */

	Search(Loop &of, const Context &in) : loop(of), context(in)
	{
	}
};

} // namespace

/* ---- is it a search? ---- */

/* Blocks that follow each other; each may leave the loop. */
static bool search_blocks(Search &search)
{
	BasicBlock *block = search.loop.getHeader();
	do {
		BranchInst *branch = dyn_cast<BranchInst>(block->getTerminator());
		if (!branch)
			return false;
		search.blocks.push_back(block);
		BasicBlock *next = nullptr;
		for (BasicBlock *successor : branch->successors()) {
			if (!search.loop.contains(successor))
				continue;
			if (next)
				return false;
			next = successor;
		}
		if (!next || search.blocks.size() > search.loop.getNumBlocks())
			return false;
		block = next;
	} while (block != search.loop.getHeader());
	return search.blocks.size() == search.loop.getNumBlocks();
}

/* The step of a value that goes by constant steps; null for others. */
static const SCEVConstant *constant_step(const SCEV *value, const SCEV *&start,
		const Search &search)
{
	const SCEVAddRecExpr *recurrence = dyn_cast<SCEVAddRecExpr>(value);
	if (!recurrence || recurrence->getLoop() != &search.loop || !recurrence->isAffine())
		return nullptr;
	start = recurrence->getStart();
	return dyn_cast<SCEVConstant>(recurrence->getStepRecurrence(
			search.context.analyses.evolution));
}

static void search_add_reach(Search &search, const Reach &reach)
{
	for (Reach &other : search.reaches) {
		if (other.start != reach.start || other.step != reach.step ||
				other.memory != reach.memory)
			continue;
		other.last = std::max(other.last, reach.last);
		return;
	}
	search.reaches.push_back(reach);
}

/*
 * Where an access or a check gets to. An index of 32 bits that is in bounds by its value in 64 bits
 * has not started again at 0: memories of 64 bits, where that does not hold, are left alone.
 */
static bool search_site(Search &search, const Site &site)
{
	ScalarEvolution &evolution = search.context.analyses.evolution;
	Type *type = Type::getInt64Ty(search.context.function.getContext());
	const SCEV *offset = evolution.getSCEV(site.offset);
	if (offset->getType()->isPointerTy())
		offset = evolution.removePointerBase(offset);
	if (offset->getType() != type || search.context.layout.memories[site.memory].is_64)
		return false;
	uint64_t distance;
	offset = offset_split(offset, distance, evolution);
	if (const SCEVZeroExtendExpr *wide = dyn_cast<SCEVZeroExtendExpr>(offset))
		offset = wide->getOperand();
	unsigned bits = offset->getType()->getIntegerBitWidth();
	const SCEV *start;
	const SCEVConstant *step = constant_step(offset, start, search);
	if (!step || (bits != 32 && bits != 64) || !step->getAPInt().isPowerOf2() ||
			step->getAPInt().logBase2() > most_step)
		return false;
	start = evolution.getNoopOrZeroExtend(start, type);
	unsigned log = step->getAPInt().logBase2();
	search_add_reach(search, {start, log, site.last + distance, site.memory});
	LoadInst *load = dyn_cast<LoadInst>(site.instruction);
	if (load && load->getType()->isIntegerTy() && site.last + 1 == UINT64_C(1) << log)
		search.elements[load] = {load, start, distance, site.memory};
	return true;
}

/* Our own, that no turn changes. */
static bool is_constant_load(const LoadInst &load, const exact_layout &layout)
{
	if (load.hasMetadata(LLVMContext::MD_invariant_load))
		return true;
	uint32_t memory = size_memory(&load, layout);
	return memory != no_memory && !layout.memories[memory].is_shared;
}

static bool search_load(Search &search, LoadInst *load)
{
	Site site{};
	if (load->isAtomic())
		return false;
	if (is_constant_load(*load, search.context.layout))
		return true;
	return is_guest_memory(*load, search.context.layout) &&
			site_of_access(site, load, search.context) && search_site(search, site);
}

static bool search_phi(Search &search, PHINode *phi)
{
	const SCEV *start;
	if (!phi->getType()->isIntegerTy() || phi->getType()->getIntegerBitWidth() > 64)
		return false;
	search.steps[phi] = constant_step(search.context.analyses.evolution.getSCEV(phi), start,
			search);
	return search.steps[phi];
}

static bool search_instruction(Search &search, Instruction *instruction)
{
	if (PHINode *phi = dyn_cast<PHINode>(instruction))
		return search_phi(search, phi);
	if (LoadInst *load = dyn_cast<LoadInst>(instruction))
		return search_load(search, load);
	return instruction->isTerminator() || (!instruction->mayHaveSideEffects() &&
							      !instruction->mayReadFromMemory());
}

/* ---- what is computed for chunks ---- */

static bool is_scalar(const Value *value)
{
	return value->getType()->isIntegerTy() && value->getType()->getIntegerBitWidth() <= 64;
}

/* Operations that may be done for elements behind the one that is looked for. */
static bool is_plain(const Instruction *instruction)
{
	switch (instruction->getOpcode()) {
	case Instruction::UDiv:
	case Instruction::SDiv:
	case Instruction::URem:
	case Instruction::SRem:
		return false;
	default:
		return instruction->isBinaryOp() || isa<ICmpInst>(instruction) ||
				isa<ZExtInst>(instruction) || isa<SExtInst>(instruction) ||
				isa<TruncInst>(instruction) || isa<SelectInst>(instruction) ||
				isa<FreezeInst>(instruction);
	}
}

/* Elements are mostly compared by their order where the next one already may end the loop. */
static bool is_short(const Instruction *instruction, bool depends)
{
	const ICmpInst *compare = dyn_cast<ICmpInst>(instruction);
	return depends && compare && !compare->isEquality();
}

/* Notes what must be computed to know `value` for a chunk; false if that cannot be done. */
static bool search_widen(Search &search, Value *value, bool &depends)
{
	Instruction *instruction = dyn_cast<Instruction>(value);
	if (!is_scalar(value) || search.wide.size() > most_wide)
		return false;
	if (!instruction || !search.loop.contains(instruction))
		return true;
	auto known = search.wide.find(value);
	bool found = known != search.wide.end(), own = false;
	if (!found && isa<LoadInst>(instruction)) {
		if (!search.elements.contains(instruction))
			return false;
		unsigned bits = instruction->getType()->getIntegerBitWidth();
		search.element_bits = std::max(search.element_bits, bits);
		own = true;
	} else if (!found && !isa<PHINode>(instruction)) {
		if (!is_plain(instruction))
			return false;
		for (Value *operand : instruction->operands()) {
			if (!search_widen(search, operand, own))
				return false;
		}
		if (is_short(instruction, own))
			return false;
	}
	if (!found)
		search.wide[value] = own;
	depends |= found ? known->second : own;
	return true;
}

/* One branch out of the loop: a check, one that comes after a known number of turns, or a find. */
static bool search_exit(Search &search, BasicBlock *block)
{
	ScalarEvolution &evolution = search.context.analyses.evolution;
	BranchInst *branch = cast<BranchInst>(block->getTerminator());
	Site site{};
	if (!branch->isConditional())
		return true;
	if (site_of_branch(site, branch, search.context.layout))
		return search_site(search, site);
	const SCEV *count = exit_count(search.loop, block, ScalarEvolution::Exact, evolution);
	if (count && is_cheap(count)) {
		search.turns = search.turns ? evolution.getUMinExpr(search.turns, count, true)
					    : count;
		return true;
	}
	bool depends = false;
	search.exits.push_back({branch->getCondition(),
			!search.loop.contains(branch->getSuccessor(0))});
	/* One that only counts, though nobody knows how far, ends soon: it aligns a pointer. */
	return search_widen(search, branch->getCondition(), depends) && depends;
}

/* Behind a search by words comes one by bytes, in the word found; it has only a few turns. */
static bool is_rest_of_search(const Loop &loop, const Analyses &analyses)
{
	SmallVector<const BasicBlock *, 8> near(1, loop.getLoopPreheader());
	for (unsigned i = 0; i < near.size() && i < most_near; i++) {
		if (analyses.searches.contains(analyses.loops.getLoopFor(near[i])))
			return true;
		for (const BasicBlock *before : predecessors(near[i])) {
			if (!loop.contains(before))
				near.push_back(before);
		}
	}
	return false;
}

static bool search_plan(Search &search)
{
	unsigned count = 0;
	if (is_rest_of_search(search.loop, search.context.analyses) || !search_blocks(search))
		return false;
	for (BasicBlock *block : search.blocks) {
		for (Instruction &instruction : *block) {
			if (++count > most_instructions ||
					!search_instruction(search, &instruction))
				return false;
		}
	}
	for (BasicBlock *block : search.blocks) {
		if (!search_exit(search, block))
			return false;
	}
	return search.element_bits >= 8;
}

/* ---- the loop for chunks ---- */

namespace
{

struct Chunks {
	const Search &search;
	SCEVExpander expander;
	BasicBlock *front, *body, *behind;
	PHINode *turn; /* the first of the chunk */
	const unsigned lanes;
	DenseMap<const SCEV *, Value *> starts;
	DenseMap<Value *, Value *> wide;
	Value *most;	      /* the last turn that a chunk may begin with */
	Value *end = nullptr; /* `turns`, or null */

	explicit Chunks(const Search &of)
	    : search(of), expander(of.context.analyses.evolution, ""),
	      lanes(chunk_bits / of.element_bits)
	{
	}

	Type *vector_type(const Value *scalar) const
	{
		return FixedVectorType::get(scalar->getType(), lanes);
	}
};

} // namespace

static bool chunks_are_safe(const Search &search, SCEVExpander &expander)
{
	const Instruction *place = search.loop.getLoopPreheader()->getTerminator();
	if (search.turns && !expander.isSafeToExpandAt(search.turns, place))
		return false;
	return all_of(search.reaches, [&](const Reach &reach) {
		return expander.isSafeToExpandAt(reach.start, place);
	});
}

/* What comes of poison must be the same wherever it is used. */
static Value *chunks_expand(Chunks &chunks, IRBuilder<> &builder, const SCEV *value)
{
	Value *expanded = chunks.expander.expandCodeFor(value, builder.getInt64Ty(),
			&*builder.GetInsertPoint());
	return builder.CreateFreeze(expanded);
}

/* Is the first chunk in bounds, and is there a turn to begin with? Gives `most` as well. */
static Value *chunks_guard(Chunks &chunks, IRBuilder<> &builder)
{
	const Search &search = chunks.search;
	const Context &context = search.context;
	Value *far = builder.getInt64(UINT64_C(1) << start_bits);
	Value *holds = builder.getTrue();
	chunks.most = builder.CreateSub(far, builder.getInt64(1));
	if (search.turns) {
		Value *turns = chunks_expand(chunks, builder, search.turns);
		chunks.end = builder.CreateBinaryIntrinsic(Intrinsic::umin, turns, far);
		chunks.most = builder.CreateSub(chunks.end, builder.getInt64(1));
	}
	for (const Reach &reach : search.reaches) {
		Value *&start = chunks.starts[reach.start];
		if (!start)
			start = chunks_expand(chunks, builder, reach.start);
		if (!is_below(reach.start, start_bits, context.analyses.evolution))
			holds = builder.CreateAnd(holds, builder.CreateICmpULT(start, far));
		Value *last = builder.CreateAdd(start, builder.getInt64(reach.last + 1));
		Value *size = emit_size(builder, reach.memory, search.context.layout);
		Value *room = builder.CreateSub(size, last);
		Value *turns = builder.CreateAShr(room, reach.step);
		turns = builder.CreateSub(turns, builder.getInt64(chunks.lanes - 1));
		chunks.most = builder.CreateBinaryIntrinsic(Intrinsic::smin, chunks.most, turns);
	}
	return builder.CreateAnd(holds, builder.CreateICmpSGE(chunks.most, builder.getInt64(0)));
}

static Value *chunk_element(const Chunks &chunks, IRBuilder<> &builder, const Element &element)
{
	Type *type = chunks.vector_type(element.load);
	uint64_t size = element.load->getType()->getIntegerBitWidth() / 8;
	Value *way = builder.CreateMul(chunks.turn, builder.getInt64(size));
	Value *offset = builder.CreateAdd(chunks.starts.lookup(element.start), way);
	offset = builder.CreateAdd(offset, builder.getInt64(element.distance));
	IRBuilder<> before(chunks.front->getTerminator());
	Value *base = emit_base(before, element.memory, chunks.search.context.layout);
	Value *address = builder.CreateGEP(builder.getInt8Ty(), base, offset);
	LoadInst *load = builder.CreateAlignedLoad(type, address, Align(1));
	load->setMetadata(LLVMContext::MD_tbaa, element.load->getMetadata(LLVMContext::MD_tbaa));
	set_inside(*load);
	return load;
}

/* The value of a phi in a turn, which may be any. */
static Value *phi_value(const Chunks &chunks, IRBuilder<> &builder, PHINode *phi, Value *turn)
{
	const SCEVConstant *step = chunks.search.steps.lookup(phi);
	Value *way = builder.CreateMul(builder.CreateZExtOrTrunc(turn, phi->getType()),
			step->getValue());
	return builder.CreateAdd(phi->getIncomingValueForBlock(
						 chunks.search.loop.getLoopPreheader()),
			way);
}

static Value *chunk_phi(const Chunks &chunks, IRBuilder<> &builder, PHINode *phi)
{
	const SCEVConstant *step = chunks.search.steps.lookup(phi);
	Value *first = phi_value(chunks, builder, phi, chunks.turn);
	SmallVector<Constant *, 32> ways;
	for (unsigned lane = 0; lane < chunks.lanes; lane++)
		ways.push_back(ConstantInt::get(phi->getType(), step->getAPInt() * lane));
	return builder.CreateAdd(builder.CreateVectorSplat(chunks.lanes, first),
			ConstantVector::get(ways));
}

static Value *chunk_value(Chunks &chunks, IRBuilder<> &builder, Value *value);

static Value *chunk_operation(Chunks &chunks, IRBuilder<> &builder, Instruction *instruction)
{
	SmallVector<Value *, 3> in;
	for (Value *operand : instruction->operands())
		in.push_back(chunk_value(chunks, builder, operand));
	if (ICmpInst *compare = dyn_cast<ICmpInst>(instruction))
		return builder.CreateICmp(compare->getPredicate(), in[0], in[1]);
	if (isa<SelectInst>(instruction))
		return builder.CreateSelect(in[0], in[1], in[2]);
	if (isa<FreezeInst>(instruction))
		return builder.CreateFreeze(in[0]);
	if (CastInst *cast = dyn_cast<CastInst>(instruction))
		return builder.CreateCast(cast->getOpcode(), in[0],
				chunks.vector_type(instruction));
	return builder.CreateBinOp(cast<BinaryOperator>(instruction)->getOpcode(), in[0], in[1]);
}

/* A value in each turn of the chunk. None has a flag: they may be wrong behind the last turn. */
static Value *chunk_value(Chunks &chunks, IRBuilder<> &builder, Value *value)
{
	if (Value *made = chunks.wide.lookup(value))
		return made;
	Value *made;
	auto element = chunks.search.elements.find(value);
	if (!chunks.search.wide.contains(value))
		made = builder.CreateVectorSplat(chunks.lanes, value);
	else if (element != chunks.search.elements.end())
		made = chunk_element(chunks, builder, element->second);
	else if (PHINode *phi = dyn_cast<PHINode>(value))
		made = chunk_phi(chunks, builder, phi);
	else
		made = chunk_operation(chunks, builder, cast<Instruction>(value));
	return chunks.wide[value] = made;
}

/* Which turns of the chunk end the loop, a bit each. */
static Value *chunk_ends(Chunks &chunks, IRBuilder<> &builder)
{
	Value *ends = nullptr;
	for (const Exit &exit : chunks.search.exits) {
		Value *leaves = chunk_value(chunks, builder, exit.condition);
		if (!exit.leaves)
			leaves = builder.CreateNot(leaves);
		/* Behind the turn that ends it a condition may be poison. */
		leaves = builder.CreateFreeze(leaves);
		ends = ends ? builder.CreateOr(ends, leaves) : leaves;
	}
	return builder.CreateBitCast(ends, builder.getIntNTy(chunks.lanes));
}

/* The turn with which the loop goes on: where it ends, or the first that no chunk was made of. */
static Value *chunks_next(const Chunks &chunks, IRBuilder<> &builder, Value *ends)
{
	Value *lane = builder.CreateBinaryIntrinsic(Intrinsic::cttz, ends, builder.getFalse());
	/* Lanes are no more than 32, a number that has as many bits at least. */
	Value *next = builder.CreateAdd(chunks.turn,
			builder.CreateZExt(lane, builder.getInt64Ty()));
	return chunks.end ? builder.CreateBinaryIntrinsic(Intrinsic::umin, next, chunks.end) : next;
}

static void chunks_fill(Chunks &chunks)
{
	IRBuilder<> builder(chunks.body);
	builder.SetCurrentDebugLocation(chunks.search.loop.getStartLoc());
	chunks.turn = builder.CreatePHI(builder.getInt64Ty(), 2, "turn");
	Value *ends = chunk_ends(chunks, builder);
	Value *none = builder.CreateICmpEQ(ends, ConstantInt::get(ends->getType(), 0));
	Value *next = builder.CreateAdd(chunks.turn, builder.getInt64(chunks.lanes));
	Value *again = builder.CreateAnd(none, builder.CreateICmpSLE(next, chunks.most));
	builder.CreateCondBr(again, chunks.body, chunks.behind);
	chunks.turn->addIncoming(builder.getInt64(0), chunks.front);
	chunks.turn->addIncoming(next, chunks.body);

	builder.SetInsertPoint(chunks.behind);
	Value *at = chunks_next(chunks, builder, ends);
	Loop &loop = chunks.search.loop;
	BasicBlock *preheader = loop.getLoopPreheader();
	for (PHINode &phi : loop.getHeader()->phis()) {
		Value *start = phi.getIncomingValueForBlock(preheader);
		PHINode *from = PHINode::Create(phi.getType(), 2, "", preheader->begin());
		from->addIncoming(start, chunks.front);
		from->addIncoming(phi_value(chunks, builder, &phi, at), chunks.behind);
		phi.setIncomingValueForBlock(preheader, from);
	}
	builder.CreateBr(preheader);
}

/* Blocks between the loop and what is before it: front ▶ body ▶ behind ▶ preheader. */
static void chunks_blocks(Chunks &chunks, const Search &search)
{
	Analyses &analyses = search.context.analyses;
	LLVMContext &llvm = search.context.function.getContext();
	chunks.front = search.loop.getLoopPreheader();
	BasicBlock *rest = SplitBlock(chunks.front, chunks.front->getTerminator(),
			&analyses.dominators, &analyses.loops);
	chunks.body = BasicBlock::Create(llvm, "chunk", &search.context.function, rest);
	chunks.behind = BasicBlock::Create(llvm, "found", &search.context.function, rest);
	analyses.dominators.addNewBlock(chunks.body, chunks.front);
	analyses.dominators.addNewBlock(chunks.behind, chunks.body);
	Loop *whole = analyses.loops.AllocateLoop(), *parent = search.loop.getParentLoop();
	if (parent)
		parent->addChildLoop(whole);
	else
		analyses.loops.addTopLevelLoop(whole);
	whole->addBasicBlockToLoop(chunks.body, analyses.loops);
	if (parent)
		parent->addBasicBlockToLoop(chunks.behind, analyses.loops);
}

/* The first turns are made one by one: many searches end there, before chunks would pay. */
static void search_peel(Loop &loop, unsigned turns, const Context &context)
{
	Analyses &analyses = context.analyses;
	ValueToValueMapTy map;
	formLCSSA(loop, analyses.dominators, &analyses.loops, &analyses.evolution);
	peelLoop(&loop, turns, false, &analyses.loops, &analyses.evolution,
			analyses.dominators, &analyses.assumptions, true, map);
}

bool exact::search_version(Loop &loop, const Context &context)
{
	Analyses &analyses = context.analyses;
	unsigned turns = single_turns;
	{
		Search first(loop, context);
		if (!search_plan(first) || !canPeel(&loop))
			return false;
		if (first.element_bits == 8)
			turns = single_bytes;
	}
	search_peel(loop, turns, context);
	Search search(loop, context);
	if (!search_plan(search))
		return false;
	Chunks chunks(search);
	if (!chunks_are_safe(search, chunks.expander))
		return false;
	IRBuilder<> builder(loop.getLoopPreheader()->getTerminator());
	Value *holds = chunks_guard(chunks, builder);
	chunks_blocks(chunks, search);
	chunks_fill(chunks);
	Instruction *jump = chunks.front->getTerminator();
	builder.SetInsertPoint(jump);
	builder.CreateCondBr(holds, chunks.body, loop.getLoopPreheader());
	jump->eraseFromParent();
	loop.setLoopAlreadyUnrolled();
	analyses.searches.insert(&loop);
	analyses.evolution.forgetAllLoops();
	return true;
}
