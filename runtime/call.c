/*
 * call.c: enter guests. An activation is on the host's stack; activations of one store share
 * its guest stack, the inner below the outer.
 */
#include "runtime/call.h"

#include <pthread.h>
#include <string.h>

#include "abi/limits.h"
#include "runtime/artifact.h"
#include "runtime/backtrace.h"
#include "runtime/deadline.h"
#include "runtime/instance.h"
#include "runtime/reference.h"
#include "runtime/selvage_serve.h"
#include "runtime/signals.h"
#include "runtime/thread.h"
#include "runtime/type.h"

/*
 * Least room on the guest stack for a nested call: an entry stub with the most arguments and
 * results, and the signal frame of an embedder's handler without its own stack.
 */
static const size_t nested_room = 48 * 1024;

/*
 * Calls from host functions into guests that may be open on one thread. Each takes stack of
 * the host too, whose size we do not know, and guests must not decide how much.
 */
static const uint32_t nested_max = 250;

/* Where the guest stack of a new activation begins; NULL with `error` if it may not. */
static void *activation_place(struct sv_store *store, const struct thread *thread,
		struct sv_error *error)
{
	if (!thread) {
		sv_fail(error, SV_ERROR_USAGE, "sv_thread_enter was not called on this thread");
		return NULL;
	}
	if (thread->depth >= nested_max) {
		sv_fail(error, SV_ERROR_LIMIT,
				"more than %u calls are nested through host functions", nested_max);
		return NULL;
	}
	if (store->suspension.at) {
		sv_fail(error, SV_ERROR_USAGE, "the store's guest is suspended: resume it");
		return NULL;
	}
	if (!store->activation)
		return store->stack.top;
	if (store->thread != thread) {
		sv_fail(error, SV_ERROR_USAGE, "the store is in use by another thread");
		return NULL;
	}
	/* Below the stub's frame is what it saved, one register. */
	uintptr_t place =
			((uintptr_t)store->state.guest_frame - sizeof(uintptr_t)) & ~(uintptr_t)15;
	if (place - (uintptr_t)store->stack.low < nested_room) {
		sv_fail(error, SV_ERROR_LIMIT,
				"a nested call has less than %zu bytes left of the "
				"guest stack (guest_stack_size)",
				nested_room);
		return NULL;
	}
	return (void *)place;
}

static uint64_t deadline_earlier(uint64_t a, uint64_t b)
{
	if (!a || !b)
		return a ? a : b;
	return a < b ? a : b;
}

/* A time so far away that it has no number is the last one. */
static uint64_t time_behind(uint64_t time, uint64_t span)
{
	return span < UINT64_MAX - time ? time + span : UINT64_MAX;
}

/* The thread's times for this call: the earliest of its own and those of the calls around it. */
static void activation_set_times(struct activation *activation, struct sv_store *store,
		struct thread *thread)
{
	thread->refires = 0;
	thread->deadline = deadline_earlier(store->deadline, activation->outer_deadline);
	if (store->quantum && thread->depth == 1)
		thread->turn_end = time_behind(deadline_now(), store->quantum);
	if (store->cpu_left && !thread->cpu_end) {
		activation->cpu_begin = deadline_cpu_now();
		thread->cpu_end = time_behind(activation->cpu_begin, store->cpu_left);
		thread->cpu_look = time_behind(deadline_now(), store->cpu_left);
	}
	deadline_arm(thread);
}

static void activation_restore_times(const struct activation *activation, struct sv_store *store,
		struct thread *thread)
{
	thread->deadline = activation->outer_deadline;
	if (thread->depth == 0)
		thread->turn_end = 0;
	if (activation->cpu_begin) {
		uint64_t used = deadline_cpu_now() - activation->cpu_begin;
		store->cpu_left = used < store->cpu_left ? store->cpu_left - used : 1;
		thread->cpu_end = 0;
		thread->cpu_look = 0;
	}
	deadline_arm(thread);
}

/*
 * The handlers run on this thread: plain order of stores is enough, `thread->call` coming
 * last, since without it they do nothing.
 */
