/*
 * executor.c: a queue, worker threads and the way back. Two locks, never held together:
 * `lock` for what waits and for what has begun (desks.h), `done_lock` for what is answered.
 *
 * Waking a thread costs more than a short guest takes. So while guests are short and a worker is
 * awake, requests are left to that worker, who does not sleep before the queue is empty, and the
 * loop is told of several answers at once; executor_nudge wakes another when the queue does not
 * move. Long guests get a thread each at once, as long as there are threads; then they take turns.
 */
#include "server/executor.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "server/desks.h"
#include "server/loop.h"

struct executor {
	struct executor_config config;
	pthread_t *threads; /* owned */
	unsigned thread_count;
	/* under lock */
	pthread_mutex_t lock;
	pthread_cond_t changed; /* something to do, or the end */
	pthread_cond_t started; /* a thread has entered or failed */
	struct exchange **queue; /* owned; a ring */
	size_t queue_first, queue_count;
	struct desks desks;
	unsigned idle;     /* threads that wait */
	unsigned waking;   /* of these, those that were woken and are not up yet */
	uint64_t typical;  /* nanoseconds a turn takes, smoothed */
	uint64_t taken_at; /* when a worker last took a request */
	unsigned ready_count;
	bool is_ending;
	struct sv_error error; /* of the first thread that could not enter */
	/* under done_lock */
	pthread_mutex_t done_lock;
	struct exchange *done_first, *done_last;
	struct exchange *news_first, *news_last; /* not done, but there is something of them */
	int event; /* owned */
};

/* A thread, and what it remembers from turn to turn. Times are of clock_now. */
struct worker {
	struct executor *executor;
	uint64_t began, ended; /* the last turn */
	uint64_t turned;       /* the last turn of a guest that had begun before it */
	unsigned untold;       /* answers of which the loop does not know, ... */
	uint64_t untold_since; /* ... the oldest of them */
};

/* What waking a thread costs, roughly: futex, scheduler, cold caches. */
static const uint64_t wake_cost = 20000;

/* The loop is told of so many answers at once, or of those that have waited so long. */
static const unsigned most_untold = 16;
static const uint64_t longest_untold = 50000;

/* The queue stands still if nothing was taken for so long. */
static const uint64_t nudge_after = 500000;

/* One very long turn must not count for more than this. */
static const uint64_t longest_typical = 1000000;

/* ---- what to do next ---- */

static struct desk *queue_begin(struct executor *executor, uint64_t now)
{
	struct desk *desk = executor->queue_count ? desks_take_spare(&executor->desks) : NULL;
	if (!desk)
		return NULL;
	desk->exchange = executor->queue[executor->queue_first];
	desk->has_begun = false;
	executor->queue_first = (executor->queue_first + 1) % executor->config.queue_limit;
	executor->queue_count--;
	executor->taken_at = now;
	return desk;
}

/*
 * A new request, as most are short; but one that has begun when none had a turn on this thread
 * since `turned`, for as long as a turn is, so that both get half of it.
 */
static struct desk *executor_choose(struct executor *executor, uint64_t turned, uint64_t now)
{
	desks_wake(&executor->desks, now);
	bool is_due = executor->desks.ready_first && now - turned >= executor->config.turn;
	struct desk *desk = is_due ? NULL : queue_begin(executor, now);
	return desk ? desk : desks_take_ready(&executor->desks);
}

/* Under the lock: whether a thread is to be woken, which is then counted as waking. */
static bool queue_wakes(struct executor *executor, bool is_urgent)
{
	bool is_asleep = executor->idle == executor->thread_count && !executor->waking;
	bool wakes = executor->idle > executor->waking &&
			(is_asleep || is_urgent || executor->typical >= wake_cost);
	executor->waking += wakes;
	return wakes;
}

/* Sleep until something changes, or a desk wakes up. */
static void executor_wait(struct executor *executor)
{
	const uint64_t second = UINT64_C(1000000000);
	uint64_t wake = desks_next_wake(&executor->desks);
	const struct timespec until = {(time_t)(wake / second), (long)(wake % second)};
	executor->idle++;
	if (wake == UINT64_MAX)
		pthread_cond_wait(&executor->changed, &executor->lock);
	else
		pthread_cond_timedwait(&executor->changed, &executor->lock, &until);
	executor->idle--;
	executor->waking -= executor->waking > 0;
}

