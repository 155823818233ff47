/*
 * program.c: how late endless guests are ended, and how long a short guest waits beside one that
 * never ends and has turns.
 *   program ARTIFACT.so TRIALS THREADS
 * Lines: name, threads, trials, over 1 ms, of these whose thread lost the processor to another,
 * of these with more than 1 ms of CPU time in all, min, p50, p99, p99.9, max (microseconds).
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "runtime/selvage_serve.h"

static const uint64_t quantum = 1000000;

enum { THREADS_MOST = 8 };

static struct sv_engine *engine;
static struct sv_artifact *artifact;
static struct sv_linker *linker;
static uint32_t trials;

/* Of one trial. */
struct sample {
	uint64_t late;  /* nanoseconds */
	uint64_t ran;   /* CPU time that the thread had, the time before included */
	long switches;  /* how often it did not have the processor */
};

struct lane {
	pthread_t thread;
	const char *name;
	struct sample *samples;
	size_t stride; /* from one kind to the next */
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

static long switches_now(void)
{
	struct rusage usage;
	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw + usage.ru_nvcsw;
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

/* What a thread tries things with. */
struct tools {
	struct sv_store *store;
	struct sv_error error;
	timer_t timer; /* sends alarm_signal to the thread */
};

/* One trial: nanoseconds between a deadline and the end of what it ends. */
typedef uint64_t (*trial)(struct tools *tools, const char *name, uint64_t deadline);

static uint64_t trial_stop(struct tools *tools, const char *name, uint64_t deadline)
{
	sv_store_set_deadline(tools->store, deadline);
	need(run(tools->store, name, &tools->error) == SV_TIMED_OUT, &tools->error, name);
	return clock_now() - deadline;
}

/* How late the machine itself is: no guest, no timer, no signal. */
static uint64_t trial_floor(struct tools *tools, const char *name, uint64_t deadline)
{
	(void)tools;
	(void)name;
	uint64_t now;
	do {
		now = clock_now();
	} while (now < deadline);
	return now - deadline;
}

static const int alarm_signal = SIGUSR1;
static __thread volatile sig_atomic_t is_alarmed;

static void alarm_handler(int signal)
{
	(void)signal;
	is_alarmed = 1;
}

/* How late the machine's timers and signals are: a native loop whose handler sets a flag. */
static uint64_t trial_alarm(struct tools *tools, const char *name, uint64_t deadline)
{
	(void)name;
	struct itimerspec setting = {.it_value = {(time_t)(deadline / 1000000000),
						     (long)(deadline % 1000000000)}};
	is_alarmed = 0;
	timer_settime(tools->timer, TIMER_ABSTIME, &setting, NULL);
	while (!is_alarmed)
		;
	return clock_now() - deadline;
}

static const struct {
	const char *label, *name;
	trial run;
} kinds[] = {
		{"floor: a native loop that reads the clock", "", trial_floor},
		{"floor: a native loop that a timer's signal ends", "", trial_alarm},
		{"stop: a loop", "loop", trial_stop},
		{"stop: a loop of host calls", "calls", trial_stop},
		{"stop: loops and host calls", "mixed", trial_stop},
		{"stop: memory.fill of 4 MiB", "fills", trial_stop},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static void alarm_init(struct tools *tools)
{
	struct sigaction action = {.sa_handler = alarm_handler, .sa_flags = SA_RESTART};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = alarm_signal};
	event._sigev_un._tid = gettid();
	if (sigaction(alarm_signal, &action, NULL) != 0 ||
			timer_create(CLOCK_MONOTONIC, &event, &tools->timer) != 0) {
		perror("timer");
		exit(1);
	}
}

static void sample_end(struct sample *sample)
{
	sample->ran = cpu_now() - sample->ran;
	sample->switches = switches_now() - sample->switches;
}

/* The kinds take turns, so that each has its share of what the machine does meanwhile. */
static void *lane_stops(void *data)
{
	enum { turn = 20 };
	struct tools tools = {.error = SV_ERROR_INIT};
	struct lane *lane = data;
	need(sv_thread_enter(engine, &tools.error), &tools.error, "thread");
	tools.store = store_with_instance(&tools.error);
	alarm_init(&tools);
	for (uint32_t first = 0; first < trials; first += turn) {
		for (size_t kind = 0; kind < KINDS; kind++) {
			for (uint32_t i = first; i < first + turn && i < trials; i++) {
				struct sample *sample = &lane->samples[kind * lane->stride + i];
				*sample = (struct sample){
						.ran = cpu_now(), .switches = switches_now()};
				uint64_t deadline = clock_now() + 20000 + lane_random(lane, 200000);
				sample->late = kinds[kind].run(&tools, kinds[kind].name, deadline);
				sample_end(sample);
			}
		}
	}
	timer_delete(tools.timer);
	sv_store_free(tools.store);
	sv_thread_leave(engine);
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
		struct sample *sample = &lane->samples[i];
		*sample = (struct sample){.ran = cpu_now(), .switches = switches_now()};
		uint64_t arrival = clock_now() + lane_random(lane, quantum);
		need(sv_resume(endless, NULL, &error) == SV_PREEMPTED, &error, lane->name);
		outcome = run(quick, "short", &error);
		while (outcome == SV_PREEMPTED)
			outcome = sv_resume(quick, NULL, &error);
		need(outcome == SV_RETURNED, &error, "short");
		uint64_t end = clock_now();
		sample->late = end > arrival ? end - arrival : 0;
		sample_end(sample);
	}
	sv_store_free(quick);
	sv_store_free(endless);
	sv_thread_leave(engine);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	const struct sample *left = a, *right = b;
	return (left->late > right->late) - (left->late < right->late);
}

static double microseconds(const struct sample *sample)
{
	return (double)sample->late / 1e3;
}

static void report(const char *label, unsigned threads, struct sample *samples, size_t count,
		uint64_t limit)
{
	size_t over = 0, switched = 0, ran = 0;
	for (size_t i = 0; i < count; i++) {
		if (samples[i].late <= limit)
			continue;
		over++;
		switched += samples[i].switches > 0;
		ran += samples[i].ran > limit;
	}
	qsort(samples, count, sizeof *samples, compare);
	printf("%s\t%u\t%zu\t%zu\t%zu\t%zu\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\n", label, threads, count,
			over, switched, ran, microseconds(samples),
			microseconds(samples + count / 2), microseconds(samples + count * 99 / 100),
			microseconds(samples + count * 999 / 1000),
			microseconds(samples + count - 1));
	fflush(stdout);
}

/* Each thread has its part of each kind's samples. */
static void lanes_run(void *(*lane_run)(void *), const char *name, unsigned threads,
		struct sample *samples)
{
	struct lane lanes[THREADS_MOST];
	size_t stride = (size_t)threads * trials;
	for (unsigned i = 0; i < threads; i++) {
		lanes[i] = (struct lane){.name = name,
				.samples = samples + (size_t)i * trials,
				.stride = stride,
				.seed = i + 1};
		if (pthread_create(&lanes[i].thread, NULL, lane_run, &lanes[i]) != 0) {
			perror("thread");
			exit(1);
		}
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(lanes[i].thread, NULL);
}

static struct sample *samples_new(size_t count)
{
	struct sample *samples = malloc(count * sizeof *samples);
	if (!samples) {
		perror("samples");
		exit(1);
	}
	/* Pages that are there already are not faulted in during a trial. */
	memset(samples, 1, count * sizeof *samples);
	return samples;
}

static void measure_stops(unsigned threads)
{
	size_t count = (size_t)threads * trials;
	struct sample *samples = samples_new(KINDS * count);
	lanes_run(lane_stops, "", threads, samples);
	for (size_t kind = 0; kind < KINDS; kind++)
		report(kinds[kind].label, threads, samples + kind * count, count, 1000000);
	free(samples);
}

static void measure_turns(const char *label, const char *name, unsigned threads)
{
	size_t count = (size_t)threads * trials;
	struct sample *samples = samples_new(count);
	lanes_run(lane_turns, name, threads, samples);
	report(label, threads, samples, count, 2 * quantum);
	free(samples);
}

int main(int argc, char **argv)
{
	struct sv_error error = SV_ERROR_INIT;
	unsigned threads = argc == 4 ? (unsigned)atoi(argv[3]) : 0;
	if (threads < 1 || threads > THREADS_MOST) {
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
	measure_stops(threads);
	trials = trials / 20 ? trials / 20 : 1;
	measure_turns("turn: beside a loop", "loop", threads);
	measure_turns("turn: beside loops and host calls", "mixed", threads);
	sv_linker_free(linker);
	sv_artifact_free(artifact);
	sv_thread_leave(engine);
	sv_engine_free(engine);
	return 0;
}
