/*
 * exact_branch.h: branches that LLVM cannot prove to be idle, behind a C face: its tree of
 * post-dominators has no C interface.
 */
#ifndef SELVAGE_COMPILER_EXACT_BRANCH_H
#define SELVAGE_COMPILER_EXACT_BRANCH_H

#include <stdbool.h>

#include <llvm-c/Core.h>

#ifdef __cplusplus
extern "C" {
#endif

struct exact_branches;

/* Look at all branches of a function; to be released with exact_branches_free. */
struct exact_branches *exact_branches_find(LLVMValueRef function);
void exact_branches_free(struct exact_branches *branches);

/*
 * Does it depend on this branch or switch what the function does or gives, loads that are not
 * needed for that left aside?
 */
bool exact_branch_matters(const struct exact_branches *branches, LLVMValueRef branch);

#ifdef __cplusplus
}
#endif

#endif