static void loop_tell(struct executor *executor)
{
	uint64_t one = 1;
	/* Can only fail if the counter is at its end, and then the loop is awake anyway. */
	if (write(executor->event, &one, sizeof one) < 0)
		check(errno == EAGAIN);
}

static void worker_tell(struct worker *worker)
{
	if (worker->untold)
		loop_tell(worker->executor);
	worker->untold = 0;
}

/*
 * The next thing to do, if there is one now. What has begun and not ended is long: another thread
 * is worth it, which is woken.
 */
static struct desk *worker_choose(struct worker *worker)
{
	struct executor *executor = worker->executor;
	struct desk *desk = executor_choose(executor, worker->turned, worker->ended);
	if (desk && executor->desks.ready_first && queue_wakes(executor, true))
		pthread_cond_signal(&executor->changed);
	return desk;
}

/* Wait for something to do. NULL: the end. */
static struct desk *worker_next(struct worker *worker)
{
	struct executor *executor = worker->executor;
	uint64_t spent = worker->ended - worker->began;
	if (spent > longest_typical)
		spent = longest_typical;
	pthread_mutex_lock(&executor->lock);
	executor->typical = (executor->typical * 7 + spent) / 8;
	struct desk *desk = worker_choose(worker);
	while (!desk && !(executor->is_ending && desks_are_idle(&executor->desks))) {
		if (worker->untold) {
			pthread_mutex_unlock(&executor->lock);
			worker_tell(worker);
			pthread_mutex_lock(&executor->lock);
		} else {
			executor_wait(executor);
		}
		worker->ended = clock_now();
		desk = worker_choose(worker);
	}
	pthread_mutex_unlock(&executor->lock);
	return desk;
}

/* Under the lock for what is done, as is the next one. */
static void news_remove(struct executor *executor, struct exchange *exchange)
{
	struct exchange *previous = exchange->news_previous, *next = exchange->news_next;
	*(previous ? &previous->news_next : &executor->news_first) = next;
	*(next ? &next->news_previous : &executor->news_last) = previous;
	exchange->has_news = false;
}

static void news_add(struct executor *executor, struct exchange *exchange)
{
	struct exchange *last = executor->news_last;
	exchange->news_previous = last;
	exchange->news_next = NULL;
	*(last ? &last->news_next : &executor->news_first) = exchange;
	executor->news_last = exchange;
	exchange->has_news = true;
}

/* Who is done has no news besides. The loop is not told of it. */
static void done_add(struct executor *executor, struct exchange *exchange)
{
	exchange->next = NULL;
	pthread_mutex_lock(&executor->done_lock);
	if (exchange->has_news)
		news_remove(executor, exchange);
	*(executor->done_first ? &executor->done_last->next : &executor->done_first) = exchange;
	executor->done_last = exchange;
	pthread_mutex_unlock(&executor->done_lock);
}

/* On the guest's thread, in its turn: its exchange is not done. */
static void executor_stir(struct exchange *exchange)
{
	struct executor *executor = exchange->executor;
	pthread_mutex_lock(&executor->done_lock);
	bool was_empty = !executor->news_first;
	if (!exchange->has_news)
		news_add(executor, exchange);
	pthread_mutex_unlock(&executor->done_lock);
	if (was_empty)
		loop_tell(executor);
}

static void stir_stream(struct host_stream *stream)
{
	executor_stir((struct exchange *)((char *)stream - offsetof(struct exchange, stream)));
}

static void stir_intake(struct host_intake *intake)
{
	executor_stir((struct exchange *)((char *)intake - offsetof(struct exchange, intake)));
}

/* ---- worker threads ---- */

