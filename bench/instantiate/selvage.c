/*
 * selvage.c: time to get a fresh instance, call it and be rid of it, through libselvage.
 *   selvage ARTIFACT.so COUNT PAGES
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/instantiate/timing.h"
#include "runtime/selvage.h"

struct bench {
	struct sv_engine *engine;
	struct sv_artifact *artifact;
	struct sv_linker *linker;
	struct sv_pool *pool;
	int32_t pages;
	struct sv_error error;
};

static bool failed(struct bench *bench, const char *what)
{
	fprintf(stderr, "%s: %s\n", what, bench->error.text);
	return false;
}

static bool touch(struct bench *bench, struct sv_store *store, struct sv_instance *instance)
{
	union sv_value value = {.i32 = bench->pages};
	struct sv_funcref *function = sv_instance_function(instance, "touch");

	if (sv_call(store, function, "i:i", &value, &bench->error) != SV_RETURNED)
		return failed(bench, "call");
	return true;
}

/* What a server does for a request. */
static bool from_pool(void *data)
{
	struct bench *bench = data;
	struct sv_store *store = sv_pool_lease(bench->pool, &bench->error);
	bool done;

	if (!store)
		return failed(bench, "lease");
	done = sv_pool_start(store, &bench->error) == SV_RETURNED;
	done = done && touch(bench, store, sv_store_instance(store));
	sv_pool_return(bench->pool, store);
	return done;
}

/* What an embedder does that makes its stores itself. */
static bool from_scratch(void *data)
{
	struct bench *bench = data;
	struct sv_store *store = sv_store_new(bench->engine, NULL, &bench->error);
	struct sv_instance *instance;
	bool done = false;

	if (!store)
		return failed(bench, "store");
	instance = sv_instance_new(store, bench->artifact, bench->linker, NULL, &bench->error);
	done = instance ? touch(bench, store, instance) : failed(bench, "instance");
	sv_store_free(store);
	return done;
}

static bool bench_init(struct bench *bench, const char *path)
{
	bench->engine = sv_engine_new(NULL, &bench->error);
	if (!bench->engine || !sv_thread_enter(bench->engine, &bench->error))
		return failed(bench, "engine");
	bench->artifact = sv_artifact_load(bench->engine, path, &bench->error);
	bench->linker = sv_linker_new(bench->engine, &bench->error);
	if (!bench->artifact || !bench->linker)
		return failed(bench, path);
	bench->pool = sv_pool_new(bench->engine, bench->artifact, bench->linker, NULL, 4,
			&bench->error);
	return bench->pool || failed(bench, "pool");
}

static void bench_finish(struct bench *bench)
{
	sv_pool_free(bench->pool);
	sv_linker_free(bench->linker);
	sv_artifact_free(bench->artifact);
	sv_thread_leave(bench->engine);
	sv_engine_free(bench->engine);
}

int main(int argc, char **argv)
{
	struct bench bench = {.error = SV_ERROR_INIT};
	unsigned count;
	bool done;

	if (argc != 4) {
		fprintf(stderr, "usage: %s ARTIFACT.so COUNT PAGES\n", argv[0]);
		return 2;
	}
	count = (unsigned)atoi(argv[2]);
	bench.pages = atoi(argv[3]);
	if (!bench_init(&bench, argv[1]))
		return 1;
	done = timing_print("selvage: lease, call, return", count, from_pool, &bench) &&
			timing_print("selvage: new store and instance, call, free", count,
					from_scratch, &bench);
	bench_finish(&bench);
	return !done;
}
