/*
 * exact_vanish.h: operands that a result may come not to depend on, because another one turns out
 * to be a constant after loops are unrolled.
 */
#ifndef SELVAGE_COMPILER_EXACT_VANISH_H
#define SELVAGE_COMPILER_EXACT_VANISH_H

#include <stdbool.h>

#include <llvm-c/Core.h>

/*
 * Whether LLVM may find operand `index` of an instruction not to matter when it knows which way a
 * phi was reached: `load & i` in the turn in which i is 0. In doubt it is so.
 */
bool exact_may_vanish(LLVMValueRef instruction, unsigned index);

#endif
