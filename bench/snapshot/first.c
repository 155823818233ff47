/*
 * first.c: time to the first result of an artifact, from its file and from a pool.
 *   first ARTIFACT.so COUNT
 * Calls wizer.initialize, if it is there, then find(7). There are no variables, and WASI answers
 * every other call with "no such descriptor": all that a database in memory needs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/timing.h"
#include "runtime/selvage_serve.h"

struct bench {
	struct sv_engine *engine;
	const char *path;
	struct sv_artifact *artifact;
	struct sv_linker *linker;
	struct sv_pool *pool;
	struct sv_error error;
};

static bool failed(struct bench *bench, const char *what)
{
	fprintf(stderr, "%s: %s\n", what, bench->error.text);
	return false;
}

static enum sv_host_result no_descriptor(struct sv_caller *caller, union sv_value *values)
{
	(void)caller;
	values[0].i32 = 8;
	return SV_HOST_OK;
}

static enum sv_host_result no_variables(struct sv_caller *caller, union sv_value *values)
{
	for (int i = 0; i < 2; i++) {
		void *size = sv_caller_range(caller, (uint32_t)values[i].i32, 4);

		if (size)
			memset(size, 0, 4);
	}
	values[0].i32 = 0;
	return SV_HOST_OK;
}

static bool first_result(struct bench *bench, struct sv_store *store, struct sv_instance *instance)
{
	union sv_value value;
	struct sv_funcref *initialise = sv_instance_function(instance, "wizer.initialize");

	if (initialise && sv_call(store, initialise, ":", &value, &bench->error) != SV_RETURNED)
		return failed(bench, "initialise");
	value.i32 = 7;
	if (sv_call(store, sv_instance_function(instance, "find"), "i:i", &value, &bench->error) !=
			SV_RETURNED)
		return failed(bench, "find");
	return value.i32 == 7217 || failed(bench, "another result");
}

static bool bench_link(struct bench *bench)
{
	bench->artifact = sv_artifact_load(bench->engine, bench->path, &bench->error);
	bench->linker = sv_linker_new(bench->engine, &bench->error);
	if (!bench->artifact || !bench->linker)
		return failed(bench, bench->path);
	for (uint32_t i = 0; i < sv_artifact_import_count(bench->artifact); i++) {
		if (!sv_linker_define_import_function(bench->linker, bench->artifact, i,
				    no_descriptor, NULL, &bench->error))
			return failed(bench, "link");
	}
	return sv_linker_define_function(bench->linker, "wasi_snapshot_preview1",
			       "environ_sizes_get", "ii:i", no_variables, NULL, &bench->error) ||
			failed(bench, "link");
}

static void bench_unlink(struct bench *bench)
{
	sv_linker_free(bench->linker);
	sv_artifact_free(bench->artifact);
}

/* What a program does that is started for one question. */
static bool from_file(void *data)
{
	struct bench *bench = data;
	struct sv_store *store = NULL;
	struct sv_instance *instance = NULL;
	bool done = bench_link(bench);

	if (done)
		store = sv_store_new(bench->engine, NULL, &bench->error);
	if (store)
		instance = sv_instance_new(store, bench->artifact, bench->linker, NULL,
				&bench->error);
	done = instance ? first_result(bench, store, instance) : failed(bench, "instance");
	sv_store_free(store);
	bench_unlink(bench);
	return done;
}

/* What a server does for a request. */
static bool from_pool(void *data)
{
	struct bench *bench = data;
	struct sv_store *store = sv_pool_lease(bench->pool, &bench->error);
	bool done;

	if (!store)
		return failed(bench, "lease");
	done = sv_pool_start(store, &bench->error) == SV_RETURNED &&
			first_result(bench, store, sv_store_instance(store));
	sv_pool_return(bench->pool, store);
	return done;
}

int main(int argc, char **argv)
{
	struct bench bench = {.path = argv[1], .error = SV_ERROR_INIT};
	unsigned count;
	bool done;

	if (argc != 3) {
		fprintf(stderr, "usage: %s ARTIFACT.so COUNT\n", argv[0]);
		return 2;
	}
	count = (unsigned)atoi(argv[2]);
	bench.engine = sv_engine_new(NULL, &bench.error);
	if (!bench.engine || !sv_thread_enter(bench.engine, &bench.error))
		return !failed(&bench, "engine");
	done = timing_print("load, instantiate, first result, free", count, from_file, &bench) &&
			bench_link(&bench);
	if (done)
		bench.pool = sv_pool_new(bench.engine, bench.artifact, bench.linker, NULL, 4,
				&bench.error);
	done = done && bench.pool &&
			timing_print("lease, first result, return", count, from_pool, &bench);
	sv_pool_free(bench.pool);
	bench_unlink(&bench);
	sv_thread_leave(bench.engine);
	sv_engine_free(bench.engine);
	return !done;
}
