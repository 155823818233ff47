/*
 * suspend.c: leave guests to be resumed.
 *
 * A guest that is in a host function is left when that returns, at the end of the stub through
 * which it called: what it expects in registers is then below the stub's frame. One that runs
 * compiled code is left by the signal handler, which keeps the signal frame; it goes on by the
 * system call that ends handlers.
 */
#include "runtime/suspend.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/call.h"
#include "runtime/host_call.h"
#include "runtime/instance.h"
#include "runtime/reference.h"
#include "runtime/selvage_serve.h"
#include "runtime/thread.h"
#include "runtime/trap.h"
#include "runtime/type.h"

/* Places of vector registers in a signal frame are multiples of this. */
static const size_t frame_alignment = 64;

bool suspend_is_possible(const struct sv_store *store)
{
	return store->may_suspend && store->activation && !store->activation->outer;
}

void suspend_in_host(struct sv_store *store, struct host_row *row, union sv_value *values,
		size_t roots_before)
{
	struct suspension *suspension = &store->suspension;
	if (!suspend_is_possible(store))
		trap_raise(store, SV_TRAP_HOST,
				"a host function suspends a guest that a host function called");
	suspension->row = row;
	suspension->values = values;
	suspension->roots_before = roots_before;
	/* A trap that is pending already, or becomes so, goes first. */
	atomic_fetch_or(&store->state.pending, SWITCH_PENDING_WAIT);
}

int suspend_leave_pending(struct sv_store *store)
{
	uint32_t pending = atomic_load_explicit(&store->state.pending, memory_order_relaxed);
	if (pending & SWITCH_PENDING_TRAP)
		trap_leave_pending(store);
	bool waits = pending & SWITCH_PENDING_WAIT;
	store->suspension.at = waits ? SUSPENDED_IN_HOST : SUSPENDED_BEHIND_HOST;
	store->suspension.guest_frame = store->state.guest_frame;
	return waits ? SV_SUSPENDED : SV_PREEMPTED;
}

bool suspend_by_signal(struct sv_store *store, const void *ucontext)
{
	struct suspension *suspension = &store->suspension;
	if (!suspension->frame)
		return false;
	suspension->frame_size =
			fault_frame_save(suspension->frame, suspension->frame_room, ucontext);
	if (!suspension->frame_size)
		return false;
	suspension->at = SUSPENDED_BY_SIGNAL;
	return true;
}

void suspend_keep(struct sv_store *store)
{
	store->suspension.roots = store_roots_used(store);
	store->suspension.exception = store->view.exception;
}

bool suspend_take_results(struct sv_store *store, const union sv_value *results,
		struct sv_error *error)
{
	const struct suspension *suspension = &store->suspension;
	if (suspension->at != SUSPENDED_IN_HOST)
		return true;
	const struct defined_type *type = suspension->row->type;
	if (type->result_count && !results)
		return sv_fail(error, SV_ERROR_USAGE,
				"the host function has %u results, none given",
				(unsigned)type->result_count);
	for (uint32_t i = 0; type->has_references && i < type->result_count; i++) {
		const struct value_type *result = &type->values[type->parameter_count + i];
		if (!reference_may_enter(store, suspension->row->instance->artifact, result,
				    results[i].ref) ||
				!reference_fits(store, result, results[i].ref))
			return sv_fail(error, SV_ERROR_USAGE,
					"result %u is a reference of another store or type", i);
	}
	if (type->result_count)
		memcpy(suspension->values, results, type->result_count * sizeof *results);
	return true;
}

bool suspend_is_in_host(const struct sv_store *store)
{
	return store->suspension.at == SUSPENDED_IN_HOST;
}

/* What the activation begins with; where the guest was. */
static enum suspended_at suspend_take_up(struct sv_store *store)
{
	struct suspension *suspension = &store->suspension;
	enum suspended_at at = suspension->at;
	store_set_roots_used(store,
			at == SUSPENDED_IN_HOST ? suspension->roots_before : suspension->roots);
	suspension->at = SUSPENDED_NOWHERE;
	store->view.exception = suspension->exception;
	return at;
}

int suspend_call_again(struct sv_store *store)
{
	struct suspension *suspension = &store->suspension;
	suspend_take_up(store);
	store->state.guest_frame = suspension->guest_frame;
	return switch_resume_call(&store->state, &suspension->row->head, suspension->values);
}

int suspend_resume(struct sv_store *store, const struct thread *thread)
{
	struct suspension *suspension = &store->suspension;
	enum suspended_at at = suspend_take_up(store);
	if (at != SUSPENDED_BY_SIGNAL) {
		store->state.guest_frame = suspension->guest_frame;
		return switch_resume(&store->state);
	}
	const stack_t signal_stack = {.ss_sp = (char *)thread->signal_stack + SV_HOST_PAGE,
			.ss_size = thread->signal_stack_size - SV_HOST_PAGE};
	sigset_t mask;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	fault_frame_adopt(suspension->frame, &signal_stack, &mask);
	return switch_resume_frame(&store->state, suspension->frame, suspension->frame_size);
}

void suspend_drop(struct sv_store *store)
{
	store->suspension.at = SUSPENDED_NOWHERE;
}

bool sv_store_set_quantum(struct sv_store *store, uint64_t nanoseconds, struct sv_error *error)
{
	struct suspension *suspension = &store->suspension;
	if (nanoseconds && !suspension->frame) {
		suspension->frame_room = fault_frame_room();
		suspension->frame = aligned_alloc(frame_alignment, suspension->frame_room);
		if (!suspension->frame)
			return sv_fail(error, SV_ERROR_NO_MEMORY,
					"no memory for the registers of a guest");
	}
	store->quantum = nanoseconds;
	return true;
}

bool sv_store_is_suspended(const struct sv_store *store)
{
	return store->suspension.at != SUSPENDED_NOWHERE;
}
