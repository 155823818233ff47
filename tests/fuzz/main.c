/*
 * main.c: random modules through Selvage in nine modes and through V8, compared.
 *
 *   program [--seed=N] [--modules=N] [--first=N] [--workers=N] [--node=PATH --server=PATH]
 *           [--folder=PATH] [--coverage] [--file=MODULE] [--write=FILE]
 *
 * The parent watches workers in processes of their own, so that one that crashes or hangs is one
 * difference, and the run goes on. --write puts module --first into a file and ends. Ends with
 * `N passed, N failed, N skipped`; an operator that was never generated and is not excused is
 * one failure when at least --modules=200 were asked for.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/fuzz/generate.h"
#include "tests/fuzz/oracle.h"
#include "tests/fuzz/worker.h"

/* A module that takes longer than this hangs. */
enum { HANG_SECONDS = 150, MAX_WORKERS = ORACLE_MAX_CLIENTS };

struct worker {
	pid_t pid; /* 0: ended */
	uint64_t seen;
	time_t since;
};

struct run {
	struct run_options options;
	struct oracle oracle;
	struct worker workers[MAX_WORKERS];
	struct worker_state *states; /* shared */
};

/* ---- workers ---- */

static void worker_start(struct run *run, unsigned index, uint64_t next)
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		int socket = run->oracle.pid > 0 ? run->oracle.sockets[index] : -1;
		exit(worker_run(&run->options, &run->states[index], next, socket));
	}
	run->workers[index] = (struct worker){pid, UINT64_MAX, time(NULL)};
}

static void worker_lost(struct run *run, unsigned index, const char *text)
{
	struct worker_state *state = &run->states[index];
	struct buffer module = {0};
	state->differences++;
	state->modules++;
	if (!run->options.file)
		generate(run->options.seed, state->number, &module, state->coverage);
	worker_report(&run->options, state->number, buffer_view(&module), text);
	buffer_finish(&module);
	worker_start(run, index, state->number + run->options.workers);
}

/* V8 is shared: all workers begin again with a new one, after the modules at hand. */
static void oracle_lost(struct run *run)
{
	struct sv_error error = SV_ERROR_INIT;
	for (unsigned i = 0; i < run->options.workers; i++) {
		if (run->workers[i].pid > 0) {
			kill(run->workers[i].pid, SIGKILL);
			waitpid(run->workers[i].pid, NULL, 0);
		}
	}
	oracle_stop(&run->oracle);
	check(oracle_start(&run->oracle, run->options.node, run->options.server,
			run->options.workers, &error));
	for (unsigned i = 0; i < run->options.workers; i++) {
		run->states[i].answered = run->states[i].asked;
		worker_lost(run, i, "V8 has ended, perhaps because of this module");
	}
}

static void worker_ended(struct run *run, unsigned index, int status)
{
	char text[100];
	run->workers[index].pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	if (WIFEXITED(status) && WEXITSTATUS(status) == WORKER_FAILED)
		exit(2);
	if (WIFEXITED(status) && WEXITSTATUS(status) == WORKER_ORACLE_ENDED) {
		oracle_lost(run);
		return;
	}
	if (WIFSIGNALED(status))
		snprintf(text, sizeof text, "crashed with signal %d", WTERMSIG(status));
	else
		snprintf(text, sizeof text, "ended with code %d", WEXITSTATUS(status));
	worker_lost(run, index, text);
}

static void worker_watch(struct run *run, unsigned index)
{
	struct worker *worker = &run->workers[index];
	int status;
	if (worker->pid <= 0)
		return;
	if (waitpid(worker->pid, &status, WNOHANG) == worker->pid) {
		worker_ended(run, index, status);
		return;
	}
	if (run->states[index].number != worker->seen) {
		worker->seen = run->states[index].number;
		worker->since = time(NULL);
	} else if (time(NULL) - worker->since > HANG_SECONDS) {
		kill(worker->pid, SIGKILL);
	}
}

static bool workers_run(const struct run *run)
{
	for (unsigned i = 0; i < run->options.workers; i++) {
		if (run->workers[i].pid > 0)
			return true;
	}
	return false;
}

/* ---- report ---- */

static void state_add(struct worker_state *total, const struct worker_state *state)
{
	total->modules += state->modules;
	total->differences += state->differences;
	total->bytes += state->bytes;
	total->returned += state->returned;
	total->trapped += state->trapped;
	total->answered += state->answered;
	total->compiling += state->compiling;
	total->running += state->running;
	total->waiting += state->waiting;
	for (unsigned op = 0; op < OP_COUNT; op++)
		total->coverage[op] += state->coverage[op];
}

static unsigned coverage_report(const struct run_options *options, const struct worker_state *total)
{
	unsigned missing = 0;
	for (unsigned op = OP_NONE + 1; op < OP_COUNT; op++) {
		const char *name = op_info(op)->name;
		const char *excuse = generate_excuse(name);
		if (options->coverage)
			printf("%8u %s%s%s\n", total->coverage[op], name, excuse ? ": " : "",
					excuse ? excuse : "");
		if (total->coverage[op] || excuse)
			continue;
		printf("FAIL no module has the operator %s\n", name);
		missing++;
	}
	return missing;
}

