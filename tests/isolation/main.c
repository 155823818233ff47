/*
 * main.c: leases on several threads, and one that interrupts them.
 *
 *   program [--seed=N] [--leases=N] [--tenants=N] [--threads=N] [--scan]
 *
 * --scan has the pools look through every store that is returned, too. The same seed makes the
 * same modules and, with one thread, the same leases but for when endless loops are ended.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/engine.h"
#include "tests/isolation/isolation.h"

enum { THREADS_MOST = 16, TENANTS_MOST = 256 };

struct options {
	uint64_t seed, leases, tenants, threads, scan;
};

static struct tenant tenants[TENANTS_MOST];
static struct worker workers[THREADS_MOST];
static _Atomic bool is_over;

/* ---- what guests may call ---- */

/* The result is noted where the store's data points: sv_resume has to give it. */
static enum sv_host_result host_wait(struct sv_caller *caller, union sv_value *values)
{
	union sv_value *given = sv_store_data(sv_caller_store(caller));
	*given = values[0];
	return SV_HOST_SUSPEND;
}

static enum sv_host_result host_write(struct sv_caller *caller, union sv_value *values)
{
	uint64_t canary = (uint64_t)values[0].i64, size = 12000;
	uint8_t *bytes = sv_caller_range(caller, canary & 32767, size);
	for (uint64_t at = 0; bytes && at < size; at += sizeof canary)
		memcpy(bytes + at, &canary, sizeof canary);
	return bytes ? SV_HOST_OK : SV_HOST_TRAP;
}

static enum sv_host_result host_exit(struct sv_caller *caller, union sv_value *values)
{
	(void)values;
	sv_caller_set_exit(caller, 7);
	return SV_HOST_EXIT;
}

static struct sv_linker *linker_of_hosts(struct sv_engine *engine, struct sv_error *error)
{
	struct sv_linker *linker = sv_linker_new(engine, error);
	if (linker &&
			sv_linker_define_function(linker, "host", "wait", "I:I", host_wait, NULL,
					error) &&
			sv_linker_define_function(linker, "host", "write", "I:", host_write, NULL,
					error) &&
			sv_linker_define_function(linker, "host", "exit", ":", host_exit, NULL,
					error))
		return linker;
	sv_linker_free(linker);
	return NULL;
}

/* ---- threads ---- */

static void *worker_run(void *data)
{
	struct worker *worker = data;
	struct sv_error error = SV_ERROR_INIT;
	worker->is_wrong = !sv_thread_enter(worker->engine, &error);
	while (!worker->is_wrong && worker->tally.leases < worker->leases)
		worker->is_wrong = !lease_run(worker);
	sv_thread_leave(worker->engine);
	return NULL;
}

static void *interrupter_run(void *data)
{
	const struct options *options = data;
	const struct timespec pause = {.tv_nsec = 100000};
	while (!atomic_load(&is_over)) {
		for (uint64_t i = 0; i < options->threads; i++) {
			pthread_mutex_lock(&workers[i].lock);
			if (workers[i].victim)
				sv_store_interrupt(workers[i].victim);
			pthread_mutex_unlock(&workers[i].lock);
		}
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static bool workers_run(struct sv_engine *engine, const struct options *options)
{
	bool is_good = true;
	pthread_t interrupter;
	for (uint64_t i = 0; i < options->threads; i++) {
		workers[i] = (struct worker){.engine = engine,
				.tenants = tenants,
				.tenant_count = (uint32_t)options->tenants,
				.leases = options->leases / options->threads,
				.random = random_of(options->seed, 1000000 + i)};
		pthread_mutex_init(&workers[i].lock, NULL);
	}
	pthread_create(&interrupter, NULL, interrupter_run, (void *)(uintptr_t)options);
	for (uint64_t i = 0; i < options->threads; i++)
		pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]);
	for (uint64_t i = 0; i < options->threads; i++) {
		pthread_join(workers[i].thread, NULL);
		is_good = is_good && !workers[i].is_wrong;
	}
	atomic_store(&is_over, true);
	pthread_join(interrupter, NULL);
	return is_good;
}

/* ---- the whole ---- */

