/*
 * executor.c: a queue, worker threads and the way back. Two locks, never held together:
 * `queue_lock` for what waits, `done_lock` for what is answered.
 *
 * Waking a thread costs the loop more than a short guest takes. So while guests are short
 * and a worker is awake, requests are left to that worker, who does not sleep before the
 * queue is empty; executor_nudge wakes another when the queue does not move. Long guests
 * get a thread each at once.
 */
#include "server/executor.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "server/loop.h"

struct executor {
	const struct handler *handler;
	pthread_t *threads; /* owned */
	unsigned thread_count;
	/* under queue_lock */
	pthread_mutex_t queue_lock;
	pthread_cond_t queue_changed; /* something to do, or the end */
	pthread_cond_t started;       /* a thread has entered or failed */
	struct exchange **queue;      /* owned; a ring */
	size_t queue_size, queue_first, queue_count;
	unsigned idle;     /* threads that wait */
	unsigned waking;   /* of these, those that were woken and are not up yet */
	uint64_t typical;  /* nanoseconds a request takes, smoothed */
	uint64_t taken_at; /* when a worker last took a request */
	unsigned ready_count;
	bool is_ending;
	struct sv_error error; /* of the first thread that could not enter */
	/* under done_lock */
	pthread_mutex_t done_lock;
	struct exchange *done_first, *done_last;
	int event; /* owned */
};

/* What waking a thread costs, roughly: futex, scheduler, cold caches. */
static const uint64_t wake_cost = 20000;

/* The queue stands still if nothing was taken for so long. */
static const uint64_t nudge_after = 500000;

/* One very long guest must not count for more than this. */
static const uint64_t longest_typical = 1000000;

/* Wait for a request; `spent` nanoseconds went into the one before. NULL: the end. */
static struct exchange *queue_wait(struct executor *executor, uint64_t spent, uint64_t now)
{
	struct exchange *exchange = NULL;
	pthread_mutex_lock(&executor->queue_lock);
	if (spent > longest_typical)
		spent = longest_typical;
	executor->typical = (executor->typical * 7 + spent) / 8;
	while (!executor->queue_count && !executor->is_ending) {
		executor->idle++;
		pthread_cond_wait(&executor->queue_changed, &executor->queue_lock);
		executor->idle--;
		executor->waking -= executor->waking > 0;
		now = clock_now();
	}
	executor->taken_at = now;
	if (executor->queue_count) {
		exchange = executor->queue[executor->queue_first];
		executor->queue_first = (executor->queue_first + 1) % executor->queue_size;
		executor->queue_count--;
	}
	pthread_mutex_unlock(&executor->queue_lock);
	return exchange;
}

static void done_add(struct executor *executor, struct exchange *exchange)
{
	exchange->next = NULL;
	pthread_mutex_lock(&executor->done_lock);
	bool was_empty = !executor->done_first;
	*(was_empty ? &executor->done_first : &executor->done_last->next) = exchange;
	executor->done_last = exchange;
	pthread_mutex_unlock(&executor->done_lock);
	uint64_t one = 1;
	/* Can only fail if the counter is at its end, and then the loop is awake anyway. */
	if (was_empty && write(executor->event, &one, sizeof one) < 0)
		check(errno == EAGAIN);
}

static void *worker_enter(struct executor *executor)
{
	struct sv_error error = SV_ERROR_INIT;
	void *state = executor->handler->thread_enter(executor->handler->data, &error);
	pthread_mutex_lock(&executor->queue_lock);
	executor->ready_count++;
	if (!state && executor->error.code == SV_ERROR_NONE)
		executor->error = error;
	pthread_cond_signal(&executor->started);
	pthread_mutex_unlock(&executor->queue_lock);
	return state;
}

static void *worker_main(void *data)
{
	struct executor *executor = data;
	const struct handler *handler = executor->handler;
	void *state = worker_enter(executor);
	if (!state)
		return NULL;
	uint64_t began = clock_now(), ended = began;
	struct exchange *exchange;
	while ((exchange = queue_wait(executor, ended - began, ended))) {
		began = clock_now();
		handler->handle(handler->data, state, exchange);
		done_add(executor, exchange);
		handler->recycle(handler->data, state);
		ended = clock_now();
	}
	handler->thread_leave(handler->data, state);
	return NULL;
}

/* SIGTERM and SIGINT are for the main thread, so that they interrupt its wait. */
static int worker_start(struct executor *executor, pthread_t *thread)
{
	sigset_t signals, before;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, &before);
	int result = pthread_create(thread, NULL, worker_main, executor);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result;
}

