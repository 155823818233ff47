/*
 * stay.h: guests that stay behind their answer, because their program asks for another request, and
 * how one is given to them. Those that have none are in a list of their service's.
 */
#ifndef SELVAGE_SERVER_STAY_H
#define SELVAGE_SERVER_STAY_H

#include <pthread.h>

#include "host/stream.h"
#include "server/executor.h"
#include "server/limits.h"

/* A guest, and what it has in place of an exchange while it has no request. */
struct guest {
	struct host_call call;      /* its state is owned, its store leased or NULL */
	struct executor *executor;  /* borrowed, where its last request was; NULL: it cannot stay */
	uint64_t answered;          /* requests, before this one */
	struct host_request request;
	struct host_response response;
	struct host_stream stream;
	struct host_outcome outcome;
};

/* Where a guest is for as long as it has a request, and then until another one takes it. */
struct guest_desk {
	struct guest *guest; /* owned */
	bool is_offered;     /* and has not been withdrawn */
	/* under the lock of the list */
	bool is_listed;
	struct guest_desk *previous, *next;
};

struct stay_list {
	pthread_mutex_t lock;
	struct guest_desk *first; /* the last one that came */
};

void stay_list_init(struct stay_list *list);
void stay_list_finish(struct stay_list *list);

/* A guest with nothing in it; NULL if there is no memory. */
struct guest *stay_guest_new(const struct server_limits *limits);

/* Its call's state has been released. */
void stay_guest_free(struct guest *guest);

/* The guest has this exchange, from now on or at last. */
void stay_attach(struct guest *guest, struct exchange *exchange);

/* It has none, and may go on for so long (nanoseconds). */
void stay_detach(struct guest *guest, uint64_t time);

/* Whether it has none. */
static inline bool stay_is_detached(const struct guest *guest)
{
	return guest->call.request == &guest->request;
}

/* The guest at a desk may be taken from here on, by any thread: its desk is not to be touched. */
void stay_offer(struct stay_list *list, struct guest_desk *desk);

/* No longer; false: it was taken, and another guest is here, which has nothing to do. */
SV_MUST_USE bool stay_withdraw(struct stay_list *list, struct guest_desk *desk);

/* Have a guest that was offered at this desk, and give it the exchange. False: there is none. */
SV_MUST_USE bool stay_take(struct stay_list *list, struct guest_desk *desk,
		struct exchange *exchange);

#endif
