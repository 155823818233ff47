/*
 * exact_check.hh: comparisons of a guest's index with the size of a memory.
 */
#ifndef SELVAGE_COMPILER_EXACT_CHECK_HH
#define SELVAGE_COMPILER_EXACT_CHECK_HH

#include "compiler/exact_loop.hh"

namespace exact
{

/* At the end of a block: trap unless index + last < size of the memory. */
struct Check {
	llvm::BranchInst *branch;
	llvm::Value *index; /* before it was made 64 bits wide */
	uint64_t last;
	uint32_t memory;
	unsigned trap; /* which successor it is */
};

/* The check at the end of a block; false if there is none. */
bool check_of(Check &check, llvm::BasicBlock &block, const exact_layout &layout);

/* Go on without it. */
void check_drop(const Check &check);

} // namespace exact

#endif
