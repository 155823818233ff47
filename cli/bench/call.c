/*
 * call.c: what a call costs that finds everything in place.
 */
#include <string.h>

#include "cli/bench/clock.h"
#include "cli/bench/lanes.h"

/* Calls shorter than reading the clock are measured so many at a time too. */
#define CALL_BATCH 1000
#define CALL_SHORT 10000 /* nanoseconds */

static bool warm_enter(struct lane *lane)
{
	const struct subject *subject = lane->subject;
	lane->store = sv_store_new(subject->engine, &subject->limits, &lane->error);
	if (!lane->store)
		return false;
	sv_store_set_data(lane->store, lane->wasi);
	lane->instance = subject_instantiate(
			lane->store, subject->artifact, subject->linker, &lane->error);
	return lane->instance &&
			subject_initialize(subject, lane->store, lane->instance, &lane->error);
}

static void warm_leave(struct lane *lane)
{
	sv_store_free(lane->store);
}

static bool warm_call(struct lane *lane, struct sv_funcref *function)
{
	const struct subject *subject = lane->subject;
	memcpy(lane->values, subject->values, subject->value_count * sizeof *lane->values);
	enum sv_outcome outcome =
			sv_call(lane->store, function, NULL, lane->values, &lane->error);
	return subject_ended(lane->store, outcome, &lane->error);
}

static bool call_once(struct lane *lane, uint64_t *marks)
{
	struct sv_funcref *function = sv_instance_function(lane->instance, lane->subject->export);
	TRY(subject_wasi_reset(lane->subject, lane->wasi, &lane->error));
	marks[0] = clock_read();
	bool done = warm_call(lane, function);
	marks[1] = clock_read();
	return done;
}

static bool call_batch(struct lane *lane, uint64_t *marks)
{
	struct sv_funcref *function = sv_instance_function(lane->instance, lane->subject->export);
	TRY(subject_wasi_reset(lane->subject, lane->wasi, &lane->error));
	marks[0] = clock_read();
	for (unsigned i = 0; i < CALL_BATCH; i++)
		TRY(warm_call(lane, function));
	marks[1] = clock_read();
	return true;
}

bool bench_call(struct bench *bench, struct sv_error *error)
{
	const struct work single = {.names = {"call"},
			.steps = 1,
			.enter = warm_enter,
			.once = call_once,
			.leave = warm_leave};
	const struct work batch = {.names = {"call, mean of 1000 in a row"},
			.steps = 1,
			.batch = CALL_BATCH,
			.enter = warm_enter,
			.once = call_batch,
			.leave = warm_leave};
	for (size_t i = 0; i < bench->lane_count; i++) {
		unsigned threads = bench->lanes[i];
		uint64_t count = bench_count(bench, threads);
		size_t row = bench->results.count;
		TRY(lanes_measure(bench, &single, threads, count, error));
		if (bench->results.rows[row].median < CALL_SHORT)
			TRY(lanes_measure(bench, &batch, threads, count / CALL_BATCH + 10, error));
	}
	return true;
}
