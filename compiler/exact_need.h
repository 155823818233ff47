/*
 * exact_need.h: the values of a function that what it does depends on.
 */
#ifndef SELVAGE_COMPILER_EXACT_NEED_H
#define SELVAGE_COMPILER_EXACT_NEED_H

#include <stddef.h>

#include "compiler/exact_demand.h"

struct need {
	LLVMValueRef value;
	demand_parts parts; /* that are needed */
	unsigned checks;    /* how often that was looked at */
};

/* Needs by value, and a list of values that are still to be visited. All zero is empty. */
struct need_set {
	struct need *slots; /* owned; open addressing, a power of two */
	size_t slot_count, used;
	LLVMValueRef *pending; /* owned */
	size_t pending_count, pending_capacity;
};

/* Find all needs of a function. The list of pending values is empty afterwards. */
void need_find_all(struct need_set *set, LLVMValueRef function);

/* Release it. */
void need_finish(struct need_set *set);

/* The need of a value, or NULL if nothing depends on it. */
struct need *need_find(const struct need_set *set, LLVMValueRef value);

/* Append to the list of pending values. */
void need_visit_later(struct need_set *set, LLVMValueRef value);

/*
 * An instruction whose operands are needed whatever becomes of it: so is the address of a load that
 * stays. Branches are none: LLVM removes one as soon as it knows that both ways come to the same.
 */
bool need_is_root(LLVMValueRef instruction);

/* Call `step` for every instruction of a function. */
typedef void (*need_step)(struct need_set *set, LLVMValueRef instruction);
void need_each(struct need_set *set, LLVMValueRef function, need_step step);

#endif
