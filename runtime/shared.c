/*
 * shared.c: make, use, grow and release shared memories.
 */
#include "runtime/shared.h"

#include <inttypes.h>
#include <stdlib.h>

#include "runtime/engine.h"
#include "runtime/memory.h"
#include "runtime/store.h"

/* Without a store there is no limit but the declared maximum. */
static bool shared_open(struct sv_shared_memory *shared, const struct memory_plan *plan,
		struct sv_error *error)
{
	struct backing *backing = &shared->backing;
	struct sv_store *payer = shared->payer;
	backing_plan(backing, plan, payer ? payer->limits.max_memory : UINT64_MAX);
	if (payer && !store_take_memory(payer, backing->initial))
		return sv_fail(error, SV_ERROR_LIMIT, "the module needs %" PRIu64 " bytes of "
				"memory; the store's limit max_memory is %" PRIu64,
				backing->initial, payer->limits.max_memory);
	if (backing_open(backing, shared->engine, plan, error))
		return true;
	if (payer)
		store_give_memory(payer, backing->initial);
	return false;
}

struct sv_shared_memory *shared_new(struct sv_engine *engine, struct sv_store *payer,
		const struct memory_plan *plan, struct sv_error *error)
{
	struct sv_shared_memory *shared = calloc(1, sizeof *shared);
	if (!shared) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the record of a memory");
		return NULL;
	}
	shared->engine = engine;
	shared->payer = payer;
	if (!shared_open(shared, plan, error)) {
		free(shared);
		return NULL;
	}
	atomic_init(&shared->users, 1);
	pthread_mutex_init(&shared->lock, NULL);
	pthread_mutex_init(&shared->waiting, NULL);
	atomic_fetch_add(&engine->tenants, 1);
	return shared;
}

struct sv_shared_memory *sv_shared_memory_new(struct sv_engine *engine,
		struct sv_size_limits limits, struct sv_error *error)
{
	struct memory_plan plan;
	if (!memory_plan_of(&plan, limits, error))
		return NULL;
	plan.type.is_shared = 1;
	if (plan.type.has_maximum)
		return shared_new(engine, NULL, &plan, error);
	sv_fail(error, SV_ERROR_USAGE, "a shared memory needs a maximum");
	return NULL;
}

struct sv_shared_memory *shared_use(struct sv_shared_memory *shared)
{
	atomic_fetch_add(&shared->users, 1);
	return shared;
}

void sv_shared_memory_free(struct sv_shared_memory *shared)
{
	if (!shared || atomic_fetch_sub(&shared->users, 1) > 1)
		return;
	struct sv_engine *engine = shared->engine;
	backing_close(&shared->backing, engine);
	pthread_mutex_destroy(&shared->lock);
	pthread_mutex_destroy(&shared->waiting);
	free(shared);
	atomic_fetch_sub(&engine->tenants, 1);
}

void shared_stop_paying(struct sv_shared_memory *shared)
{
	pthread_mutex_lock(&shared->lock);
	store_give_memory(shared->payer, backing_size(&shared->backing));
	shared->payer = NULL;
	pthread_mutex_unlock(&shared->lock);
}

int64_t shared_grow(struct sv_shared_memory *shared, struct sv_store *store, uint64_t pages)
{
	pthread_mutex_lock(&shared->lock);
	struct sv_store *payer = shared->payer;
	int64_t old = backing_grow(&shared->backing, payer, pages);
	/* Whoever asked is told that a limit was hit, though it be another store's. */
	if (old < 0 && payer && atomic_load(&payer->memory_limit_hit))
		atomic_store(&store->memory_limit_hit, true);
	pthread_mutex_unlock(&shared->lock);
	return old;
}

bool shared_reset(struct sv_shared_memory *shared, struct sv_error *error)
{
	struct backing *backing = &shared->backing;
	if (atomic_load(&shared->users) > 1)
		return sv_fail(error, SV_ERROR_USAGE, "a shared memory is in use elsewhere");
	uint64_t grown = backing_size(backing) - backing->initial;
	TRY(backing_reset(backing, error));
	if (shared->payer)
		store_give_memory(shared->payer, grown);
	return true;
}

uint8_t *sv_shared_memory_data(struct sv_shared_memory *shared)
{
	return shared->backing.view.base;
}

uint64_t sv_shared_memory_size(const struct sv_shared_memory *shared)
{
	return backing_size(&shared->backing);
}
