/*
 * exact_order.h: keeps the order of stores and of accesses that may trap, behind a C face:
 * LLVM's analysis of loops has no C interface.
 */
#ifndef SELVAGE_COMPILER_EXACT_ORDER_H
#define SELVAGE_COMPILER_EXACT_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include <llvm-c/Core.h>

#include "compiler/alias.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What an access to each memory means. */
struct exact_memory {
	bool is_checked; /* by code of its own: the access itself never traps */
	bool is_64, is_shared;
	uint64_t least_size, size_end; /* see ir_memory_size_range */
};

struct exact_layout {
	uint64_t rows; /* of the memories, in the context; the offsets of a row's fields */
	uint64_t row_size, row_base, row_view;
	uint64_t view_size; /* offset of the size in what row_view points to */
	const struct exact_memory *memories;
	uint32_t memory_count;
	const LLVMValueRef *alias_tags; /* by enum alias_class */
};

/* Leave out checks that one before them decides. */
void exact_checks(LLVMValueRef function, const struct exact_layout *layout);

/* Make one check of those of one index that follow each other. */
void exact_chains(LLVMValueRef function, const struct exact_layout *layout);

/*
 * Note of accesses that they cannot trap, since the memory's least size or an access before them
 * says so. To be run first; exact_order takes the notes away.
 */
void exact_known(LLVMValueRef function, const struct exact_layout *layout);
/* Has it been noted? */
bool exact_is_inside(LLVMValueRef access);

/* Could LLVM find both to begin at the same byte? Not if constants tell their addresses apart. */
bool exact_may_coincide(LLVMValueRef load, LLVMValueRef store);

/*
 * Make a second version of each innermost loop that could run out of bounds: one that runs if a
 * comparison before the loop shows that it will not, and that is free of checks and marks.
 */
void exact_loops(LLVMValueRef function, const struct exact_layout *layout);

/*
 * Mark where the order of a store and an access that may trap matters, so that LLVM keeps it.
 * Accesses that exact_loops found to be in bounds do not count.
 */
void exact_order(LLVMValueRef function, const struct exact_layout *layout);

#ifdef __cplusplus
}
#endif

#endif
