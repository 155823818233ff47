/*
 * inner.h: what the files of the DNS client share.
 */
#ifndef SELVAGE_HOST_DNS_INNER_H
#define SELVAGE_HOST_DNS_INNER_H

#include <ares.h>
#include <pthread.h>

#include "host/dns/dns.h"

/* One question. Its owner and the thread both have it, until one of them is done with it. */
struct dns_query {
	struct dns *dns;
	uint8_t number[2]; /* of the guest's message, to be put back */
	bool is_v6;
	struct buffer question; /* the thread's once it is submitted */
	/* ---- under the lock; the answer is the owner's when it is done ---- */
	struct dns_query *next;    /* in the list of those that are to be asked */
	struct host_waker *waker;  /* NULL: the owner is gone */
	bool is_done, is_awaited;
	int failure;               /* of c-ares; 0: none */
	struct buffer answer;
};

struct dns {
	pthread_mutex_t lock;
	/* ---- under the lock ---- */
	struct dns_query *wanting; /* new ones, the last one first */
	size_t count;              /* that are not done */
	bool has_thread, is_ending;
	/* ---- the thread's own; made with the first question ---- */
	pthread_t thread;
	ares_channel channel;
	int poller, event; /* descriptors of epoll and of what wakes it; -1: none */
	char *servers;     /* owned; NULL: the machine's */
};

/* ---- thread.c ---- */

/* Start the thread if there is none; under the lock. */
SV_MUST_USE bool dns_thread_start(struct dns *dns, struct sv_error *error);

/* Wake it. Under the lock. */
void dns_thread_wake(struct dns *dns);

/* End it and release what is its own. */
void dns_thread_end(struct dns *dns);

/* ---- dns.c ---- */

void dns_query_free(struct dns_query *query);

#endif
