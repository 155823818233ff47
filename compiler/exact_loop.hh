/*
 * exact_loop.hh: what is found out about a loop before a copy of it is made that needs no checks.
 */
#ifndef SELVAGE_COMPILER_EXACT_LOOP_HH
#define SELVAGE_COMPILER_EXACT_LOOP_HH

#include <llvm/Analysis/AssumptionCache.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/Transforms/Utils/ScalarEvolutionExpander.h>

#include "compiler/exact_access.hh"

namespace exact
{

/* Numbers below this cannot overflow 64 bits when one is added to a product of two others. */
const unsigned start_bits = 62, turn_bits = 32, step_bits = 31;

/* What is known of a function. Only dominators and loops are kept up to date. */
struct Analyses {
	llvm::TargetLibraryInfoImpl library_kind;
	llvm::TargetLibraryInfo library;
	llvm::AssumptionCache assumptions;
	llvm::DominatorTree dominators;
	llvm::LoopInfo loops;
	llvm::ScalarEvolution evolution;
	llvm::SmallPtrSet<const llvm::Loop *, 8> searches; /* see search_version */

	explicit Analyses(llvm::Function &function)
	    : library_kind(function.getParent()->getTargetTriple()), library(library_kind),
	      assumptions(function), dominators(function), loops(dominators),
	      evolution(function, library, assumptions, dominators, loops)
	{
	}
};

struct Context {
	llvm::Function &function;
	const exact_layout &layout;
	Analyses &analyses;
};

/* An access, or a branch to a trap: offset + last < size of the memory. */
struct Site {
	llvm::Instruction *instruction;
	llvm::Value *offset; /* index or, for an access, the pointer */
	uint64_t last;
	uint32_t memory;
	bool is_kept; /* a branch that the copy has too, since nothing is known of its offset */
};

/* Over all turns the offset goes from `start` by `span`. */
struct Bound {
	const llvm::SCEV *start, *span;
	/*
	 * Of an index of 32 bits, in the first turn: `start` is root + least, without sign.
	 * Indices that differ in `least` only share a bound; the distance is added to `last`.
	 */
	const llvm::SCEV *root;
	int64_t least;
	const llvm::SCEV *step; /* if it is no constant: it must be shown to be small */
	int64_t distance; /* else the step */
	uint64_t last;
	uint32_t memory;

	bool is_down() const
	{
		return distance < 0;
	}
};

struct Plan {
	llvm::SmallVector<Site, 16> sites;
	llvm::SmallVector<Bound, 16> bounds;
	const llvm::SCEV *turns; /* how often the loop goes back, at most */
	llvm::BranchInst
			*exit; /* leaves the loop after `turns`, if no other does before; or null */
	bool is_seen;
	bool is_free; /* the copy is made: all sites that are not kept must have a bound */
};

bool block_is_bounds_trap(const llvm::BasicBlock *block);

/* The branch on, unless index < limit, to a trap; false if it is none. */
bool site_of_branch(Site &site, llvm::BranchInst *branch, const exact_layout &layout);

/* A load or store; false if it is not of a memory, or of a shared one. */
bool site_of_access(Site &site, llvm::Instruction *access, const Context &context);

/* All that could leave bounds; false if the loop is not to be copied. */
bool plan_sites(Plan &plan, const llvm::Loop &loop, const Context &context);

/* Where the sites get to, as can be computed at `place`; false if it cannot. */
bool plan_bounds(Plan &plan, llvm::Loop &loop, const Context &context, llvm::SCEVExpander &expander,
		const llvm::Instruction *place);

/* The bound that shows that an index of 32 bits never wraps around, and its distance from it. */
const Bound *plan_find_bound(const Plan &plan, const llvm::SCEVAddRecExpr *index,
		uint64_t &distance, llvm::ScalarEvolution &evolution);

/*
 * The bound of a site that is at the same place in all turns, if its index has 32 bits and so could
 * have wrapped around; the place is behind the start by the distance.
 */
const Bound *plan_find_fixed(const Plan &plan, const Site &site, const llvm::Loop &loop,
		uint64_t &distance, const Context &context);

/* A division in front of each run of a loop costs more than what there is to gain. */
bool is_cheap(const llvm::SCEV *turns);

/* How often the loop turns before it is left from `block`, as i64; null if that is not known. */
const llvm::SCEV *exit_count(llvm::Loop &loop, llvm::BasicBlock *block,
		llvm::ScalarEvolution::ExitCountKind kind, llvm::ScalarEvolution &evolution);

/* The constant that is added to an offset, taken off it, if it is one to the right; else 0. */
const llvm::SCEV *offset_split(const llvm::SCEV *offset, uint64_t &right,
		llvm::ScalarEvolution &evolution);

bool is_below(const llvm::SCEV *value, unsigned bits, llvm::ScalarEvolution &evolution);

/*
 * If the loop stores nothing and looks for elements that are equal to something, put a loop before
 * it that looks at many at once, as far as all of them are in bounds; true if that was done. The
 * loop goes on at the turn in which it ends, so that what it leaves behind is its own.
 */
bool search_version(llvm::Loop &loop, const Context &context);

} // namespace exact

#endif
