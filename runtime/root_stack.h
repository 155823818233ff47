/*
 * root_stack.h: where compiled code shows the collector which references it holds.
 */
#ifndef SELVAGE_RUNTIME_ROOT_STACK_H
#define SELVAGE_RUNTIME_ROOT_STACK_H

#include "base/check.h"
#include "runtime/selvage.h"

/* References in use are in [start, store->view.roots). */
struct root_stack {
	void **start; /* owned mapping; NULL: none */
};

/* Make the root stack of a store if it has none yet. */
SV_MUST_USE bool root_stack_reserve(struct sv_store *store, struct sv_error *error);
void root_stack_finish(struct root_stack *stack);

#endif
