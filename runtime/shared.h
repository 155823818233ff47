/*
 * shared.h: shared memories: bytes that instances of several stores, on several threads, have in
 * common. Each store that uses one has a struct sv_memory for it; the last to leave frees it.
 */
#ifndef SELVAGE_RUNTIME_SHARED_H
#define SELVAGE_RUNTIME_SHARED_H

#include <pthread.h>
#include <stdatomic.h>

#include "runtime/backing.h"

struct waiter;

/*
 * The base is constant; the size only grows, under `lock`, and may be read without. The two
 * locks are never held together.
 */
struct sv_shared_memory {
	struct backing backing;
	struct sv_engine *engine;
	_Atomic uint32_t users;
	pthread_mutex_t lock;    /* of growth and of `payer` */
	struct sv_store *payer;  /* whose limit counts its bytes: the one that made it, or NULL */
	pthread_mutex_t waiting; /* of the list of waiters; see wait.c */
	struct waiter *first, *last;
};

/* Make one with one user; `payer` may be NULL. NULL with `error` on failure. */
struct sv_shared_memory *shared_new(struct sv_engine *engine, struct sv_store *payer,
		const struct memory_plan *plan, struct sv_error *error);

/* One user more; the memory itself. Given back with sv_shared_memory_free. */
struct sv_shared_memory *shared_use(struct sv_shared_memory *shared);

/* Its bytes count in no store any more: the one that made it lets go. */
void shared_stop_paying(struct sv_shared_memory *shared);

/* Add pages on behalf of `store`: the old size in pages, or -1 with nothing changed. */
int64_t shared_grow(struct sv_shared_memory *shared, struct sv_store *store, uint64_t pages);

/* Back to the initial state; false with `error` if others use it too. */
SV_MUST_USE bool shared_reset(struct sv_shared_memory *shared, struct sv_error *error);

#endif
