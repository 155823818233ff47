/*
 * profile_use.h: what a profile says of the code that is being lowered. All of it does nothing
 * where nothing is known.
 */
#ifndef SELVAGE_COMPILER_PROFILE_USE_H
#define SELVAGE_COMPILER_PROFILE_USE_H

#include <stdbool.h>
#include <stdint.h>

#include <llvm-c/Core.h>

struct fixed_table;
struct ir;
struct lowering;

/* A function that an indirect call mostly goes to, and its place in the table. */
struct favourite {
	uint32_t function;
	uint64_t index;
	LLVMValueRef weights; /* of a branch that is taken if it does */
};

/* How often the function began; attributes by that. */
void profile_use_function(struct lowering *l);
/* Weights of the current operator's branch or select on its condition; false if there are none. */
bool profile_use_condition(struct lowering *l, LLVMValueRef instruction);
/* The same for the switch of a br_table. */
void profile_use_labels(struct lowering *l, LLVMValueRef instruction);
/* The favourite of the current call_indirect, through a table whose entries are known. */
bool profile_use_target(struct lowering *l, const struct fixed_table *table,
		struct favourite *favourite);
/* What LLVM asks of the profile as a whole: how often is often. Of all pieces the same. */
void profile_use_module(struct ir *ir);

#endif
