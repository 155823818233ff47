/*
 * suspend.c: what it costs that a guest waits in a host function and goes on, and how many can.
 */
#include "cli/bench/clock.h"
#include "cli/bench/density.h"
#include "cli/bench/lanes.h"
#include "runtime/selvage_serve.h"

/* Until it ends: it may wait more than once. */
static bool lane_resume(struct lane *lane, struct sv_store *store, enum sv_outcome outcome)
{
	while (outcome == SV_SUSPENDED)
		outcome = subject_resume(store, &lane->error);
	return subject_ended(store, outcome, &lane->error);
}

static bool suspend_once(struct lane *lane, uint64_t *marks)
{
	const struct subject *subject = lane->subject;
	TRY(subject_wasi_reset(subject, lane->wasi, &lane->error));
	marks[0] = clock_read();
	struct sv_store *store = sv_pool_lease(lane->data, &lane->error);
	if (!store)
		return false;
	sv_store_set_data(store, lane->wasi);
	struct sv_instance *instance = sv_store_instance(store);
	bool done = subject_ended(store, sv_pool_start(store, &lane->error), &lane->error) &&
			subject_initialize(subject, store, instance, &lane->error);
	marks[1] = clock_read();
	enum sv_outcome outcome = done ? subject_begin(subject, store, instance, lane->values,
							   &lane->error)
				       : SV_REFUSED;
	marks[2] = clock_read();
	done = done && lane_resume(lane, store, outcome);
	marks[3] = clock_read();
	sv_pool_return(lane->data, store);
	marks[4] = clock_read();
	return done;
}

static bool measure_one(struct bench *bench, struct sv_error *error)
{
	const struct subject *subject = bench->subject;
	struct sv_pool *pool = sv_pool_new(subject->engine, subject->artifact, subject->linker,
			&subject->limits, 1, error);
	const struct work work = {.names = {"lease, start", "call until it waits",
						  "resume until it ends", "return"},
			.steps = 4,
			.once = suspend_once,
			.data = pool};
	bool done = pool && lanes_measure(bench, &work, 1, bench_count(bench, 1), error);
	sv_pool_free(pool);
	return done;
}

bool bench_suspend(struct bench *bench, struct sv_error *error)
{
	if (!bench->subject->suspensions)
		return sv_fail(error, SV_ERROR_LINK,
				"%s: the call of %s does not come to a function that is missing: "
				"nothing suspends it",
				bench->subject->path, bench->subject->export);
	return measure_one(bench, error) && density_measure(bench, true, error);
}
