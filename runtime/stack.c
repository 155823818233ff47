/*
 * stack.c: guest stacks.
 */
#include "runtime/stack.h"

#include <sys/mman.h>

#include "abi/limits.h"
#include "runtime/engine.h"

/*
 * Bytes below the top that are open and stay resident. The deep part is closed again after so
 * many guests: few need it, and its pages should not be kept for one that once did.
 */
static const size_t stack_shallow = 64 * 1024;
static const uint32_t deep_interval = 1024;

/* The guard with the closed part, and the open part. */
static const uint64_t stack_mappings = 2;

static bool stack_map(struct stack *stack, size_t size, struct sv_error *error)
{
	size_t whole = size + SV_STACK_GUARD;
	size_t open = size < stack_shallow ? size : stack_shallow;
	uint8_t *mapping = mmap(NULL, whole, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mapping == MAP_FAILED)
		return sv_fail_errno(error,
				"cannot map a guest stack of %zu bytes (see vm.max_map_count)",
				size);
	if (mprotect(mapping + whole - open, open, PROT_READ | PROT_WRITE) != 0) {
		sv_fail_errno(error,
				"cannot open a guest stack of %zu bytes (see vm.max_map_count)",
				size);
		munmap(mapping, whole);
		return false;
	}
	*stack = (struct stack){
			.guard = mapping,
			.low = mapping + SV_STACK_GUARD,
			.top = mapping + whole,
			.open = mapping + whole - open,
	};
	return true;
}

bool stack_init(struct stack *stack, struct sv_engine *engine, size_t size, struct sv_error *error)
{
	size = (size + SV_HOST_PAGE - 1) & ~(size_t)(SV_HOST_PAGE - 1);
	if (!engine_take_mappings(engine, stack_mappings))
		return engine_fail_mappings(engine, error);
	if (stack_map(stack, size, error))
		return true;
	engine_give_mappings(engine, stack_mappings);
	return false;
}

void stack_place(struct stack *stack, uint8_t *low, size_t size)
{
	*stack = (struct stack){.low = low, .top = low + size, .open = low};
}

void stack_finish(struct stack *stack, struct sv_engine *engine)
{
	if (!stack->guard)
		return;
	munmap(stack->guard, (size_t)(stack->top - stack->guard));
	engine_give_mappings(engine, stack_mappings);
	*stack = (struct stack){0};
}

uint64_t stack_limit(const struct stack *stack)
{
	return (uintptr_t)stack->low + SV_STACK_MARGIN;
}

bool stack_guard_holds(const struct stack *stack, uintptr_t address)
{
	return stack->guard && address >= (uintptr_t)stack->guard &&
			address < (uintptr_t)stack->open;
}

bool stack_holds(const struct stack *stack, uintptr_t address, size_t size)
{
	uintptr_t low = (uintptr_t)stack->open, top = (uintptr_t)stack->top;
	return address >= low && address <= top && size <= top - address;
}

bool stack_deepen(struct stack *stack, uintptr_t address)
{
	if (address < (uintptr_t)stack->low || address >= (uintptr_t)stack->open ||
			mprotect(stack->low, (size_t)(stack->open - stack->low),
					PROT_READ | PROT_WRITE) != 0)
		return false;
	stack->open = stack->low;
	stack->deep_uses = 0;
	return true;
}

void stack_reset(struct stack *stack)
{
	uint8_t *open = stack->top - stack_shallow;
	if (!stack->guard || stack->open >= open || ++stack->deep_uses < deep_interval)
		return;
	size_t deep = (size_t)(open - stack->low);
	/* Only memory use is at stake: compiled code never reads what it has not written. */
	if (madvise(stack->low, deep, MADV_DONTNEED) == 0 &&
			mprotect(stack->low, deep, PROT_NONE) == 0)
		stack->open = open;
}
