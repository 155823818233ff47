/*
 * exact_apart.h: operands that have nothing to do with each other, so that no two of them can
 * cancel out.
 */
#ifndef SELVAGE_COMPILER_EXACT_APART_H
#define SELVAGE_COMPILER_EXACT_APART_H

#include <stdbool.h>

#include "compiler/ir.h"

/* Are the other operands made of nothing that memory held? In doubt they are not. */
bool exact_stands_apart(LLVMValueRef instruction, unsigned index);

/*
 * Mark the loads of globals if the function sets none to what memory held. What they give, it was
 * given then, as its parameters. To be run first, and taken back behind the questions.
 */
void exact_mark_globals(const struct ir *ir, LLVMValueRef function);
void exact_forget_globals(const struct ir *ir, LLVMValueRef function);

#endif
