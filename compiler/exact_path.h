/*
 * exact_path.h: what some path goes without.
 */
#ifndef SELVAGE_COMPILER_EXACT_PATH_H
#define SELVAGE_COMPILER_EXACT_PATH_H

#include "compiler/exact_need.h"

/*
 * Take from the needs in the set what some path from a value's definition does not need before it
 * ends or computes the value again: LLVM may move what yields such a value to the paths that need
 * it. One that ends in a trap of its own is such a path: the load's is due first.
 */
void paths_check(struct need_set *set);

#endif