static void tally_print(const struct options *options)
{
	static const char *const outcomes[] = {"returned", "trapped", "exited", "timed out",
			"refused", "suspended", "preempted"};
	struct tally sum = {0};
	for (uint64_t i = 0; i < options->threads; i++) {
		const struct tally *tally = &workers[i].tally;
		sum.leases += tally->leases;
		sum.fresh_stores += tally->fresh_stores;
		sum.released += tally->released;
		sum.full_scans += tally->full_scans;
		sum.stale_stacks += tally->stale_stacks;
		sum.object_scans += tally->object_scans;
		for (int k = 0; k <= SV_PREEMPTED; k++)
			sum.outcomes[k] += tally->outcomes[k];
	}
	printf("%" PRIu64 " leases of %" PRIu64 " tenants in %" PRIu64 " stores, %" PRIu64
	       " of them released dirty; %" PRIu64 " times the guest looked too, %" PRIu64
	       " times at objects; %" PRIu64
	       " stacks had remains of the same pool's guests\nended:",
			sum.leases, options->tenants, sum.fresh_stores, sum.released,
			sum.full_scans, sum.object_scans, sum.stale_stacks);
	for (int k = 0; k <= SV_PREEMPTED; k++) {
		if (sum.outcomes[k])
			printf(" %" PRIu64 " %s", sum.outcomes[k], outcomes[k]);
	}
	printf("\n");
}

/* Nothing may be counted as in use when all pools are gone. */
static bool nothing_is_left(const struct sv_engine *engine)
{
	if (!engine->mappings && !engine->slots && !engine->tenants)
		return true;
	printf("left: %ju mappings, %ju slots, %ju stores and artifacts\n",
			(uintmax_t)engine->mappings, (uintmax_t)engine->slots,
			(uintmax_t)engine->tenants);
	return false;
}

static bool run(const struct options *options)
{
	struct sv_error error = SV_ERROR_INIT;
	struct sv_engine_config config;
	sv_engine_config_init(&config);
	config.guest_stack_size = 128 * 1024;
	config.hardened_scan = options->scan != 0;
	struct sv_engine *engine = sv_engine_new(&config, &error);
	struct sv_linker *linker = engine && sv_thread_enter(engine, &error)
			? linker_of_hosts(engine, &error)
			: NULL;
	bool is_good = linker != NULL;
	for (uint64_t i = 0; is_good && i < options->tenants; i++) {
		struct random random = random_of(options->seed, i);
		is_good = tenant_init(&tenants[i], (uint32_t)i, engine, linker, &random);
	}
	if (!is_good) {
		printf("cannot begin: %s\n", error.text);
		return false;
	}
	is_good = workers_run(engine, options);
	tally_print(options);
	for (uint64_t i = 0; i < options->tenants; i++)
		tenant_finish(&tenants[i]);
	sv_linker_free(linker);
	is_good = nothing_is_left(engine) && is_good;
	sv_engine_free(engine);
	return is_good;
}

static bool option_read(const char *text, const char *name, uint64_t most, uint64_t *value)
{
	size_t length = strlen(name);
	if (strncmp(text, name, length) != 0)
		return false;
	*value = text[length] == '=' ? strtoull(text + length + 1, NULL, 0) : 1;
	return *value > 0 && *value <= most;
}

int main(int argc, char **argv)
{
	struct options options = {.seed = 1, .leases = 20000, .tenants = 10, .threads = 2};
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		if (!option_read(argv[i], "--seed", UINT64_MAX, &options.seed) &&
				!option_read(argv[i], "--leases", UINT64_MAX, &options.leases) &&
				!option_read(argv[i], "--tenants", TENANTS_MOST,
						&options.tenants) &&
				!option_read(argv[i], "--threads", THREADS_MOST,
						&options.threads) &&
				!option_read(argv[i], "--scan", 1, &options.scan)) {
			fprintf(stderr,
					"usage: program [--seed=N] [--leases=N] [--tenants=N] "
					"[--threads=N] [--scan]\n");
			return 2;
		}
	}
	bool is_good = run(&options);
	printf("%d passed, %d failed\n", is_good, !is_good);
	return !is_good;
}
