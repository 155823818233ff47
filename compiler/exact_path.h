/*
 * exact_path.h: values that some path goes without.
 */
#ifndef SELVAGE_COMPILER_EXACT_PATH_H
#define SELVAGE_COMPILER_EXACT_PATH_H

#include "compiler/exact_need.h"

/*
 * Set is_skipped for every value in the set that some path from its definition does not need
 * before it ends or computes the value again: LLVM may move what yields such a value to the
 * paths that need it. One that ends in a trap of its own is such a path: the load's is due first.
 */
void paths_check(struct need_set *set);

#endif
