/*
 * desks.h: requests that have begun, each at a desk: ready for another turn, asleep until a time,
 * or with a worker. The executor's lock guards all of it.
 */
#ifndef SELVAGE_SERVER_DESKS_H
#define SELVAGE_SERVER_DESKS_H

#include "server/executor.h"

struct desk;

/* Who calls it may do so when the guest has gone on to another desk, or has ended. */
struct desk_waker {
	struct host_waker waker; /* first: wakers are cast to it */
	struct executor *executor;
	struct desk *desk; /* under the lock */
};

struct desk {
	struct desk_waker *waker; /* owned, until desks exchange theirs */
	struct desk *next;        /* in the list it is in */
	void *own;                /* the handler's, owned */
	struct exchange *exchange; /* NULL: it is kept without one */
	bool has_begun;
	bool is_answered; /* but for the compression of its answer */
	bool is_kept; /* and counted as such, or about to be */
	bool is_told; /* kept, and knows that the executor ends */
	uint64_t wake; /* nanoseconds of CLOCK_MONOTONIC */
	size_t asleep_at;     /* its place in the heap; DESK_AWAKE: it does not sleep */
	bool is_roused;       /* the waker was called since its turn began */
};

#define DESK_AWAKE SIZE_MAX

struct desks {
	struct executor *executor;
	const struct handler *handler;
	size_t limit, made;
	bool is_short; /* there was no memory for another one, and none has come back since */
	struct desk *spares;
	struct desk *ready_first, *ready_last;
	struct desk **asleep; /* owned; a heap, the first to wake at 0 */
	size_t asleep_count;
	size_t kept; /* of those that are busy, without an exchange */
	size_t busy; /* with a worker, ready or asleep */
};

/* The waker of a desk. */
void executor_wake(struct host_waker *waker);

/* At most `limit` desks, one of which is made now, so that there is always one to work at. */
SV_MUST_USE bool desks_init(struct desks *desks, struct executor *executor,
		const struct handler *handler, size_t limit, struct sv_error *error);

/* Release them; none may be busy. */
void desks_finish(struct desks *desks);

/* One for a new request; NULL if as many have begun as may, or there is no memory for more. */
struct desk *desks_take_spare(struct desks *desks);
void desks_put_spare(struct desks *desks, struct desk *desk);

/* True if a request can probably begin: there is a spare one, or it may be made. */
static inline bool desks_have_room(const struct desks *desks)
{
	return desks->spares || (desks->made < desks->limit && !desks->is_short);
}

/* The one that has waited for a turn the longest, or NULL. */
struct desk *desks_take_ready(struct desks *desks);
void desks_put_ready(struct desks *desks, struct desk *desk);

/* Ready again when desk->wake has come or it is roused, which may have been in its turn. */
void desks_put_asleep(struct desks *desks, struct desk *desk);

/* Ready now if it sleeps, else instead of going to sleep next; true in the first case. */
bool desks_rouse(struct desks *desks, struct desk *desk);
void desks_wake(struct desks *desks, uint64_t now);

/* Before one is kept without its exchange; false: half of all are. */
SV_MUST_USE bool desks_keep(struct desks *desks, struct desk *desk);

/* Who is at a kept desk goes on at another one: they exchange wakers, and the first is not kept. */
void desks_adopt(struct desks *desks, struct desk *desk, struct desk *kept);

/* True, once, for a desk without an exchange; have all of those that sleep ready. */
bool desk_hears_of_end(struct desk *desk);
void desks_tell_kept(struct desks *desks);

/* When the next one wakes up; UINT64_MAX: none sleeps. */
uint64_t desks_next_wake(const struct desks *desks);

static inline bool desks_are_idle(const struct desks *desks)
{
	return desks->busy == 0;
}

#endif
