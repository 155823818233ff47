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
	 * Of an index of 32 bits that goes by steps: `start` is root + least, without sign.
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

/* All that could leave bounds; false if the loop is not to be copied. */
bool plan_sites(Plan &plan, const llvm::Loop &loop, const Context &context);

/* Where the sites get to, as can be computed at `place`; false if it cannot. */
bool plan_bounds(Plan &plan, llvm::Loop &loop, const Context &context, llvm::SCEVExpander &expander,
		const llvm::Instruction *place);

/* The bound that shows that an index of 32 bits never wraps around, and its distance from it. */
const Bound *plan_find_bound(const Plan &plan, const llvm::SCEVAddRecExpr *index,
		uint64_t &distance, llvm::ScalarEvolution &evolution);

bool is_below(const llvm::SCEV *value, unsigned bits, llvm::ScalarEvolution &evolution);

} // namespace exact

#endif
