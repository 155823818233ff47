/*
 * deadline.c: the watchdog thread, deadlines and interrupts.
 *
 * Lock: watchdog.lock, taken alone. `deadline` and `wake` meet without it: the arming
 * thread writes its deadline and then reads `wake`, the watchdog writes `wake` and then
 * reads the deadlines, both sequentially consistent, so that one of them sees the other.
 */
#include "runtime/deadline.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "runtime/engine.h"
#include "runtime/signals.h"
#include "runtime/store.h"
#include "runtime/thread.h"

/* Between two signals to a guest that is still running. */
static const uint64_t refire_ns = 1000000;

static const uint64_t second_ns = 1000000000;

/* async-signal-safe */
static uint64_t clock_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * second_ns + (uint64_t)now.tv_nsec;
}

enum sv_trap deadline_verdict(const struct thread *thread)
{
	uint64_t call = atomic_load(&thread->call);
	if (!call)
		return SV_TRAP_NONE;
	if (atomic_load(&thread->stopped) == call)
		return SV_TRAP_INTERRUPT;
	uint64_t deadline = atomic_load(&thread->deadline);
	return deadline && clock_now() >= deadline ? SV_TRAP_DEADLINE : SV_TRAP_NONE;
}

/* Signal every thread whose call should end; when to look again. Under the lock. */
static uint64_t watchdog_fire(struct watchdog *watchdog)
{
	uint64_t now = clock_now();
	uint64_t wake = UINT64_MAX;
	for (struct thread *thread = watchdog->threads; thread; thread = thread->next) {
		uint64_t deadline = atomic_load(&thread->deadline);
		bool is_due = deadline_verdict(thread) != SV_TRAP_NONE;
		if (is_due)
			pthread_sigqueue(thread->handle, SIGNAL_WATCHDOG,
					(union sigval){.sival_ptr = watchdog});
		if (is_due || (deadline && deadline <= now))
			deadline = now + refire_ns;
		if (deadline && deadline < wake)
			wake = deadline;
	}
	return wake;
}

static void watchdog_sleep(struct watchdog *watchdog, uint64_t wake)
{
	if (wake == UINT64_MAX) {
		pthread_cond_wait(&watchdog->changed, &watchdog->lock);
		return;
	}
	struct timespec until = {(time_t)(wake / second_ns), (long)(wake % second_ns)};
	pthread_cond_timedwait(&watchdog->changed, &watchdog->lock, &until);
}

static void *watchdog_run(void *data)
{
	struct watchdog *watchdog = data;
	pthread_mutex_lock(&watchdog->lock);
	while (!watchdog->ended) {
		/* Whoever arms meanwhile must poke, and waits for the lock until this sleeps. */
		atomic_store(&watchdog->wake, UINT64_MAX);
		uint64_t wake = watchdog_fire(watchdog);
		atomic_store(&watchdog->wake, wake);
		watchdog_sleep(watchdog, wake);
	}
	pthread_mutex_unlock(&watchdog->lock);
	return NULL;
}

static void watchdog_poke(struct watchdog *watchdog)
{
	pthread_mutex_lock(&watchdog->lock);
	pthread_cond_signal(&watchdog->changed);
	pthread_mutex_unlock(&watchdog->lock);
}

/* The watchdog takes no signals: those of the process are for the embedder's threads. */
static int watchdog_create(struct watchdog *watchdog)
{
	pthread_attr_t attributes;
	sigset_t all, old;
	const size_t stack_size = 64 * 1024 + (size_t)PTHREAD_STACK_MIN;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, stack_size);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int failure = pthread_create(&watchdog->thread, &attributes, watchdog_run, watchdog);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attributes);
	return failure;
}

bool watchdog_start(struct watchdog *watchdog, struct sv_error *error)
{
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&watchdog->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&watchdog->lock, NULL);
	errno = watchdog_create(watchdog);
	if (errno != 0) {
		sv_fail_errno(error, "cannot start the watchdog thread");
		pthread_cond_destroy(&watchdog->changed);
		pthread_mutex_destroy(&watchdog->lock);
		return false;
	}
	return true;
}

void watchdog_stop(struct watchdog *watchdog)
{
	pthread_mutex_lock(&watchdog->lock);
	check(!watchdog->threads);
	watchdog->ended = true;
	pthread_cond_signal(&watchdog->changed);
	pthread_mutex_unlock(&watchdog->lock);
	pthread_join(watchdog->thread, NULL);
	pthread_cond_destroy(&watchdog->changed);
	pthread_mutex_destroy(&watchdog->lock);
}

void watchdog_add(struct watchdog *watchdog, struct thread *thread)
{
	pthread_mutex_lock(&watchdog->lock);
	thread->next = watchdog->threads;
	watchdog->threads = thread;
	pthread_mutex_unlock(&watchdog->lock);
}

void watchdog_remove(struct watchdog *watchdog, struct thread *thread)
{
	pthread_mutex_lock(&watchdog->lock);
	struct thread **at = &watchdog->threads;
	while (*at != thread)
		at = &(*at)->next;
	*at = thread->next;
	pthread_mutex_unlock(&watchdog->lock);
}

void deadline_arm(struct thread *thread, uint64_t deadline)
{
	if (!deadline) {
		atomic_store_explicit(&thread->deadline, 0, memory_order_relaxed);
		return;
	}
	atomic_store(&thread->deadline, deadline);
	struct watchdog *watchdog = &thread->engine->watchdog;
	if (deadline < atomic_load(&watchdog->wake))
		watchdog_poke(watchdog);
}

void sv_store_set_deadline(struct sv_store *store, uint64_t deadline)
{
	store->deadline = deadline;
}

/*
 * The call's number goes to the store, for a call that is suspended by one in another
 * store, and to the thread that runs it, for the watchdog. A number of a call that has
 * ended matches nothing.
 */
void deadline_stop(struct thread *thread, uint64_t call)
{
	struct watchdog *watchdog = &thread->engine->watchdog;
	pthread_mutex_lock(&watchdog->lock);
	atomic_store(&thread->stopped, call);
	pthread_cond_signal(&watchdog->changed);
	pthread_mutex_unlock(&watchdog->lock);
}

void sv_store_interrupt(struct sv_store *store)
{
	uint64_t call = atomic_load(&store->call);
	if (!call)
		return;
	atomic_store(&store->stopped, call);
	struct watchdog *watchdog = &store->engine->watchdog;
	pthread_mutex_lock(&watchdog->lock);
	for (struct thread *thread = watchdog->threads; thread; thread = thread->next) {
		if (atomic_load(&thread->call) == call)
			atomic_store(&thread->stopped, call);
	}
	pthread_cond_signal(&watchdog->changed);
	pthread_mutex_unlock(&watchdog->lock);
}
