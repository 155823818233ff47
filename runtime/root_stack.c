/*
 * root_stack.c: one mapping a store, used from its low end. Compiled code compares with the
 * limit before each frame, so there is no guard.
 */
#include "runtime/root_stack.h"

#include <sys/mman.h>

#include "runtime/store.h"

/* As the guest's own stack by default; pages that are never reached cost nothing. */
static const size_t root_stack_size = 1024 * 1024;

bool root_stack_reserve(struct sv_store *store, struct sv_error *error)
{
	if (store->root_stack.start)
		return true;
	void **start = mmap(NULL, root_stack_size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (start == MAP_FAILED)
		return sv_fail_errno(error,
				"cannot map a root stack of %zu bytes (see "
				"vm.max_map_count)",
				root_stack_size);
	store->root_stack.start = start;
	store->view.roots = start;
	store->view.roots_limit = start + root_stack_size / sizeof *start;
	return true;
}

void root_stack_finish(struct root_stack *stack)
{
	if (stack->start)
		munmap(stack->start, root_stack_size);
	*stack = (struct root_stack){0};
}