static bool executor_start(struct executor *executor, unsigned workers, struct sv_error *error)
{
	for (unsigned i = 0; i < workers; i++) {
		int result = worker_start(executor, &executor->threads[i]);
		if (result != 0)
			return sv_fail(error, SV_ERROR_SYSTEM, "no thread for worker %u: %s", i + 1,
					strerror(result));
		executor->thread_count++;
	}
	pthread_mutex_lock(&executor->queue_lock);
	while (executor->ready_count < workers)
		pthread_cond_wait(&executor->started, &executor->queue_lock);
	pthread_mutex_unlock(&executor->queue_lock);
	if (executor->error.code != SV_ERROR_NONE)
		return sv_fail(error, executor->error.code, "%s", executor->error.text);
	return true;
}

struct executor *executor_new(const struct handler *handler, unsigned workers, size_t queue_limit,
		struct sv_error *error)
{
	struct executor *executor = calloc(1, sizeof *executor);
	if (!executor) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the executor");
		return NULL;
	}
	executor->handler = handler;
	executor->error = (struct sv_error)SV_ERROR_INIT;
	executor->queue_size = queue_limit;
	pthread_mutex_init(&executor->queue_lock, NULL);
	pthread_mutex_init(&executor->done_lock, NULL);
	pthread_cond_init(&executor->queue_changed, NULL);
	pthread_cond_init(&executor->started, NULL);
	executor->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	executor->threads = calloc(workers, sizeof *executor->threads);
	executor->queue = calloc(queue_limit, sizeof *executor->queue);
	if (executor->event < 0)
		sv_fail_errno(error, "eventfd");
	else if (!executor->threads || !executor->queue)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for %u workers", workers);
	else if (executor_start(executor, workers, error))
		return executor;
	executor_free(executor);
	return NULL;
}

void executor_free(struct executor *executor)
{
	if (!executor)
		return;
	pthread_mutex_lock(&executor->queue_lock);
	executor->is_ending = true;
	pthread_cond_broadcast(&executor->queue_changed);
	pthread_mutex_unlock(&executor->queue_lock);
	for (unsigned i = 0; i < executor->thread_count; i++)
		pthread_join(executor->threads[i], NULL);
	if (executor->event >= 0)
		close(executor->event);
	pthread_cond_destroy(&executor->started);
	pthread_cond_destroy(&executor->queue_changed);
	pthread_mutex_destroy(&executor->done_lock);
	pthread_mutex_destroy(&executor->queue_lock);
	free(executor->threads);
	free(executor->queue);
	free(executor);
}

/* Under queue_lock: whether a thread is to be woken, which is then counted as waking. */
static bool queue_wakes(struct executor *executor, bool is_urgent)
{
	bool is_asleep = executor->idle == executor->thread_count && !executor->waking;
	bool wakes = executor->idle > executor->waking &&
			(is_asleep || is_urgent || executor->typical >= wake_cost);
	executor->waking += wakes;
	return wakes;
}

bool executor_submit(struct executor *executor, struct exchange *exchange)
{
	bool wakes = false;
	pthread_mutex_lock(&executor->queue_lock);
	bool has_room = executor->queue_count < executor->queue_size;
	if (has_room) {
		size_t at = (executor->queue_first + executor->queue_count) % executor->queue_size;
		executor->queue[at] = exchange;
		executor->queue_count++;
		wakes = queue_wakes(executor, false);
	}
	pthread_mutex_unlock(&executor->queue_lock);
	if (wakes)
		pthread_cond_signal(&executor->queue_changed);
	return has_room;
}

bool executor_nudge(struct executor *executor, uint64_t now)
{
	pthread_mutex_lock(&executor->queue_lock);
	bool is_waiting = executor->queue_count > 0;
	bool is_late = is_waiting && now > executor->taken_at + nudge_after;
	bool wakes = is_late && queue_wakes(executor, true);
	bool can_help = executor->idle > executor->waking;
	pthread_mutex_unlock(&executor->queue_lock);
	if (wakes)
		pthread_cond_signal(&executor->queue_changed);
	return is_waiting && can_help;
}

int executor_descriptor(const struct executor *executor)
{
	return executor->event;
}

struct exchange *executor_take(struct executor *executor)
{
	uint64_t count;
	if (read(executor->event, &count, sizeof count) < 0)
		check(errno == EAGAIN || errno == EINTR);
	pthread_mutex_lock(&executor->done_lock);
	struct exchange *first = executor->done_first;
	executor->done_first = executor->done_last = NULL;
	pthread_mutex_unlock(&executor->done_lock);
	return first;
}
