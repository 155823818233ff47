/*
 * program.c: how late endless guests are ended, and how long a short guest waits beside one that
 * never ends and has turns.
 *   program ARTIFACT.so TRIALS THREADS
 * Lines: name, threads, trials, over 1 ms, of these with more than 1 ms of CPU time in all,
 * min, p50, p99, p99.9, max (microseconds).
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/selvage_serve.h"

static const uint64_t quantum = 1000000;

static struct sv_engine *engine;
static struct sv_artifact *artifact;
static struct sv_linker *linker;
static uint32_t trials;

struct lane {
	pthread_t thread;
	const char *name;
	uint64_t *samples; /* nanoseconds */
	uint64_t *ran;     /* CPU time that the thread had for each, the time before included */
	uint64_t seed;
};

static void need(bool is_good, const struct sv_error *error, const char *what)
{
	if (is_good)
		return;
	fprintf(stderr, "%s: %s\n", what, error->text);
	exit(1);
}

static uint64_t clock_read(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t clock_now(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

/* The kernel takes what the host took away (steal time) off this one. */
static uint64_t cpu_now(void)
{
	return clock_read(CLOCK_THREAD_CPUTIME_ID);
}

static uint64_t lane_random(struct lane *lane, uint64_t limit)
{
	lane->seed = lane->seed * 6364136223846793005u + 1442695040888963407u;
	return (lane->seed >> 33) % limit;
}

/* Steps of about a nanosecond. */
static enum sv_host_result host_work(struct sv_caller *caller, union sv_value *values)
{
	(void)caller;
	for (volatile int32_t left = values[0].i32; left > 0; left = left - 1)
		;
	values[0].i32 = 0;
	return SV_HOST_OK;
}

static struct sv_store *store_with_instance(struct sv_error *error)
{
	struct sv_store *store = sv_store_new(engine, NULL, error);
	need(store && sv_instance_new(store, artifact, linker, NULL, error), error, "instance");
	return store;
}

static enum sv_outcome run(struct sv_store *store, const char *name, struct sv_error *error)
{
	union sv_value none;
	return sv_call(store, sv_instance_function(sv_store_instance(store), name), ":", &none,
			error);
}

/* Nanoseconds between a deadline and the end of the call. */
static void *lane_stop(void *data)
{
	struct lane *lane = data;
	struct sv_error error = SV_ERROR_INIT;
	need(sv_thread_enter(engine, &error), &error, "thread");
	struct sv_store *store = store_with_instance(&error);
	for (uint32_t i = 0; i < trials; i++) {
		uint64_t began = cpu_now();
		uint64_t deadline = clock_now() + 20000 + lane_random(lane, 200000);
		sv_store_set_deadline(store, deadline);
		need(run(store, lane->name, &error) == SV_TIMED_OUT, &error, lane->name);
		lane->samples[i] = clock_now() - deadline;
		lane->ran[i] = cpu_now() - began;
	}
	sv_store_free(store);
	sv_thread_leave(engine);
	return NULL;
}

/* How late the machine itself is: no guest, no timer, no signal. */
static void *lane_floor(void *data)
{
	struct lane *lane = data;
	for (uint32_t i = 0; i < trials; i++) {
		uint64_t began = cpu_now();
		uint64_t deadline = clock_now() + 20000 + lane_random(lane, 200000), now;
		do {
			now = clock_now();
		} while (now < deadline);
		lane->samples[i] = now - deadline;
		lane->ran[i] = cpu_now() - began;
	}
	return NULL;
}

/* From the arrival of a request, during a turn of the endless guest, to its answer. */
static void *lane_turns(void *data)
{
	struct lane *lane = data;
	struct sv_error error = SV_ERROR_INIT;
	need(sv_thread_enter(engine, &error), &error, "thread");
	struct sv_store *endless = store_with_instance(&error);
	struct sv_store *quick = store_with_instance(&error);
	need(sv_store_set_quantum(endless, quantum, &error) &&
					sv_store_set_quantum(quick, quantum, &error),
			&error, "quantum");
	enum sv_outcome outcome = SV_PREEMPTED;
	need(run(endless, lane->name, &error) == SV_PREEMPTED, &error, lane->name);
	for (uint32_t i = 0; i < trials; i++) {
		uint64_t began = cpu_now();
		uint64_t arrival = clock_now() + lane_random(lane, quantum);
		need(sv_resume(endless, NULL, &error) == SV_PREEMPTED, &error, lane->name);
		outcome = run(quick, "short", &error);
		while (outcome == SV_PREEMPTED)
			outcome = sv_resume(quick, NULL, &error);
		need(outcome == SV_RETURNED, &error, "short");
		uint64_t end = clock_now();
		lane->samples[i] = end > arrival ? end - arrival : 0;
		lane->ran[i] = cpu_now() - began;
	}
	sv_store_free(quick);
	sv_store_free(endless);
	sv_thread_leave(engine);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;
	return (*left > *right) - (*left < *right);
}

static void report(const char *label, unsigned threads, uint64_t *samples, const uint64_t *ran,
		size_t count, uint64_t limit)
{
	size_t over = 0, ran_over = 0;
	for (size_t i = 0; i < count; i++) {
		over += samples[i] > limit;
		ran_over += samples[i] > limit && ran[i] > limit;
	}
	qsort(samples, count, sizeof *samples, compare);
	printf("%s\t%u\t%zu\t%zu\t%zu\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\n", label, threads, count, over,
			ran_over, (double)samples[0] / 1e3, (double)samples[count / 2] / 1e3,
			(double)samples[count * 99 / 100] / 1e3,
			(double)samples[count * 999 / 1000] / 1e3,
			(double)samples[count - 1] / 1e3);
	fflush(stdout);
}

static void measure(const char *label, const char *name, void *(*lane_run)(void *),
		unsigned threads, uint64_t limit)
{
	struct lane lanes[8];
	size_t count = (size_t)threads * trials;
	uint64_t *samples = calloc(count, sizeof *samples), *ran = calloc(count, sizeof *ran);
	for (unsigned i = 0; i < threads; i++) {
		lanes[i] = (struct lane){.name = name,
				.samples = samples + (size_t)i * trials,
				.ran = ran + (size_t)i * trials,
				.seed = i + 1};
		pthread_create(&lanes[i].thread, NULL, lane_run, &lanes[i]);
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(lanes[i].thread, NULL);
	report(label, threads, samples, ran, count, limit);
	free(samples);
	free(ran);
}

int main(int argc, char **argv)
{
	struct sv_error error = SV_ERROR_INIT;
	unsigned threads = argc == 4 ? (unsigned)atoi(argv[3]) : 0;
	if (threads < 1 || threads > 8) {
		fprintf(stderr, "usage: %s ARTIFACT.so TRIALS THREADS\n", argv[0]);
		return 2;
	}
	trials = (uint32_t)atoi(argv[2]) / threads;
	engine = sv_engine_new(NULL, &error);
	need(engine && sv_thread_enter(engine, &error), &error, "engine");
	artifact = sv_artifact_load(engine, argv[1], &error);
	linker = artifact ? sv_linker_new(engine, &error) : NULL;
	need(linker &&
					sv_linker_define_function(linker, "host", "work", "i:i",
							host_work, NULL, &error),
			&error, argv[1]);
	measure("floor: a native loop that reads the clock", "", lane_floor, threads, 1000000);
	measure("stop: a loop", "loop", lane_stop, threads, 1000000);
	measure("stop: a loop of host calls", "calls", lane_stop, threads, 1000000);
	measure("stop: loops and host calls", "mixed", lane_stop, threads, 1000000);
	measure("stop: memory.fill of 4 MiB", "fills", lane_stop, threads, 1000000);
	trials /= 20;
	measure("turn: beside a loop", "loop", lane_turns, threads, 2 * quantum);
	measure("turn: beside loops and host calls", "mixed", lane_turns, threads, 2 * quantum);
	sv_linker_free(linker);
	sv_artifact_free(artifact);
	sv_thread_leave(engine);
	sv_engine_free(engine);
	return 0;
}
