/*
 * executor.h: worker threads that answer requests, so that a guest that computes for
 * seconds keeps a worker and not the loop. Requests wait in a queue of limited length;
 * answers go back through a list and an event descriptor.
 */
#ifndef SELVAGE_SERVER_EXECUTOR_H
#define SELVAGE_SERVER_EXECUTOR_H

#include <stdbool.h>

#include "base/check.h"
#include "base/error.h"
#include "server/exchange.h"

/* What answers requests. All but thread_enter/leave run between those two, on one thread. */
struct handler {
	void *data;
	/* Make what a worker thread needs; NULL with `error` on failure. */
	void *(*thread_enter)(void *data, struct sv_error *error);
	void (*thread_leave)(void *data, void *state);
	/* Fill response and outcome of the exchange. */
	void (*handle)(void *data, void *state, struct exchange *exchange);
	/* The exchange has been handed back: clean up behind it. */
	void (*recycle)(void *data, void *state);
};

struct executor;

/* Start `workers` threads; fails if one of them cannot enter. `handler` is borrowed. */
struct executor *executor_new(const struct handler *handler, unsigned workers, size_t queue_limit,
		struct sv_error *error);

/* End the threads after what they are doing; nothing may be queued. NULL is allowed. */
void executor_free(struct executor *executor);

/* Queue an exchange, which is then the worker's; false if the queue is full. */
SV_MUST_USE bool executor_submit(struct executor *executor, struct exchange *exchange);

/*
 * Wake one more worker if requests wait and none was taken for a while. True if it should
 * be called again within a millisecond.
 */
bool executor_nudge(struct executor *executor, uint64_t now);

/* Becomes readable when answers are waiting. Borrowed. */
int executor_descriptor(const struct executor *executor);

/* Take all answers, oldest first, linked by `next`. */
struct exchange *executor_take(struct executor *executor);

#endif
