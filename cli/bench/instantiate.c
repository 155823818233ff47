/*
 * instantiate.c: what a fresh instance costs: from a pool, as a server has it, and from nothing.
 */
#include "cli/bench/clock.h"
#include "cli/bench/lanes.h"

static struct sv_store *lane_lease(struct lane *lane)
{
	struct sv_store *store = sv_pool_lease(lane->data, &lane->error);
	if (store)
		sv_store_set_data(store, lane->wasi);
	return store;
}

static bool lane_start(struct lane *lane, struct sv_store *store)
{
	return subject_ended(store, sv_pool_start(store, &lane->error), &lane->error) &&
			subject_initialize(lane->subject, store, sv_store_instance(store),
					&lane->error);
}

static bool lane_call(struct lane *lane, struct sv_store *store)
{
	return subject_call(lane->subject, store, sv_store_instance(store), lane->values,
			&lane->error);
}

/* What a server does for a request. */
static bool pool_once(struct lane *lane, uint64_t *marks)
{
	TRY(subject_wasi_reset(lane->subject, lane->wasi, &lane->error));
	marks[0] = clock_read();
	struct sv_store *store = lane_lease(lane);
	if (!store)
		return false;
	bool done = lane_start(lane, store) && lane_call(lane, store);
	sv_pool_return(lane->data, store);
	marks[1] = clock_read();
	return done;
}

static bool pool_once_in_steps(struct lane *lane, uint64_t *marks)
{
	TRY(subject_wasi_reset(lane->subject, lane->wasi, &lane->error));
	marks[0] = clock_read();
	struct sv_store *store = lane_lease(lane);
	if (!store)
		return false;
	marks[1] = clock_read();
	bool done = lane_start(lane, store);
	marks[2] = clock_read();
	done = done && lane_call(lane, store);
	marks[3] = clock_read();
	sv_pool_return(lane->data, store);
	marks[4] = clock_read();
	return done;
}

/* What an embedder does that makes its stores itself. */
static bool store_once(struct lane *lane, uint64_t *marks)
{
	const struct subject *subject = lane->subject;
	TRY(subject_wasi_reset(subject, lane->wasi, &lane->error));
	marks[0] = clock_read();
	struct sv_store *store = sv_store_new(subject->engine, &subject->limits, &lane->error);
	if (!store)
		return false;
	sv_store_set_data(store, lane->wasi);
	struct sv_instance *instance = subject_instantiate(store, subject->artifact,
			subject->linker, &lane->error);
	bool done = instance && subject_initialize(subject, store, instance, &lane->error) &&
			subject_call(subject, store, instance, lane->values, &lane->error);
	sv_store_free(store);
	marks[1] = clock_read();
	return done;
}

/* A new store takes a hundred times as long as a lease: so many fewer, but enough for p99.9. */
static uint64_t store_count(uint64_t count)
{
	const uint64_t enough = 1000;
	uint64_t part = count / 100;
	return count < enough ? count : part < enough ? enough : part;
}

static bool measure_threads(struct bench *bench, struct sv_pool *pool, unsigned threads,
		struct sv_error *error)
{
	uint64_t count = bench_count(bench, threads);
	const struct work whole = {.names = {"lease, start, call, return"},
			.steps = 1,
			.once = pool_once,
			.data = pool};
	const struct work steps = {.names = {"  lease", "  start", "  call", "  return"},
			.steps = 4,
			.once = pool_once_in_steps,
			.data = pool};
	const struct work scratch = {.names = {"new store and instance, call, free"},
			.steps = 1,
			.once = store_once};
	return lanes_measure(bench, &whole, threads, count, error) &&
			lanes_measure(bench, &steps, threads, count, error) &&
			lanes_measure(bench, &scratch, threads, store_count(count), error);
}

bool bench_instantiate(struct bench *bench, struct sv_error *error)
{
	const struct subject *subject = bench->subject;
	unsigned most = 0;
	for (size_t i = 0; i < bench->lane_count; i++)
		most = bench->lanes[i] > most ? bench->lanes[i] : most;
	struct sv_pool *pool = sv_pool_new(subject->engine, subject->artifact, subject->linker,
			&subject->limits, most, error);
	bool done = pool != NULL;
	for (size_t i = 0; done && i < bench->lane_count; i++)
		done = measure_threads(bench, pool, bench->lanes[i], error);
	sv_pool_free(pool);
	return done;
}
