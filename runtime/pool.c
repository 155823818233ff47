/*
 * pool.c: leases. A store stays whole between leases: its address space, stack and instance
 * are made once, and what a guest changed is put back when it returns.
 */
#include "runtime/pool.h"

#include <inttypes.h>
#include <stdlib.h>

#include "runtime/artifact.h"
#include "runtime/engine.h"
#include "runtime/heap.h"
#include "runtime/instance.h"
#include "runtime/link.h"
#include "runtime/memory.h"
#include "runtime/store.h"
#include "runtime/table.h"
#include "runtime/thread.h"

/*
 * Mappings of a store with slots of its own, an image and some runs of open pages. A pool of more
 * stores than could have these does without both: four are left.
 */
static const uint64_t store_mappings = 12;

/* Address space that small slots of one pool may take: half of what there is. */
static const uint64_t slab_space_most = UINT64_C(1) << 46;

/* Stores with slots of their own that the mappings are enough for. */
static uint32_t pool_most(const struct sv_engine *engine)
{
	return (uint32_t)(engine->max_mappings / store_mappings);
}

static uint32_t pool_limit(const struct sv_engine *engine, uint32_t count)
{
	uint64_t most = engine->config.max_slots;
	if (count == 0)
		count = pool_most(engine);
	return count < most ? count : (uint32_t)most;
}

/* Code that compares everything, one memory of its own, nothing else that is mapped. */
static bool pool_can_have_slab(const struct sv_artifact *artifact)
{
	const struct sv_artifact_header *header = artifact->header;
	return header->bounds == SV_BOUNDS_CHECK && !(header->flags & SV_ARTIFACT_OBJECTS) &&
			header->memories.count == 1 && header->imported_memories == 0 &&
			!artifact_memories(artifact)->limits.is_shared;
}

/* So many instances: small slots, if the code allows them. */
static bool pool_choose_slab(struct sv_pool *pool, struct sv_error *error)
{
	pool->is_dense = pool->count > pool_most(pool->engine);
	if (!pool->is_dense || !pool_can_have_slab(pool->artifact))
		return true;
	struct backing backing;
	const struct memory_plan plan = {.type = artifact_memories(pool->artifact)->limits,
			.bounds = SV_BOUNDS_CHECK};
	backing_plan(&backing, &plan, pool->limits.max_memory);
	uint64_t memory = backing_extent(backing.room);
	size_t stack = pool->engine->config.guest_stack_size;
	stack = (stack + SV_HOST_PAGE - 1) & ~(size_t)(SV_HOST_PAGE - 1);
	if (memory + stack > slab_space_most / pool->count)
		return sv_fail(error, SV_ERROR_LIMIT,
				"%" PRIu32 " instances with %" PRIu64 " bytes of memory each need "
				"more address space than there is (see max_memory)",
				pool->count, memory);
	slab_init(&pool->slab, pool->engine, stack, memory);
	pool->has_slab = true;
	return true;
}

struct sv_pool *sv_pool_new(struct sv_engine *engine, struct sv_artifact *artifact,
		struct sv_linker *linker, const struct sv_store_limits *limits, uint32_t count,
		struct sv_error *error)
{
	if (!linker_check_hosted(linker, artifact, error))
		return NULL;
	struct sv_pool *pool = aligned_alloc(_Alignof(struct sv_pool), sizeof *pool);
	if (!pool) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a pool");
		return NULL;
	}
	*pool = (struct sv_pool){.engine = engine, .artifact = artifact, .linker = linker,
			.count = pool_limit(engine, count)};
	sv_store_limits_init(&pool->limits);
	if (limits)
		pool->limits = *limits;
	if (!pool_choose_slab(pool, error)) {
		free(pool);
		return NULL;
	}
	for (unsigned i = 0; i < POOL_SHELVES; i++)
		pthread_mutex_init(&pool->shelves[i].lock, NULL);
	return pool;
}

static uint32_t shelf_free(struct pool_shelf *shelf)
{
	uint32_t count = 0;
	while (shelf->spares) {
		struct sv_store *store = shelf->spares;
		shelf->spares = store->spare;
		sv_store_free(store);
		count++;
	}
	pthread_mutex_destroy(&shelf->lock);
	return count;
}

void sv_pool_free(struct sv_pool *pool)
{
	if (!pool)
		return;
	uint32_t spares = 0;
	for (unsigned i = 0; i < POOL_SHELVES; i++)
		spares += shelf_free(&pool->shelves[i]);
	check(spares == atomic_load(&pool->made));
	if (pool->has_slab)
		slab_finish(&pool->slab);
	free(pool);
}

static struct sv_store *pool_make(struct sv_pool *pool, struct sv_error *error)
{
	struct sv_store *store = store_new(pool->engine, pool, &pool->limits, error);
	if (!store)
		return NULL;
	if (instance_prepare(store, pool->artifact, pool->linker, error))
		return store;
	sv_store_free(store);
	return NULL;
}

static struct sv_store *shelf_pop(struct pool_shelf *shelf)
{
	struct sv_store *store = shelf->spares;
	if (store)
		shelf->spares = store->spare;
	return store;
}

static struct sv_store *shelf_take(struct pool_shelf *shelf)
{
	pthread_mutex_lock(&shelf->lock);
	struct sv_store *store = shelf_pop(shelf);
	pthread_mutex_unlock(&shelf->lock);
	return store;
}

static void shelf_put(struct pool_shelf *shelf, struct sv_store *store)
{
	pthread_mutex_lock(&shelf->lock);
	store->spare = shelf->spares;
	shelf->spares = store;
	pthread_mutex_unlock(&shelf->lock);
}

