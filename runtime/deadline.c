/*
 * deadline.c: each thread's timer, what it is set to, and interrupts from other threads.
 *
 * A thread's times are written by the thread and read by its own handler; only `call` and
 * `stopped` are other threads' business too.
 */
#include "runtime/deadline.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/engine.h"
#include "runtime/selvage_serve.h"
#include "runtime/signals.h"
#include "runtime/store.h"
#include "runtime/thread.h"

/* Between two signals to a guest that still runs: the first ones, and those to hosts that block. */
static const uint64_t refire_ns = 100000, refire_slow_ns = 1000000;
static const uint32_t refires_fast = 20;

static const uint64_t second_ns = 1000000000;

static uint64_t clock_read(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * second_ns + (uint64_t)now.tv_nsec;
}

uint64_t deadline_now(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

uint64_t deadline_cpu_now(void)
{
	return clock_read(CLOCK_THREAD_CPUTIME_ID);
}

/* The CPU time is used up? If not, it cannot be before as much time of the clock has passed. */
static bool deadline_cpu_is_over(struct thread *thread, uint64_t now)
{
	if (!thread->cpu_end || now < thread->cpu_look)
		return false;
	uint64_t used = deadline_cpu_now();
	if (used >= thread->cpu_end)
		return true;
	thread->cpu_look = now + (thread->cpu_end - used);
	return false;
}

enum sv_trap deadline_verdict(struct thread *thread)
{
	uint64_t call = atomic_load(&thread->call);
	if (!call)
		return SV_TRAP_NONE;
	if (atomic_load(&thread->stopped) == call)
		return SV_TRAP_INTERRUPT;
	if (!thread->deadline && !thread->cpu_end)
		return SV_TRAP_NONE;
	uint64_t now = deadline_now();
	if (thread->deadline && now >= thread->deadline)
		return SV_TRAP_DEADLINE;
	return deadline_cpu_is_over(thread, now) ? SV_TRAP_CPU_TIME : SV_TRAP_NONE;
}

bool deadline_turn_is_over(const struct thread *thread)
{
	return thread->turn_end && deadline_now() >= thread->turn_end;
}

void deadline_postpone_turn(struct thread *thread)
{
	thread->turn_end = deadline_now() + refire_slow_ns;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

/*
 * `armed` is written before the timer is set: if that fires in between, the handler says that it
 * is not set, and it is set once too often.
 */
static void deadline_set_timer(struct thread *thread, uint64_t when)
{
	struct itimerspec setting = {.it_value = {(time_t)(when / second_ns),
						     (long)(when % second_ns)}};
	thread->armed = when;
	atomic_signal_fence(memory_order_seq_cst);
	check(timer_settime(thread->timer, TIMER_ABSTIME, &setting, NULL) == 0);
}

static uint64_t deadline_next(const struct thread *thread)
{
	return earlier(earlier(thread->deadline, thread->turn_end), thread->cpu_look);
}

void deadline_arm(struct thread *thread)
{
	uint64_t when = deadline_next(thread);
	if (when && (!thread->armed || when < thread->armed))
		deadline_set_timer(thread, when);
}

void deadline_fired(struct thread *thread)
{
	if (thread->armed <= deadline_now())
		thread->armed = 0;
}

/*
 * A time that has passed belongs to a call that is just beginning or ending: the timer must leave
 * it some time for that, or it would fire whenever the handler returns, for ever.
 */
void deadline_arm_later(struct thread *thread)
{
	uint64_t when = deadline_next(thread), now = deadline_now();
	if (when && when <= now)
		when = now + refire_ns;
	if (when && (!thread->armed || when < thread->armed))
		deadline_set_timer(thread, when);
}

void deadline_arm_again(struct thread *thread)
{
	bool is_fast = ++thread->refires <= refires_fast;
	deadline_set_timer(thread, deadline_now() + (is_fast ? refire_ns : refire_slow_ns));
}

/* ---- threads ---- */

void thread_list_init(struct thread_list *list)
{
	pthread_mutex_init(&list->lock, NULL);
}

void thread_list_finish(struct thread_list *list)
{
	check(!list->first);
	pthread_mutex_destroy(&list->lock);
}

bool deadline_thread_enter(struct thread *thread, struct sv_error *error)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGNAL_TIMER};
	struct thread_list *list = &thread->engine->threads;
	event.sigev_value.sival_ptr = thread;
	event._sigev_un._tid = gettid(); /* glibc has no name for it before 2.38 */
	if (timer_create(CLOCK_MONOTONIC, &event, &thread->timer) != 0)
		return sv_fail_errno(error, "cannot make a timer (see ulimit -i)");
	pthread_mutex_lock(&list->lock);
	thread->next = list->first;
	list->first = thread;
	pthread_mutex_unlock(&list->lock);
	return true;
}

void deadline_thread_leave(struct thread *thread)
{
	struct thread_list *list = &thread->engine->threads;
	pthread_mutex_lock(&list->lock);
	struct thread **at = &list->first;
	while (*at != thread)
		at = &(*at)->next;
	*at = thread->next;
	pthread_mutex_unlock(&list->lock);
	timer_delete(thread->timer);
}

void sv_store_set_deadline(struct sv_store *store, uint64_t deadline)
{
	store->deadline = deadline;
}

void sv_store_set_cpu_limit(struct sv_store *store, uint64_t nanoseconds)
{
	store->cpu_left = nanoseconds;
}

/* ---- interrupts ---- */

/*
 * The call's number goes to the store, for a call that is suspended by one in another
 * store, and to the thread that runs it, for its handler. A number of a call that has
 * ended matches nothing.
 */
void deadline_stop(struct thread *thread, uint64_t call)
{
	atomic_store(&thread->stopped, call);
	deadline_set_timer(thread, 1);
}

void sv_store_interrupt(struct sv_store *store)
{
	uint64_t call = atomic_load(&store->call);
	if (!call)
		return;
	atomic_store(&store->stopped, call);
	struct thread_list *list = &store->engine->threads;
	pthread_mutex_lock(&list->lock);
	for (struct thread *thread = list->first; thread; thread = thread->next) {
		if (atomic_load(&thread->call) != call)
			continue;
		atomic_store(&thread->stopped, call);
		pthread_sigqueue(thread->handle, SIGNAL_TIMER,
				(union sigval){.sival_ptr = list});
	}
	pthread_mutex_unlock(&list->lock);
}
