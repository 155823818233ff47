/*
 * stack.h: the stack that guest code of a store runs on.
 */
#ifndef SELVAGE_RUNTIME_STACK_H
#define SELVAGE_RUNTIME_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"

/* [guard, low) faults, [low, top) is the stack. */
struct stack {
	uint8_t *guard; /* owned mapping; NULL: none */
	uint8_t *low, *top;
	uint32_t uses; /* since the deep part was given back */
};

/* Map a stack of `size` bytes (rounded up to pages) above a guard of SV_STACK_GUARD. */
SV_MUST_USE bool stack_init(struct stack *stack, size_t size, struct sv_error *error);
void stack_finish(struct stack *stack);

/* True if `address` is in the guard. async-signal-safe */
bool stack_guard_holds(const struct stack *stack, uintptr_t address);

/* True if `size` bytes at `address` are inside the stack, guard excluded. */
bool stack_holds(const struct stack *stack, uintptr_t address, size_t size);

/* Called between guests: gives the rarely used deep part back to the system now and then. */
void stack_reset(struct stack *stack);

#endif
