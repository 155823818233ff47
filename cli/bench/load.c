/*
 * load.c: from an artifact's file to the first result, in this process and in new ones: from the
 * call of sv_artifact_load to the end of the first call in the first instance. Nothing is kept
 * between two loads but the engine; the file has been read before and comes from the page cache.
 */
#include <stdlib.h>

#include "cli/bench/clock.h"
#include "cli/bench/lanes.h"
#include "cli/bench/launch.h"
#include "cli/module_open.h"

/* How often, unless --count says; a process takes milliseconds. */
#define LOAD_COUNT 200
#define LAUNCH_COUNT 50

/* What one load makes. */
struct loaded {
	struct sv_artifact *artifact;
	struct stub_imports stubs;
	struct sv_linker *linker;
	struct sv_store *store;
	struct sv_instance *instance;
};

/* What is done one after the other; each step is false with the lane's error on failure. */
typedef bool (*load_step)(struct loaded *loaded, struct lane *lane);

static bool loaded_load(struct loaded *loaded, struct lane *lane)
{
	loaded->artifact = sv_artifact_load(
			lane->subject->engine, lane->subject->path, &lane->error);
	return loaded->artifact;
}

static bool loaded_link(struct loaded *loaded, struct lane *lane)
{
	struct subject *subject = lane->data;
	loaded->linker = subject_link(subject, subject->engine, loaded->artifact, &loaded->stubs,
			&lane->error);
	return loaded->linker;
}

static bool loaded_make_store(struct loaded *loaded, struct lane *lane)
{
	loaded->store = sv_store_new(
			lane->subject->engine, &lane->subject->limits, &lane->error);
	if (!loaded->store)
		return false;
	sv_store_set_data(loaded->store, lane->wasi);
	return true;
}

static bool loaded_instantiate(struct loaded *loaded, struct lane *lane)
{
	loaded->instance = subject_instantiate(
			loaded->store, loaded->artifact, loaded->linker, &lane->error);
	return loaded->instance;
}

static bool loaded_call(struct loaded *loaded, struct lane *lane)
{
	return subject_initialize(lane->subject, loaded->store, loaded->instance, &lane->error) &&
			subject_call(lane->subject, loaded->store, loaded->instance, lane->values,
					&lane->error);
}

static bool loaded_release(struct loaded *loaded, struct lane *lane)
{
	(void)lane;
	sv_store_free(loaded->store);
	sv_linker_free(loaded->linker);
	stub_imports_finish(&loaded->stubs);
	sv_artifact_free(loaded->artifact);
	*loaded = (struct loaded){0};
	return true;
}

/* The last step is no part of the way to the result. */
static const load_step load_steps[] = {loaded_load, loaded_link, loaded_make_store,
		loaded_instantiate, loaded_call, loaded_release};

static bool load_in_steps(struct lane *lane, uint64_t *marks)
{
	struct loaded loaded = {0};
	bool done = subject_wasi_reset(lane->subject, lane->wasi, &lane->error);
	marks[0] = clock_read();
	for (size_t i = 0; i < ARRAY_LENGTH(load_steps) && done; i++) {
		done = load_steps[i](&loaded, lane);
		marks[i + 1] = clock_read();
	}
	return loaded_release(&loaded, lane) && done;
}

static bool load_once(struct lane *lane, uint64_t *marks)
{
	struct loaded loaded = {0};
	bool done = subject_wasi_reset(lane->subject, lane->wasi, &lane->error);
	marks[0] = clock_read();
	for (size_t i = 0; i + 1 < ARRAY_LENGTH(load_steps) && done; i++)
		done = load_steps[i](&loaded, lane);
	marks[1] = clock_read();
	return loaded_release(&loaded, lane) && done;
}

static bool load_here(struct bench *bench, uint64_t count, struct sv_error *error)
{
	const struct work whole = {.names = {"file to first result"},
			.steps = 1,
			.once = load_once,
			.data = bench->subject};
	const struct work steps = {.names = {"  load the artifact", "  link", "  make a store",
						   "  instantiate", "  call", "  release"},
			.steps = ARRAY_LENGTH(load_steps),
			.once = load_in_steps,
			.data = bench->subject};
	size_t row = bench->results.count;
	TRY(lanes_measure(bench, &whole, 1, count, error));
	/* What is released between two loads would count: there is no throughput to tell. */
	bench->results.rows[row].seconds = 0;
	return lanes_measure(bench, &steps, 1, count, error);
}

static bool load_processes(struct bench *bench, uint64_t *times, uint64_t count,
		struct sv_error *error)
{
	for (uint64_t i = 0; i < count; i++)
		TRY(launch_run(bench->subject, &times[i], error));
	return results_add(&bench->results, "selvage run: exec to exit", times, count, 1, error);
}

static bool load_servers(struct bench *bench, uint64_t *times, uint64_t count,
		struct sv_error *error)
{
	uint64_t *answers = times + count;
	for (uint64_t i = 0; i < count; i++)
		TRY(launch_serve(bench->subject, &times[i], &answers[i], error));
	return results_add(&bench->results, "selvage serve: exec to listening", times, count, 1,
			       error) &&
			results_add(&bench->results, "selvage serve: exec to first answer", answers,
					count, 1, error);
}

bool bench_load(struct bench *bench, struct sv_error *error)
{
	const struct bench_options *options = bench->options;
	if (!module_is_artifact(bench->subject->path))
		return sv_fail(error, SV_ERROR_USAGE,
				"%s is not an artifact: compile it first (selvage compile)",
				bench->subject->path);
	TRY(load_here(bench, options->count ? options->count : LOAD_COUNT, error));
	uint64_t count = options->count ? options->count : LAUNCH_COUNT;
	uint64_t *times = calloc(2 * count, sizeof *times);
	if (!times)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for samples");
	bool done = (!options->process || load_processes(bench, times, count, error)) &&
			(!options->serve || load_servers(bench, times, count, error));
	free(times);
	return done;
}
