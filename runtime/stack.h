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

struct sv_engine;

/* [guard, low) faults, [low, top) is the stack, of which [low, open) is closed until it is used. */
struct stack {
	uint8_t *guard; /* owned mapping; NULL: the stack is somebody else's, without one */
	uint8_t *low, *top;
	uint8_t *open;
	uint32_t deep_uses; /* guests since the deep part was opened */
};

/* Map a stack of `size` bytes (rounded up to pages) above a guard of SV_STACK_GUARD. */
SV_MUST_USE bool stack_init(struct stack *stack, struct sv_engine *engine, size_t size,
		struct sv_error *error);
/* The stack is [low, low + size), which somebody else owns, with no guard. */
void stack_place(struct stack *stack, uint8_t *low, size_t size);

void stack_finish(struct stack *stack, struct sv_engine *engine);

/* The limit that code compiled with stack checks compares with. */
uint64_t stack_limit(const struct stack *stack);

/* True if `address` is in the guard, or in the deep part while that is closed. async-signal-safe */
bool stack_guard_holds(const struct stack *stack, uintptr_t address);

/*
 * An access at `address` has faulted: true if that is in the deep part, which was closed and is
 * open now. async-signal-safe
 */
bool stack_deepen(struct stack *stack, uintptr_t address);

/* True if `size` bytes at `address` are inside the stack and open. */
bool stack_holds(const struct stack *stack, uintptr_t address, size_t size);

/* Called between guests: gives the rarely used deep part back to the system now and then. */
void stack_reset(struct stack *stack);

#endif
