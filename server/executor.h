/*
 * executor.h: worker threads that answer requests, in turns: what takes longer than a turn is put
 * behind others, and goes on on whichever thread is free. Requests wait in a queue of limited
 * length; answers go back through a list and an event descriptor. The thread that queues them may
 * help, which spares short ones the way to another thread and back.
 */
#ifndef SELVAGE_SERVER_EXECUTOR_H
#define SELVAGE_SERVER_EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"
#include "server/exchange.h"

/* What becomes of a request when its turn is over. */
enum handled {
	HANDLED_ANSWERED, /* response and outcome of the exchange are filled in */
	/*
	 * That too, but the desk is kept, without an exchange: it goes on, at the time it has set
	 * or at once if that is 0, until it is ANSWERED again, which nobody hears of.
	 */
	HANDLED_KEPT,
	HANDLED_AGAIN,    /* it wants another turn */
	HANDLED_ASLEEP,   /* that too, but not before a time it has set or its waker is called */
};

/* What answers requests: a desk for each that has begun, used by one thread at a time. */
struct handler {
	void *data;
	/* What a worker thread needs before anything below; false with `error` on failure. */
	bool (*thread_enter)(void *data, struct sv_error *error);
	void (*thread_leave)(void *data);
	/* Make a desk; NULL with `error` on failure. Any thread. */
	void *(*desk_new)(void *data, struct sv_error *error);
	void (*desk_free)(void *data, void *desk);
	/* The first turn of a request, and the later ones. */
	enum handled (*begin)(void *data, void *desk, struct exchange *exchange, uint64_t *wake);
	enum handled (*go_on)(void *data, void *desk, uint64_t *wake);
	/* The exchange has been handed back: clean up behind it. */
	void (*recycle)(void *data, void *desk);
	/*
	 * Before the body of a request is read, on the loop's thread: 0, or the status that refuses
	 * it, with a reason that stays. NULL: all are admitted.
	 */
	int (*admit)(void *data, const struct host_request *request, const char **reason);
	/*
	 * Whether a request is begun when its head is there, and its body comes through the intake.
	 * On the loop's thread, with the server's name set. NULL: never.
	 */
	bool (*takes_intake)(void *data, const struct host_request *request);
	/*
	 * Whether the first turn of a request waits for no disk and for nobody else, and is
	 * preempted: the loop's thread may help (executor_help). On that thread, with the server's
	 * name set; without a request, where all are alike. NULL: never.
	 */
	bool (*is_quick)(void *data, const struct host_request *request);
};

struct executor_config {
	const struct handler *handler; /* borrowed */
	unsigned workers;
	size_t queue_limit; /* requests that have not begun */
	size_t desk_limit;  /* requests that have begun */
	uint64_t turn;      /* how long one lasts, for fairness; nanoseconds */
};

struct executor;

/* Start the threads; fails if one of them cannot enter. */
struct executor *executor_new(const struct executor_config *config, struct sv_error *error);

/*
 * End the threads when all that has begun is answered, and free the answers that nobody took;
 * nothing may be queued. NULL is allowed.
 */
void executor_free(struct executor *executor);

/*
 * Queue an exchange, which is then the worker's; false if the queue is full. Workers hear of it
 * by executor_nudge.
 */
SV_MUST_USE bool executor_submit(struct executor *executor, struct exchange *exchange);

/*
 * Wake workers for the requests that wait: all that came at once are told of at once, so call it
 * before waiting for more. One more is woken if none was taken for a while. What the loop's thread
 * is going to take itself, by executor_help, wakes nobody. Returns for how many milliseconds the
 * loop may wait before it calls again, or -1: for any time.
 */
int executor_nudge(struct executor *executor, uint64_t now);

/*
 * Before the desk of `waker` is KEPT: false if as many are as may be, which is half of them, or the
 * executor is about to end.
 */
SV_MUST_USE bool executor_keep(struct host_waker *waker);

/* Whether it is about to end: who is kept should be done soon. */
bool executor_is_ending(struct executor *executor);

/*
 * In the first turn of a request: who was at a kept desk, and is known by `waker`, goes on at this
 * one with it. Wakers change places; the kept desk has its last turn.
 */
void executor_adopt(struct exchange *exchange, struct host_waker *waker);

/*
 * Have this thread, the loop's, help as long as guests are short. It enters as the handler wants;
 * false, with no error, if the handler or the turn is not for that. Ended by executor_leave.
 */
bool executor_enter(struct executor *executor, struct sv_error *error);
void executor_leave(struct executor *executor);

/*
 * Give some of the requests that wait their first turn on this thread, which has entered, unless
 * guests have been long lately; what does not end in it goes on with the workers. True if there may
 * be answers or news, of which no descriptor tells.
 */
bool executor_help(struct executor *executor);

/* Becomes readable when answers or news of workers are waiting. Borrowed. */
int executor_descriptor(const struct executor *executor);

/* That was seen: it is not readable any more, until there are others. */
void executor_heard(struct executor *executor);

/* Take all answers, oldest first, linked by `next`. */
struct exchange *executor_take(struct executor *executor);

/*
 * Behind that: one whose stream has something to take, though its guest goes on and may be done at
 * any time. NULL: there is none.
 */
struct exchange *executor_take_news(struct executor *executor);

#endif
