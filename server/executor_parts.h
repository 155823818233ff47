/*
 * executor_parts.h: what the files of the executor share: what it is, and a worker's steps.
 */
#ifndef SELVAGE_SERVER_EXECUTOR_PARTS_H
#define SELVAGE_SERVER_EXECUTOR_PARTS_H

#include <pthread.h>

#include "server/answers.h"
#include "server/desks.h"

/* A thread, and what it remembers from turn to turn. Times are of clock_now. */
struct worker {
	struct executor *executor;
	uint64_t began, ended; /* the last turn */
	uint64_t turned;       /* the last turn of a guest that had begun before it */
	unsigned untold;       /* answers of which the loop does not know, ... */
	uint64_t untold_since; /* ... the oldest of them */
};

struct executor {
	struct executor_config config;
	struct worker helper; /* the loop's thread, ... */
	bool is_helped;       /* ... if it has entered */
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
	struct answers answers; /* has a lock of its own */
};

/* Nanoseconds that waking a thread costs, roughly: futex, scheduler, cold caches. */
#define EXECUTOR_WAKE_COST 20000u

/*
 * Under the lock: the desk of the request that has waited longest; NULL if none waits or none can
 * begin. It is taken at `now`.
 */
struct desk *executor_begin(struct executor *executor, uint64_t now);

/* Under the lock: whether a thread is to be woken, which is then counted as waking. */
bool executor_wakes(struct executor *executor, bool is_urgent);

/* Under the lock: a turn has taken so many nanoseconds. */
void executor_note(struct executor *executor, uint64_t spent);

/*
 * A turn at this desk. `most`: bytes that may be compressed in it; more of them are another one, of
 * a worker.
 */
enum handled executor_turn(struct executor *executor, struct desk *desk, size_t most);

/* ---- executor_help.c ---- */

/* Under the lock: whether the loop's thread is going to take the first of those that wait. */
bool executor_is_fit(const struct executor *executor);

#endif
