/*
 * executor.c: a queue, worker threads and the way back. Two locks, never held together:
 * `lock` for what waits and for what has begun (desks.h), and that of what is answered (answers.h).
 *
 * Waking a thread costs more than a short guest takes. So while guests are short and a worker is
 * awake, requests are left to that worker, who does not sleep before the queue is empty, and the
 * loop is told of several answers at once; executor_nudge wakes another when the queue does not
 * move. Long guests get a thread each at once, as long as there are threads; then they take turns.
 *
 * Shorter still is no way at all: the loop's thread helps while guests are short
 * (executor_help.c).
 */
#include "server/executor_parts.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/aside.h"
#include "server/loop.h"

/* The loop is told of so many answers at once, or of those that have waited so long. */
static const unsigned most_untold = 16;
static const uint64_t longest_untold = 50000;

/* The queue stands still if nothing was taken for so long. */
static const uint64_t nudge_after = 500000;

/* One very long turn must not count for more than this. */
static const uint64_t longest_typical = 1000000;

/* ---- what to do next ---- */

struct desk *executor_begin(struct executor *executor, uint64_t now)
{
	struct desk *desk = executor->queue_count ? desks_take_spare(&executor->desks) : NULL;
	if (!desk)
		return NULL;
	desk->exchange = executor->queue[executor->queue_first];
	desk->has_begun = desk->is_answered = desk->is_kept = desk->is_told = false;
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
	struct desk *desk = is_due ? NULL : executor_begin(executor, now);
	return desk ? desk : desks_take_ready(&executor->desks);
}

