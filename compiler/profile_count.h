/*
 * profile_count.h: code that counts what a profile is made of. All of it does nothing unless the
 * options say so, and in constant expressions.
 */
#ifndef SELVAGE_COMPILER_PROFILE_COUNT_H
#define SELVAGE_COMPILER_PROFILE_COUNT_H

#include <stdint.h>

#include <llvm-c/Core.h>

#include "compiler/profile_plan.h"

struct lowering;

/* Where the current operator's counters are among those of its function. */
struct profile_cursor {
	uint32_t counter, target;
	struct profile_site site; /* how many it has */
};

/* Before the first operator: at the counter of the function. */
#define PROFILE_CURSOR_INIT {.site = {.counters = 1}}

/* The next operator is at hand, whether or not it can be reached. */
void profile_count_step(struct lowering *l);

/* The function began. */
void profile_count_entry(struct lowering *l);
/* A loop was come to: at its head. */
void profile_count_head(struct lowering *l);
/* The operator's condition, an i1, is known: before what it decides. */
void profile_count_condition(struct lowering *l, LLVMValueRef condition);
/* The same for the index of a br_table, an i32. */
void profile_count_label(struct lowering *l, LLVMValueRef index);
/* An indirect call is about to be made by this index, an i64. */
void profile_count_target(struct lowering *l, LLVMValueRef index);

#endif