static struct pool_shelf *pool_own_shelf(struct sv_pool *pool)
{
	const struct thread *thread = thread_current;
	return &pool->shelves[thread ? thread->number % POOL_SHELVES : 0];
}

/* A place for one more store. */
static bool pool_count(struct sv_pool *pool)
{
	uint32_t made = atomic_load(&pool->made);
	do {
		if (made >= pool->count)
			return false;
	} while (!atomic_compare_exchange_weak(&pool->made, &made, made + 1));
	return true;
}

/*
 * A spare of any shelf. With all of them locked, in order: one that another thread carries from
 * shelf to shelf must not be missed.
 */
static struct sv_store *pool_take_any(struct sv_pool *pool)
{
	struct sv_store *store = NULL;
	for (unsigned i = 0; i < POOL_SHELVES; i++)
		pthread_mutex_lock(&pool->shelves[i].lock);
	for (unsigned i = 0; i < POOL_SHELVES && !store; i++)
		store = shelf_pop(&pool->shelves[i]);
	for (unsigned i = 0; i < POOL_SHELVES; i++)
		pthread_mutex_unlock(&pool->shelves[i].lock);
	return store;
}

static struct sv_store *pool_lease(struct sv_pool *pool, struct pool_shelf *own,
		struct sv_error *error)
{
	struct sv_store *store = shelf_take(own);
	if (store)
		return store;
	if (!pool_count(pool)) {
		store = pool_take_any(pool);
		if (!store)
			sv_fail(error, SV_ERROR_LIMIT, "all %" PRIu32 " instances of %s are in use",
					pool->count, pool->artifact->name);
		return store;
	}
	store = pool_make(pool, error);
	if (!store)
		atomic_fetch_sub(&pool->made, 1);
	return store;
}

/*
 * It goes back where it was leased, whoever returns it: a thread that begins guests and leaves it
 * to others to end them would have a new store for each.
 */
struct sv_store *sv_pool_lease(struct sv_pool *pool, struct sv_error *error)
{
	struct pool_shelf *own = pool_own_shelf(pool);
	struct sv_store *store = pool_lease(pool, own, error);
	if (store)
		store->shelf = own;
	return store;
}

/* Pages that are open; a memory without a record of them has none that stay. */
static uint64_t store_kept(const struct sv_store *store)
{
	uint64_t pages = 0;
	for (const struct sv_memory *at = store->memories; at; at = at->next) {
		const struct resident *resident = at->backing->resident;
		if (resident)
			pages += resident->is_wide ? resident->whole : resident->count;
	}
	return pages * SV_HOST_PAGE;
}

void sv_pool_look(struct sv_pool *pool, struct sv_pool_stats *stats)
{
	uint32_t spares = 0;
	*stats = (struct sv_pool_stats){0};
	for (unsigned i = 0; i < POOL_SHELVES; i++) {
		struct pool_shelf *shelf = &pool->shelves[i];
		pthread_mutex_lock(&shelf->lock);
		for (const struct sv_store *at = shelf->spares; at; at = at->spare) {
			stats->kept += store_kept(at);
			spares++;
		}
		pthread_mutex_unlock(&shelf->lock);
	}
	/* A store may have moved from shelf to shelf meanwhile. */
	stats->made = atomic_load(&pool->made);
	stats->leased = spares < stats->made ? stats->made - spares : 0;
}

enum sv_outcome sv_pool_start(struct sv_store *store, struct sv_error *error)
{
	return instance_start(store->instances, error);
}

/* What an embedder may have made besides the pool's instance is not put back but released. */
static bool store_is_plain(const struct sv_store *store)
{
	const struct sv_artifact_header *header = store->instances->artifact->header;
	uint32_t memories = 0, tables = 0;
	for (const struct sv_memory *at = store->memories; at; at = at->next)
		memories++;
	for (const struct sv_table_object *at = store->tables; at; at = at->next)
		tables++;
	return !store->instances->next && !store->globals && memories == header->memories.count &&
			tables == header->tables.count;
}

static bool store_reset(struct sv_store *store)
{
	if (!store_is_plain(store) || !instance_reset(store->instances, NULL) ||
			!heap_reset(store))
		return false;
	suspend_drop(store);
	store->view.exception = NULL;
	store->view.fuel = STORE_FUEL_MOST;
	store_set_roots_used(store, 0);
	stack_reset(&store->stack);
	store->is_trapped = false;
	/* An order would cost: all that was put back would have to be in the cache first. */
	atomic_store_explicit(&store->memory_limit_hit, false, memory_order_relaxed);
	store->exit_code = 0;
	store->deadline = 0;
	store->cpu_left = 0;
	store->quantum = 0;
	return true;
}

/* Hardened builds: all that a guest can see is as it was. */
static void store_scan(const struct sv_store *store)
{
	for (const struct sv_memory *at = store->memories; at; at = at->next)
		check(memory_is_fresh(at));
	check(heap_is_fresh(store));
	for (const struct sv_table_object *at = store->tables; at; at = at->next)
		check(at->view.size == at->initial && !at->is_written);
}

void sv_pool_return(struct sv_pool *pool, struct sv_store *store)
{
	check(store->pool == pool && !store->activation);
	if (!store_reset(store)) {
		/* Never lease what may hold a trace of the last guest. */
		sv_store_free(store);
		atomic_fetch_sub(&pool->made, 1);
		return;
	}
	if (pool->engine->config.hardened_scan)
		store_scan(store);
	shelf_put(store->shelf, store);
}