static void worker_put_back(struct executor *executor, struct desk *desk, enum handled handled)
{
	bool wakes = false;
	pthread_mutex_lock(&executor->lock);
	if (handled == HANDLED_ANSWERED) {
		desks_put_spare(&executor->desks, desk);
		/* At the end they wait for each other. */
		wakes = executor->is_ending && desks_are_idle(&executor->desks);
	} else if (handled == HANDLED_ASLEEP) {
		desks_put_asleep(&executor->desks, desk);
		/* Whoever waits does so for a later one, or does not know that it is ready. */
		wakes = executor->idle &&
				(desk->is_roused ||
						desks_next_wake(&executor->desks) == desk->wake);
	} else {
		desks_put_ready(&executor->desks, desk);
	}
	pthread_mutex_unlock(&executor->lock);
	if (wakes)
		pthread_cond_broadcast(&executor->changed);
}

static enum handled worker_begin(struct executor *executor, struct desk *desk)
{
	const struct handler *handler = executor->config.handler;
	struct exchange *exchange = desk->exchange;
	desk->has_begun = true;
	exchange->executor = executor;
	exchange->waker = &desk->waker;
	host_stream_join(&exchange->stream, &desk->waker, stir_stream);
	if (exchange->request.intake)
		host_intake_join(&exchange->intake, &desk->waker, stir_intake);
	return handler->begin(handler->data, desk->own, exchange, &desk->wake);
}

/* True if the guest has answered. */
static bool worker_turn(struct executor *executor, struct desk *desk)
{
	const struct handler *handler = executor->config.handler;
	enum handled handled;
	if (desk->has_begun)
		handled = handler->go_on(handler->data, desk->own, &desk->wake);
	else
		handled = worker_begin(executor, desk);
	if (handled == HANDLED_ANSWERED) {
		host_stream_leave(&desk->exchange->stream);
		if (desk->exchange->request.intake)
			host_intake_leave(&desk->exchange->intake);
		done_add(executor, desk->exchange);
		handler->recycle(handler->data, desk->own);
	}
	worker_put_back(executor, desk, handled);
	return handled == HANDLED_ANSWERED;
}

static void worker_run(struct worker *worker, struct desk *desk)
{
	bool has_begun = desk->has_begun;
	worker->began = clock_now();
	/* Those that have waited must not wait for this turn too. */
	if (worker->untold && worker->began - worker->untold_since >= longest_untold)
		worker_tell(worker);
	bool has_answered = worker_turn(worker->executor, desk);
	worker->ended = clock_now();
	if (has_begun)
		worker->turned = worker->ended;
	if (has_answered && !worker->untold++)
		worker->untold_since = worker->ended;
	if (worker->untold >= most_untold || worker->ended - worker->began >= wake_cost)
		worker_tell(worker);
}

static bool worker_enter(struct executor *executor)
{
	const struct handler *handler = executor->config.handler;
	struct sv_error error = SV_ERROR_INIT;
	bool has_entered = handler->thread_enter(handler->data, &error);
	pthread_mutex_lock(&executor->lock);
	executor->ready_count++;
	if (!has_entered && executor->error.code == SV_ERROR_NONE)
		executor->error = error;
	pthread_cond_signal(&executor->started);
	pthread_mutex_unlock(&executor->lock);
	return has_entered;
}