bool executor_wakes(struct executor *executor, bool is_urgent)
{
	bool is_asleep = executor->idle == executor->thread_count && !executor->waking;
	bool wakes = executor->idle > executor->waking &&
			(is_asleep || is_urgent || executor->typical >= EXECUTOR_WAKE_COST);
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

static void worker_tell(struct worker *worker)
{
	if (worker->untold)
		answers_tell(&worker->executor->answers);
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
	if (desk && executor->desks.ready_first && executor_wakes(executor, true))
		pthread_cond_signal(&executor->changed);
	return desk;
}

void executor_note(struct executor *executor, uint64_t spent)
{
	if (spent > longest_typical)
		spent = longest_typical;
	executor->typical = (executor->typical * 7 + spent) / 8;
}

/* Wait for something to do. NULL: the end. */
static struct desk *worker_next(struct worker *worker)
{
	struct executor *executor = worker->executor;
	pthread_mutex_lock(&executor->lock);
	executor_note(executor, worker->ended - worker->began);
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

/* On the guest's thread, in its turn: its exchange is not done. */
static void executor_stir(struct exchange *exchange)
{
	answers_stir(&exchange->executor->answers, exchange);
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
	bool sleeps = handled == HANDLED_ASLEEP || (handled == HANDLED_KEPT && desk->wake);
	pthread_mutex_lock(&executor->lock);
	if (handled == HANDLED_ANSWERED) {
		desks_put_spare(&executor->desks, desk);
		/* At the end they wait for each other. */
		wakes = executor->is_ending && desks_are_idle(&executor->desks);
	} else if (sleeps && !(executor->is_ending && desk_hears_of_end(desk))) {
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

/* This guest has it. */
static void exchange_join(struct exchange *exchange, struct host_waker *waker)
{
	exchange->waker = waker;
	host_stream_join(&exchange->stream, waker, stir_stream);
	if (exchange->request.intake)
		host_intake_join(&exchange->intake, waker, stir_intake);
}

/* The guest is done with it. */
static void exchange_leave(struct executor *executor, struct exchange *exchange)
{
	host_stream_leave(&exchange->stream);
	if (exchange->request.intake)
		host_intake_leave(&exchange->intake);
	answers_add(&executor->answers, exchange);
}

static enum handled worker_begin(struct executor *executor, struct desk *desk)
{
	const struct handler *handler = executor->config.handler;
	struct exchange *exchange = desk->exchange;
	desk->has_begun = true;
	exchange->executor = executor;
	exchange_join(exchange, &desk->waker->waker);
	return handler->begin(handler->data, desk->own, exchange, &desk->wake);
}

enum handled executor_turn(struct executor *executor, struct desk *desk, size_t most)
{
	const struct handler *handler = executor->config.handler;
	enum handled handled = HANDLED_ANSWERED;
	if (!desk->has_begun)
		handled = worker_begin(executor, desk);
	else if (!desk->is_answered)
		handled = handler->go_on(handler->data, desk->own, &desk->wake);
	if (handled == HANDLED_ANSWERED && desk->exchange && !exchange_pack(desk->exchange, most)) {
		desk->is_answered = true;
		handled = HANDLED_AGAIN;
	}
	bool is_over = handled == HANDLED_ANSWERED;
	if ((is_over || handled == HANDLED_KEPT) && desk->exchange)
		exchange_leave(executor, desk->exchange);
	if (is_over)
		handler->recycle(handler->data, desk->own);
	if (handled == HANDLED_KEPT)
		desk->exchange = NULL;
	worker_put_back(executor, desk, handled);
	return handled;
}

static void worker_run(struct worker *worker, struct desk *desk)
{
	bool has_begun = desk->has_begun;
	worker->began = clock_now();
	/* Those that have waited must not wait for this turn too. */
	if (worker->untold && worker->began - worker->untold_since >= longest_untold)
		worker_tell(worker);
	enum handled handled = executor_turn(worker->executor, desk, SIZE_MAX);
	bool has_answered = handled == HANDLED_ANSWERED || handled == HANDLED_KEPT;
	worker->ended = clock_now();
	if (has_begun)
		worker->turned = worker->ended;
	if (has_answered && !worker->untold++)
		worker->untold_since = worker->ended;
	if (worker->untold >= most_untold || worker->ended - worker->began >= EXECUTOR_WAKE_COST)
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

/* ---- from outside ---- */

static bool executor_start(struct executor *executor, struct sv_error *error)
{
	unsigned workers = executor->config.workers;
	for (unsigned i = 0; i < workers; i++) {
		int result = aside_start(&executor->threads[i], NULL, worker_main, executor);
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
	pthread_mutexattr_destroy(&adaptive);
	pthread_cond_init(&executor->changed, &attributes);
	pthread_cond_init(&executor->started, NULL);
	pthread_condattr_destroy(&attributes);
	executor->error = (struct sv_error)SV_ERROR_INIT;
}

struct executor *executor_new(const struct executor_config *config, struct sv_error *error)
{
	struct executor *executor = calloc(1, sizeof *executor);
	if (!executor) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the executor");
		return NULL;
	}
	executor->config = *config;
	executor->helper.executor = executor;
	executor_init(executor);
	executor->threads = calloc(config->workers, sizeof *executor->threads);
	executor->queue = calloc(config->queue_limit, sizeof(struct exchange *));
	bool has_answers = answers_init(&executor->answers, error);
	if (has_answers && (!executor->threads || !executor->queue))
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for %u workers", config->workers);
	else if (has_answers &&
			desks_init(&executor->desks, executor, config->handler, config->desk_limit,
				 error) &&
			executor_start(executor, error))
		return executor;
	executor_free(executor);
	return NULL;
}

void executor_free(struct executor *executor)
{
	if (!executor)
		return;
	pthread_mutex_lock(&executor->lock);
	executor->is_ending = true;
	desks_tell_kept(&executor->desks);
	pthread_cond_broadcast(&executor->changed);
	pthread_mutex_unlock(&executor->lock);
	for (unsigned i = 0; i < executor->thread_count; i++)
		pthread_join(executor->threads[i], NULL);
	answers_finish(&executor->answers);
	desks_finish(&executor->desks);
	pthread_cond_destroy(&executor->started);
	pthread_cond_destroy(&executor->changed);
	pthread_mutex_destroy(&executor->lock);
	free(executor->threads);
	free(executor->queue);
	free(executor);
}

bool executor_submit(struct executor *executor, struct exchange *exchange)
{
	size_t limit = executor->config.queue_limit;
	const struct handler *handler = executor->config.handler;
	exchange->is_quick =
			executor->is_helped && handler->is_quick(handler->data, &exchange->request);
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
	struct executor *executor = ((struct desk_waker *)waker)->executor;
	pthread_mutex_lock(&executor->lock);
	struct desk *desk = ((struct desk_waker *)waker)->desk;
	bool wakes = desks_rouse(&executor->desks, desk) && executor_wakes(executor, true);
	pthread_mutex_unlock(&executor->lock);
	if (wakes)
		pthread_cond_signal(&executor->changed);
}

bool executor_keep(struct host_waker *waker)
{
	struct executor *executor = ((struct desk_waker *)waker)->executor;
	pthread_mutex_lock(&executor->lock);
	bool may = !executor->is_ending &&
			desks_keep(&executor->desks, ((struct desk_waker *)waker)->desk);
	pthread_mutex_unlock(&executor->lock);
	return may;
}

bool executor_is_ending(struct executor *executor)
{
	pthread_mutex_lock(&executor->lock);
	bool is_ending = executor->is_ending;
	pthread_mutex_unlock(&executor->lock);
	return is_ending;
}

void executor_adopt(struct exchange *exchange, struct host_waker *waker)
{
	struct executor *executor = exchange->executor;
	struct desk_waker *here = (struct desk_waker *)exchange->waker;
	struct desk_waker *kept = (struct desk_waker *)waker;
	pthread_mutex_lock(&executor->lock);
	desks_adopt(&executor->desks, here->desk, kept->desk);
	pthread_mutex_unlock(&executor->lock);
	exchange_join(exchange, waker);
	executor_wake(&here->waker);
}

int executor_nudge(struct executor *executor, uint64_t now)
{
	unsigned wakes = 0;
	pthread_mutex_lock(&executor->lock);
	bool is_waiting = executor->queue_count > 0;
	if (is_waiting && executor_is_fit(executor)) {
		pthread_mutex_unlock(&executor->lock);
		return 0;
	}
	bool is_late = is_waiting && now > executor->taken_at + nudge_after;
	while (wakes < executor->queue_count && executor_wakes(executor, is_late && !wakes))
		wakes++;
	bool can_help = executor->idle > executor->waking;
	pthread_mutex_unlock(&executor->lock);
	while (wakes--)
		pthread_cond_signal(&executor->changed);
	return is_waiting && can_help ? 1 : -1;
}

/* ---- answers ---- */

int executor_descriptor(const struct executor *executor)
{
	return executor->answers.event;
}

void executor_heard(struct executor *executor)
{
	answers_heard(&executor->answers);
}

struct exchange *executor_take(struct executor *executor)
{
	return answers_take(&executor->answers);
}

struct exchange *executor_take_news(struct executor *executor)
{
	return answers_take_news(&executor->answers);
}
