/*
 * stack.c: guest stacks.
 */
#include "runtime/stack.h"

#include <sys/mman.h>

#include "abi/limits.h"

/*
 * Bytes below the top that stay resident, and after how many guests the rest is given
 * back: rarely enough that the system call costs nothing per guest.
 */
static const size_t stack_shallow = 64 * 1024;
static const uint32_t stack_reset_interval = 64;

bool stack_init(struct stack *stack, size_t size, struct sv_error *error)
{
	size = (size + SV_HOST_PAGE - 1) & ~(size_t)(SV_HOST_PAGE - 1);
	size_t whole = size + SV_STACK_GUARD;
	uint8_t *mapping = mmap(NULL, whole, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mapping == MAP_FAILED)
		return sv_fail_errno(error,
				"cannot map a guest stack of %zu bytes (see vm.max_map_count)",
				size);
	if (mprotect(mapping + SV_STACK_GUARD, size, PROT_READ | PROT_WRITE) != 0) {
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
	};
	return true;
}

void stack_finish(struct stack *stack)
{
	if (stack->guard)
		munmap(stack->guard, (size_t)(stack->top - stack->guard));
	*stack = (struct stack){0};
}

bool stack_guard_holds(const struct stack *stack, uintptr_t address)
{
	return address >= (uintptr_t)stack->guard && address < (uintptr_t)stack->low;
}

bool stack_holds(const struct stack *stack, uintptr_t address, size_t size)
{
	uintptr_t low = (uintptr_t)stack->low, top = (uintptr_t)stack->top;
	return address >= low && address <= top && size <= top - address;
}

void stack_reset(struct stack *stack)
{
	size_t size = (size_t)(stack->top - stack->low);
	if (++stack->uses < stack_reset_interval || size <= stack_shallow)
		return;
	stack->uses = 0;
	/* Only memory use is at stake: compiled code never reads what it has not written. */
	madvise(stack->low, size - stack_shallow, MADV_DONTNEED);
}