static double per_module(uint64_t value, const struct worker_state *total)
{
	return total->modules ? (double)value / (double)total->modules : 0;
}

static int run_report(const struct run *run, double seconds)
{
	static struct worker_state total;
	const struct run_options *options = &run->options;
	for (unsigned i = 0; i < options->workers; i++)
		state_add(&total, &run->states[i]);
	unsigned missing = 0;
	if (options->coverage || (options->modules >= 200 && !options->file))
		missing = coverage_report(options, &total);
	printf("%" PRIu64 " modules from seed %" PRIu64 " number %" PRIu64
	       ", %.0f bytes each, in %.1f s: %.1f a second\n",
			total.modules, options->seed, options->first,
			per_module(total.bytes, &total), seconds, (double)total.modules / seconds);
	printf("%" PRIu64 " calls returned, %" PRIu64 " trapped; V8 answered %" PRIu64 " times\n",
			total.returned, total.trapped, total.answered);
	printf("milliseconds a module: compiling %.1f, loading and running %.1f, waiting for V8 "
	       "%.1f\n",
			per_module(total.compiling, &total) / 1e6,
			per_module(total.running, &total) / 1e6,
			per_module(total.waiting, &total) / 1e6);
	printf("%" PRIu64 " passed, %" PRIu64 " failed, %u skipped\n",
			total.modules - total.differences, total.differences + missing,
			options->node ? 0 : 1);
	return total.differences + missing != 0;
}

/* A line a minute; returns when the last was. */
static time_t run_progress(const struct run *run, time_t told)
{
	uint64_t modules = 0, differences = 0;
	if (time(NULL) - told < 60)
		return told;
	for (unsigned i = 0; i < run->options.workers; i++) {
		modules += run->states[i].modules;
		differences += run->states[i].differences;
	}
	printf("%" PRIu64 " modules, %" PRIu64 " differ\n", modules, differences);
	fflush(stdout);
	return time(NULL);
}

/* ---- options ---- */

static bool option_is(const char *argument, const char *name, const char **value)
{
	size_t length = strlen(name);
	if (strncmp(argument, name, length) != 0)
		return false;
	*value = argument + length;
	return true;
}

static bool option_take(struct run_options *options, const char *argument, const char **write)
{
	const char *value;
	if (option_is(argument, "--seed=", &value))
		options->seed = strtoull(value, NULL, 10);
	else if (option_is(argument, "--modules=", &value))
		options->modules = strtoull(value, NULL, 10);
	else if (option_is(argument, "--first=", &value))
		options->first = strtoull(value, NULL, 10);
	else if (option_is(argument, "--workers=", &value))
		options->workers = (unsigned)strtoul(value, NULL, 10);
	else if (option_is(argument, "--node=", &value))
		options->node = value;
	else if (option_is(argument, "--server=", &value))
		options->server = value;
	else if (option_is(argument, "--folder=", &value))
		options->folder = value;
	else if (option_is(argument, "--file=", &value))
		options->file = value;
	else if (option_is(argument, "--write=", &value))
		*write = value;
	else if (strcmp(argument, "--coverage") == 0)
		options->coverage = true;
	else
		return false;
	return options->workers >= 1 && options->workers <= MAX_WORKERS;
}

static int module_write(const struct run_options *options, const char *path)
{
	static uint32_t coverage[OP_COUNT];
	struct buffer module = {0};
	generate(options->seed, options->first, &module, coverage);
	FILE *file = fopen(path, "we");
	bool done = file && fwrite(module.data, 1, module.length, file) == module.length;
	if (file)
		fclose(file);
	buffer_finish(&module);
	return done ? 0 : 2;
}

int main(int argc, char **argv)
{
	static struct run run = {.options = {.seed = 1, .modules = 1, .workers = 1, .folder = "."}};
	struct run_options *options = &run.options;
	struct sv_error error = SV_ERROR_INIT;
	const char *write = NULL;
	for (int i = 1; i < argc; i++) {
		if (!option_take(options, argv[i], &write)) {
			fprintf(stderr, "unknown option or value: %s\n", argv[i]);
			return 2;
		}
	}
	if (write)
		return module_write(options, write);
	run.states = mmap(NULL, sizeof *run.states * MAX_WORKERS, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(run.states != MAP_FAILED);
	if (options->node &&
			!oracle_start(&run.oracle, options->node, options->server, options->workers,
					&error)) {
		fprintf(stderr, "%s\n", error.text);
		return 2;
	}
	struct timespec start, end;
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (unsigned i = 0; i < options->workers; i++)
		worker_start(&run, i, options->first + i);
	for (time_t told = time(NULL); workers_run(&run); told = run_progress(&run, told)) {
		usleep(20000);
		for (unsigned i = 0; i < options->workers; i++)
			worker_watch(&run, i);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	oracle_stop(&run.oracle);
	return run_report(&run,
			(double)(end.tv_sec - start.tv_sec) +
					(double)(end.tv_nsec - start.tv_nsec) / 1e9);
}
