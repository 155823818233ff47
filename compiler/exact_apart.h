/*
 * exact_apart.h: operands that have nothing to do with each other, so that no two of them can
 * cancel out.
 */
#ifndef SELVAGE_COMPILER_EXACT_APART_H
#define SELVAGE_COMPILER_EXACT_APART_H

#include <stdbool.h>

#include <llvm-c/Core.h>

/* Are the other operands made of nothing that memory held? In doubt they are not. */
bool exact_stands_apart(LLVMValueRef instruction, unsigned index);

#endif