static void activation_begin(struct activation *activation, struct sv_store *store,
		struct thread *thread)
{
	*activation = (struct activation){
			.outer = store->activation,
			.outer_host_sp = store->state.host_sp,
			.outer_guest_frame = store->state.guest_frame,
			.outer_roots = store_roots_used(store),
			.outer_store = thread->store,
			.outer_call = atomic_load_explicit(&thread->call, memory_order_relaxed),
			.outer_deadline = thread->deadline,
	};
	atomic_store_explicit(&thread->call, 0, memory_order_relaxed);
	uint64_t call = atomic_load_explicit(&store->call, memory_order_relaxed);
	if (!activation->outer) {
		call = ++thread->last_call;
		store->thread = thread;
		atomic_store_explicit(&store->state.pending, 0, memory_order_relaxed);
		atomic_store_explicit(&store->stopped, 0, memory_order_relaxed);
		atomic_store_explicit(&store->call, call, memory_order_release);
	}
	atomic_signal_fence(memory_order_seq_cst);
	thread->depth++;
	store->activation = activation;
	thread->store = store;
	atomic_signal_fence(memory_order_seq_cst);
	/* From now on no turn ends: this guest could not go on later, its caller is the host. */
	if (activation->outer)
		activation->outer_turn = SWITCH_PENDING_TURN &
				atomic_fetch_and(&store->state.pending, ~SWITCH_PENDING_TURN);
	/* With the partner in sv_store_interrupt: one of the two sees what the other wrote. */
	atomic_store(&thread->call, call);
	if (atomic_load(&store->stopped) == call)
		deadline_stop(thread, call);
	activation_set_times(activation, store, thread);
}

static void activation_end(const struct activation *activation, struct sv_store *store,
		struct thread *thread)
{
	struct sv_store *outer_store = activation->outer_store;
	uint64_t outer_call = activation->outer_call;
	atomic_store_explicit(&thread->call, 0, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	thread->depth--;
	store->activation = activation->outer;
	if (activation->outer_turn)
		atomic_fetch_or(&store->state.pending, activation->outer_turn);
	store->state.host_sp = activation->outer_host_sp;
	store->state.guest_frame = activation->outer_guest_frame;
	/* However the guest was left: its frames and what it threw are gone. */
	store_set_roots_used(store, activation->outer_roots);
	store->view.exception = NULL;
	if (!activation->outer)
		atomic_store_explicit(&store->call, 0, memory_order_release);
	thread->store = outer_store;
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&thread->call, outer_call, memory_order_release);
	activation_restore_times(activation, store, thread);
	/* An interrupt for the outer store while the inner one ran. */
	if (outer_store && atomic_load(&outer_store->stopped) == outer_call)
		atomic_store_explicit(&outer_store->state.pending, SV_TRAP_INTERRUPT,
				memory_order_relaxed);
}

/* After the guest was left other than by returning. */
static void activation_settle(struct sv_store *store, struct thread *thread)
{
	if (store->is_trapped)
		backtrace_walk(store);
	if (store->suspension.at)
		suspend_keep(store);
	if (!thread->is_masked)
		return;
	sigset_t timer;
	thread->is_masked = false;
	sigemptyset(&timer);
	sigaddset(&timer, SIGNAL_TIMER);
	pthread_sigmask(SIG_UNBLOCK, &timer, NULL);
}

/* The deadline that ended the inner call may have been the outer one's. */
static void activation_pass_on(struct thread *thread)
{
	enum sv_trap verdict = deadline_verdict(thread);
	if (verdict != SV_TRAP_NONE)
		atomic_store_explicit(&thread->store->state.pending, verdict, memory_order_relaxed);
}

/* The guest has been left, however it was. */
static enum sv_outcome call_finish(struct activation *activation, struct sv_store *store,
		struct thread *thread, int outcome)
{
	if (outcome == SV_RETURNED)
		store->is_trapped = false; /* of a nested call */
	else
		activation_settle(store, thread);
	activation_end(activation, store, thread);
	if (outcome == SV_TIMED_OUT && thread->store)
		activation_pass_on(thread);
	return (enum sv_outcome)outcome;
}

