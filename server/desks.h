/*
 * desks.h: requests that have begun, each at a desk: ready for another turn, asleep until a time,
 * or with a worker. The executor's lock guards all of it.
 */
#ifndef SELVAGE_SERVER_DESKS_H
#define SELVAGE_SERVER_DESKS_H

#include "server/executor.h"

struct desk {
	struct host_waker waker; /* first: wakers are cast to desks */
	struct desk *next;       /* in the list it is in */
	void *own;         /* the handler's, owned */
	struct exchange *exchange;
	bool has_begun;
	uint64_t wake; /* nanoseconds of CLOCK_MONOTONIC */
	struct executor *executor;
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

/* When the next one wakes up; UINT64_MAX: none sleeps. */
uint64_t desks_next_wake(const struct desks *desks);

static inline bool desks_are_idle(const struct desks *desks)
{
	return desks->busy == 0;
}

#endif