static void *worker_main(void *data)
{
	struct executor *executor = data;
	const struct handler *handler = executor->config.handler;
	if (!worker_enter(executor))
		return NULL;
	uint64_t now = clock_now();
	struct worker worker = {.executor = executor, .began = now, .ended = now, .turned = now};
	struct desk *desk;
	while ((desk = worker_next(&worker)))
		worker_run(&worker, desk);
	worker_tell(&worker);
	handler->thread_leave(handler->data);
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

/* ---- from outside ---- */

static bool executor_start(struct executor *executor, struct sv_error *error)
{
	unsigned workers = executor->config.workers;
	for (unsigned i = 0; i < workers; i++) {
		int result = worker_start(executor, &executor->threads[i]);
		if (result != 0)
			return sv_fail(error, SV_ERROR_SYSTEM, "no thread for worker %u: %s", i + 1,
					strerror(result));
		executor->thread_count++;
	}
	pthread_mutex_lock(&executor->lock);
	while (executor->ready_count < workers)
		pthread_cond_wait(&executor->started, &executor->lock);
	pthread_mutex_unlock(&executor->lock);
	if (executor->error.code != SV_ERROR_NONE)
		return sv_fail(error, executor->error.code, "%s", executor->error.text);
	return true;
}

static void executor_init(struct executor *executor)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutexattr_t adaptive;
	pthread_mutexattr_init(&adaptive);
	pthread_mutexattr_settype(&adaptive, PTHREAD_MUTEX_ADAPTIVE_NP);
	pthread_mutex_init(&executor->lock, &adaptive);
	pthread_mutex_init(&executor->done_lock, &adaptive);
	pthread_mutexattr_destroy(&adaptive);
	pthread_cond_init(&executor->changed, &attributes);
	pthread_cond_init(&executor->started, NULL);
	pthread_condattr_destroy(&attributes);
	executor->error = (struct sv_error)SV_ERROR_INIT;
	executor->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

struct executor *executor_new(const struct executor_config *config, struct sv_error *error)
{
	struct executor *executor = calloc(1, sizeof *executor);
	if (!executor) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the executor");
		return NULL;
	}
	executor->config = *config;
	executor_init(executor);
	executor->threads = calloc(config->workers, sizeof *executor->threads);
	executor->queue = calloc(config->queue_limit, sizeof(struct exchange *));
	if (executor->event < 0)
		sv_fail_errno(error, "eventfd");
	else if (!executor->threads || !executor->queue)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for %u workers", config->workers);
	else if (desks_init(&executor->desks, executor, config->handler, config->desk_limit,
				 error) &&
			executor_start(executor, error))
		return executor;
	executor_free(executor);
	return NULL;
}

static void free_untaken(struct executor *executor)
{
	while (executor->done_first) {
		struct exchange *next = executor->done_first->next;
		exchange_free(executor->done_first);
		executor->done_first = next;
	}
}

void executor_free(struct executor *executor)
{
	if (!executor)
		return;
	pthread_mutex_lock(&executor->lock);
	executor->is_ending = true;
	pthread_cond_broadcast(&executor->changed);
	pthread_mutex_unlock(&executor->lock);
	for (unsigned i = 0; i < executor->thread_count; i++)
		pthread_join(executor->threads[i], NULL);
	if (executor->event >= 0)
		close(executor->event);
	free_untaken(executor);
	desks_finish(&executor->desks);
	pthread_cond_destroy(&executor->started);
	pthread_cond_destroy(&executor->changed);
	pthread_mutex_destroy(&executor->done_lock);
	pthread_mutex_destroy(&executor->lock);
	free(executor->threads);
	free(executor->queue);
	free(executor);
}

bool executor_submit(struct executor *executor, struct exchange *exchange)
{
	size_t limit = executor->config.queue_limit;
	pthread_mutex_lock(&executor->lock);
	bool has_room = executor->queue_count < limit;
	if (has_room) {
		executor->queue[(executor->queue_first + executor->queue_count) % limit] = exchange;
		executor->queue_count++;
	}
	pthread_mutex_unlock(&executor->lock);
	return has_room;
}

void executor_wake(struct host_waker *waker)
{
	struct desk *desk = (struct desk *)waker;
	struct executor *executor = desk->executor;
	pthread_mutex_lock(&executor->lock);
	bool wakes = desks_rouse(&executor->desks, desk) && queue_wakes(executor, true);
	pthread_mutex_unlock(&executor->lock);
	if (wakes)
		pthread_cond_signal(&executor->changed);
}

bool executor_nudge(struct executor *executor, uint64_t now)
{
	unsigned wakes = 0;
	pthread_mutex_lock(&executor->lock);
	bool is_waiting = executor->queue_count > 0;
	bool is_late = is_waiting && now > executor->taken_at + nudge_after;
	while (wakes < executor->queue_count && queue_wakes(executor, is_late && !wakes))
		wakes++;
	bool can_help = executor->idle > executor->waking;
	pthread_mutex_unlock(&executor->lock);
	while (wakes--)
		pthread_cond_signal(&executor->changed);
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

struct exchange *executor_take_news(struct executor *executor)
{
	pthread_mutex_lock(&executor->done_lock);
	struct exchange *exchange = executor->news_first;
	if (exchange)
		news_remove(executor, exchange);
	pthread_mutex_unlock(&executor->done_lock);
	return exchange;
}
