/*
 * lanes.c: threads that wait for each other, then measure.
 */
#include "cli/bench/lanes.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/processors.h"
#include "cli/bench/clock.h"
#include "host/wasi/wasi.h"

/* All that the threads of one measurement share. */
struct track {
	const struct work *work;
	const struct subject *subject;
	uint64_t count;   /* for each thread */
	uint64_t *times;  /* owned; step by step, in each thread by thread */
	uint64_t stride;  /* samples of one step */
	/* Threads that are ready wait until all are, or one could not be started. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned arrived;
	enum { TRACK_WAIT, TRACK_GO, TRACK_STOP } signal;
};

struct runner {
	struct lane lane;
	struct track *track;
	uint64_t *times; /* the thread's place in the first step's */
	uint64_t start, end;
	unsigned index; /* among the threads */
	pthread_t thread;
	bool done;
};

static bool runner_enter(struct runner *runner)
{
	struct lane *lane = &runner->lane;
	const struct work *work = runner->track->work;
	TRY(sv_thread_enter(lane->subject->engine, &lane->error));
	lane->wasi = subject_wasi_new(lane->subject, &lane->error);
	lane->values = calloc(lane->subject->value_count, sizeof *lane->values);
	if (!lane->values)
		return sv_fail(&lane->error, SV_ERROR_NO_MEMORY, "no memory for arguments");
	TRY(lane->wasi && (!work->enter || work->enter(lane)));
	uint64_t marks[LANE_MAX_STEPS + 1];
	for (uint64_t i = 0; i <= runner->track->count / 10; i++)
		TRY(work->once(lane, marks));
	return true;
}

static bool runner_measure(struct runner *runner)
{
	struct track *track = runner->track;
	const struct work *work = track->work;
	uint64_t marks[LANE_MAX_STEPS + 1];
	runner->start = clock_read();
	for (uint64_t i = 0; i < track->count; i++) {
		TRY(work->once(&runner->lane, marks));
		for (unsigned step = 0; step < work->steps; step++)
			runner->times[step * track->stride + i] = marks[step + 1] - marks[step];
	}
	runner->end = clock_read();
	return true;
}

/* Wait for the others; false if there is nothing to wait for. */
static bool track_arrive(struct track *track)
{
	pthread_mutex_lock(&track->lock);
	track->arrived++;
	pthread_cond_broadcast(&track->changed);
	while (track->signal == TRACK_WAIT)
		pthread_cond_wait(&track->changed, &track->lock);
	bool go = track->signal == TRACK_GO;
	pthread_mutex_unlock(&track->lock);
	return go;
}

/* Let `threads` threads go when all are there; with `stop`, let all that are there end. */
static void track_release(struct track *track, unsigned threads, bool stop)
{
	pthread_mutex_lock(&track->lock);
	while (track->arrived < threads)
		pthread_cond_wait(&track->changed, &track->lock);
	track->signal = stop ? TRACK_STOP : TRACK_GO;
	pthread_cond_broadcast(&track->changed);
	pthread_mutex_unlock(&track->lock);
}

static void *runner_main(void *argument)
{
	struct runner *runner = argument;
	struct lane *lane = &runner->lane;
	/* Else two may begin on one processor and stay there until the next tick of the clock. */
	processors_keep_to(runner->index);
	bool entered = runner_enter(runner);
	bool go = track_arrive(runner->track);
	runner->done = entered && go && runner_measure(runner);
	if (runner->track->work->leave)
		runner->track->work->leave(lane);
	wasi_free(lane->wasi);
	free(lane->values);
	sv_thread_leave(lane->subject->engine);
	return NULL;
}

/* False with `error` if the system has no more threads; none runs afterwards in any case. */
static bool runners_run(struct runner *runners, unsigned threads, struct sv_error *error)
{
	unsigned started = 0;
	while (started < threads &&
			(errno = pthread_create(&runners[started].thread, NULL, runner_main,
					 &runners[started])) == 0)
		started++;
	bool done = started == threads;
	if (!done)
		sv_fail_errno(error, "cannot start thread %u of %u", started + 1, threads);
	track_release(runners->track, started, !done);
	for (unsigned i = 0; i < started; i++)
		pthread_join(runners[i].thread, NULL);
	return done;
}

static bool runners_done(const struct runner *runners, unsigned threads, double *seconds,
		struct sv_error *error)
{
	uint64_t start = UINT64_MAX, end = 0;
	for (unsigned i = 0; i < threads; i++) {
		if (!runners[i].done)
			return sv_fail(error, runners[i].lane.error.code, "%s",
					runners[i].lane.error.text);
		start = runners[i].start < start ? runners[i].start : start;
		end = runners[i].end > end ? runners[i].end : end;
	}
	*seconds = (double)(end - start) / 1e9;
	return true;
}

static bool track_run(struct track *track, unsigned threads, double *seconds,
		struct sv_error *error)
{
	struct runner *runners = calloc(threads, sizeof *runners);
	if (!runners)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for threads");
	for (unsigned i = 0; i < threads; i++)
		runners[i] = (struct runner){
				.lane = {.subject = track->subject,
						.data = track->work->data,
						.error = SV_ERROR_INIT},
				.track = track,
				.index = i,
				.times = track->times + i * track->count,
		};
	pthread_mutex_init(&track->lock, NULL);
	pthread_cond_init(&track->changed, NULL);
	bool done = runners_run(runners, threads, error) &&
			runners_done(runners, threads, seconds, error);
	pthread_cond_destroy(&track->changed);
	pthread_mutex_destroy(&track->lock);
	free(runners);
	return done;
}

static bool track_sum_up(struct bench *bench, const struct track *track, unsigned threads,
		double seconds, struct sv_error *error)
{
	const struct work *work = track->work;
	for (unsigned step = 0; step < work->steps; step++) {
		struct result_row *row = results_add(&bench->results, work->names[step],
				track->times + step * track->stride, track->stride,
				work->batch ? work->batch : 1, error);
		if (!row)
			return false;
		row->threads = threads;
		/* Between the steps of one iteration the clock is read: that is no throughput. */
		row->seconds = work->steps == 1 && !work->batch ? seconds : 0;
	}
	return true;
}

bool lanes_measure(struct bench *bench, const struct work *work, unsigned threads, uint64_t count,
		struct sv_error *error)
{
	struct track track = {.work = work,
			.subject = bench->subject,
			.count = count,
			.stride = threads * count};
	check(work->steps <= LANE_MAX_STEPS && track.stride <= RESULTS_MAX_SAMPLES);
	size_t size = work->steps * track.stride * sizeof *track.times;
	double seconds = 0;
	track.times = malloc(size);
	if (!track.times)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for %" PRIu64 " samples",
				work->steps * track.stride);
	/* Pages that are there already are not faulted in between two samples. */
	memset(track.times, 0, size);
	bool done = track_run(&track, threads, &seconds, error) &&
			track_sum_up(bench, &track, threads, seconds, error);
	free(track.times);
	return done;
}