enum sv_outcome call_run(struct sv_store *store, const struct call_target *target,
		union sv_value *values, struct sv_error *error)
{
	struct thread *thread = thread_current;
	struct activation activation;
	void *guest_sp = activation_place(store, thread, error);
	if (!guest_sp)
		return SV_REFUSED;
	activation_begin(&activation, store, thread);
	store->is_trapped = false;
	int outcome = switch_enter(&store->state, guest_sp, target->entry, target->context,
			target->code, values);
	return call_finish(&activation, store, thread, outcome);
}

static bool resume_is_possible(const struct sv_store *store, struct sv_error *error)
{
	const struct thread *thread = thread_current;
	if (!store->suspension.at)
		return sv_fail(error, SV_ERROR_USAGE, "the store's guest is not suspended");
	if (!thread || thread->depth >= nested_max)
		return sv_fail(error, SV_ERROR_USAGE,
				"sv_thread_enter was not called on this thread, or too many calls "
				"are nested");
	return true;
}

enum sv_outcome sv_resume(struct sv_store *store, const union sv_value *results,
		struct sv_error *error)
{
	struct thread *thread = thread_current;
	struct activation activation;
	if (!resume_is_possible(store, error) || !suspend_take_results(store, results, error))
		return SV_REFUSED;
	activation_begin(&activation, store, thread);
	return call_finish(&activation, store, thread, suspend_resume(store, thread));
}

enum sv_outcome sv_resume_call(struct sv_store *store, struct sv_error *error)
{
	struct thread *thread = thread_current;
	struct activation activation;
	if (!resume_is_possible(store, error))
		return SV_REFUSED;
	if (!suspend_is_in_host(store)) {
		sv_fail(error, SV_ERROR_USAGE, "the store's guest waits in no host function");
		return SV_REFUSED;
	}
	activation_begin(&activation, store, thread);
	return call_finish(&activation, store, thread, suspend_call_again(store));
}

static bool call_check_references(struct sv_store *store, const struct function *function,
		const union sv_value *values, struct sv_error *error)
{
	const struct sv_instance *owner = function->reference.owner;
	for (uint32_t i = 0; i < function->type->parameter_count; i++) {
		if (owner &&
				!reference_may_enter(store, owner->artifact,
						&function->type->values[i], values[i].ref))
			return sv_fail(error, SV_ERROR_USAGE,
					"argument %u is of code that may throw, the callee is "
					"without "
					"--propagate-exceptions, or the reverse",
					i);
		if (!reference_fits(store, &function->type->values[i], values[i].ref))
			return sv_fail(error, SV_ERROR_USAGE, "argument %u %s", i,
					reference_misfit(&function->type->values[i]));
	}
	return true;
}

enum sv_outcome sv_call(struct sv_store *store, struct sv_funcref *reference, const char *signature,
		union sv_value *values, struct sv_error *error)
{
	const struct function *function = (const struct function *)reference;
	if (function->store != store) {
		sv_fail(error, SV_ERROR_USAGE, "the function belongs to another store");
		return SV_REFUSED;
	}
	if (reference->owner && !instance_may_run(reference->owner, error))
		return SV_REFUSED;
	if (signature && strcmp(signature, function->type->letters) != 0) {
		sv_fail(error, SV_ERROR_USAGE,
				"the function's signature is \"%.100s\", not \"%.100s\"",
				function->type->letters, signature);
		return SV_REFUSED;
	}
	if (function->type->has_references &&
			!call_check_references(store, function, values, error))
		return SV_REFUSED;
	struct call_target target = {function->entry, reference->context, reference->code};
	return call_run(store, &target, values, error);
}

bool sv_function_signature(struct sv_engine *engine, const struct sv_funcref *reference,
		char *buffer, size_t size)
{
	const char *letters = ((const struct function *)reference)->type->letters;
	size_t need = strlen(letters) + 1;
	(void)engine;
	if (need > size)
		return false;
	memcpy(buffer, letters, need);
	return true;
}
