/*
 * every.c: all scripts in all modes. Each script runs in a process of its own, which LLVM is
 * already loaded in, so that one that crashes, hangs or is killed costs its own result only.
 * Sums are in memory shared with these processes: what they counted is never lost.
 */
#include "tests/spec/spec.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	LEVELS = 3, /* 0 to 2: -O3 has the passes of -O2 */
	MODES = LEVELS * 4,
	MAX_JOBS = 64,
	SHOWN_FAILURES = 20, /* of a script in one mode */
	SCRIPT_SECONDS = 300, /* the longest takes a few */
};

struct mode {
	char text[64];
	struct sv_compile_options options;
	struct progress sum;
	size_t scripts; /* that ended, in whatever way */
};

struct job {
	struct mode *mode;
	char *name;
	long long cost; /* in no unit: to begin with the longest */
};

/* A process and the script it runs. */
struct runner {
	pid_t pid; /* 0: none */
	const struct job *job;
	struct progress *progress; /* shared with it */
	FILE *output;              /* what it prints */
	time_t end;                /* when it is killed */
};

struct every {
	const struct plan *plan;
	struct mode modes[MODES];
	struct job *jobs;
	size_t count;
	json_t *failures; /* text -> bits of modes */
	struct runner runners[MAX_JOBS];
};

static void modes_init(struct every *every)
{
	for (unsigned i = 0; i < MODES; i++) {
		struct mode *mode = &every->modes[i];
		mode->options = every->plan->options;
		mode->options.level = i % LEVELS;
		mode->options.bounds = i / LEVELS & 1 ? SV_BOUNDS_CHECK : SV_BOUNDS_GUARD;
		mode->options.strict_traps = i / LEVELS & 2;
		snprintf(mode->text, sizeof mode->text, "-O%u --bounds=%s%s", mode->options.level,
				i / LEVELS & 1 ? "check" : "guard",
				i / LEVELS & 2 ? " --strict-traps" : "");
	}
}

static void jobs_add(struct every *every, const char *name)
{
	char path[512];
	struct stat file = {0};
	snprintf(path, sizeof path, "%s/%s.json", every->plan->suite, name);
	if (stat(path, &file) != 0)
		file.st_size = 0; /* the script will fail */
	for (unsigned i = 0; i < MODES; i++) {
		struct job *job = &every->jobs[every->count++];
		job->mode = &every->modes[i];
		job->name = strdup(name);
		job->cost = (job->mode->options.level ? 2 : 1) * (long long)file.st_size;
	}
}

static int job_compare(const void *left, const void *right)
{
	const struct job *a = left, *b = right;
	return (a->cost < b->cost) - (a->cost > b->cost);
}

static void jobs_read(struct every *every, FILE *list)
{
	char name[128];
	while (fgets(name, sizeof name, list)) {
		name[strcspn(name, "\n")] = '\0';
		size_t size = (every->count + MODES) * sizeof *every->jobs;
		every->jobs = realloc(every->jobs, size);
		if (!every->jobs)
			abort();
		jobs_add(every, name);
	}
	if (every->count)
		qsort(every->jobs, every->count, sizeof *every->jobs, job_compare);
}

/* A job that cannot be started is missing in the mode's count of scripts. */
static void runner_start(struct every *every, struct runner *runner, const struct job *job)
{
	memset(runner->progress, 0, sizeof *runner->progress);
	runner->job = job;
	runner->end = time(NULL) + SCRIPT_SECONDS;
	fflush(stdout);
	runner->output = tmpfile();
	pid_t pid = runner->output ? fork() : -1;
	if (pid < 0) {
		perror(job->name);
		if (runner->output)
			fclose(runner->output);
		return;
	}
	runner->pid = pid;
	if (pid > 0)
		return;
	struct plan plan = *every->plan;
	plan.options = job->mode->options;
	dup2(fileno(runner->output), STDOUT_FILENO);
	dup2(fileno(runner->output), STDERR_FILENO);
	script_run(&plan, job->name, runner->progress);
	fflush(stdout);
	_exit(0);
}

/* A failure is printed once, at the end, with the modes that it occurs in. */
static void failure_add(struct every *every, const struct job *job, const char *text)
{
	json_int_t modes = json_integer_value(json_object_get(every->failures, text));
	modes |= 1 << (job->mode - every->modes);
	if (json_object_set_new(every->failures, text, json_integer(modes)) != 0)
		abort();
}

/* Skips are the same in each mode and are shown for the first. */
static void runner_print(struct every *every, struct runner *runner, bool all)
{
	char line[1024];
	unsigned failures = 0;
	const struct job *job = runner->job;
	rewind(runner->output);
	while (fgets(line, sizeof line, runner->output)) {
		bool skip = strncmp(line, "SKIP ", 5) == 0;
		if (skip && job->mode == &every->modes[0])
			fputs(line, stdout);
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "FAIL ", 5) == 0 && failures++ < SHOWN_FAILURES)
			failure_add(every, job, line);
		else if (all && !skip)
			puts(line);
	}
	snprintf(line, sizeof line, "FAIL %s: %u failures in all", job->name, failures);
	if (failures > SHOWN_FAILURES)
		failure_add(every, job, line);
}

static void runner_end(struct every *every, struct runner *runner, int status)
{
	char text[256];
	const struct job *job = runner->job;
	struct progress *progress = runner->progress;
	bool lost = status != 0 || !progress->is_finished;
	snprintf(text, sizeof text, "FAIL %s:%ld ended by %s %d", job->name, progress->line,
			WIFSIGNALED(status) ? "signal" : "exit code",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	runner_print(every, runner, lost);
	if (lost)
		failure_add(every, job, text);
	fclose(runner->output);
	runner->pid = 0;
	struct progress *sum = &job->mode->sum;
	sum->passed += progress->passed;
	sum->failed += progress->failed + lost;
	sum->skipped += progress->skipped;
	sum->text += progress->text;
	sum->calls += progress->calls;
	job->mode->scripts++;
}

/* Wait for any process to end, and end those that take too long. */
static void runners_wait(struct every *every)
{
	int status;
	struct timespec pause = {0, 2000000};
	for (unsigned i = 0; i < every->plan->jobs; i++) {
		struct runner *runner = &every->runners[i];
		if (runner->pid && waitpid(runner->pid, &status, WNOHANG) == runner->pid)
			runner_end(every, runner, status);
		else if (runner->pid && time(NULL) > runner->end)
			kill(runner->pid, SIGKILL);
	}
	nanosleep(&pause, NULL);
}

static bool runners_init(struct every *every)
{
	size_t size = MAX_JOBS * sizeof(struct progress);
	struct progress *shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (unsigned i = 0; shared != MAP_FAILED && i < MAX_JOBS; i++)
		every->runners[i].progress = &shared[i];
	return shared != MAP_FAILED;
}

static void runners_run(struct every *every)
{
	size_t next = 0;
	for (bool busy = true; busy;) {
		busy = false;
		for (unsigned i = 0; i < every->plan->jobs; i++) {
			struct runner *runner = &every->runners[i];
			if (!runner->pid && next < every->count)
				runner_start(every, runner, &every->jobs[next++]);
			busy |= runner->pid != 0;
		}
		runners_wait(every);
	}
}

static void failures_print(const struct every *every)
{
	const char *text;
	json_t *modes;
	json_object_foreach(every->failures, text, modes)
	{
		json_int_t bits = json_integer_value(modes);
		printf("%s [", text);
		for (unsigned i = 0; i < MODES && bits != (1 << MODES) - 1; i++) {
			if (bits >> i & 1)
				printf(" %s;", every->modes[i].text);
		}
		puts(bits == (1 << MODES) - 1 ? "every mode]" : " ]");
	}
}

static bool modes_print(struct every *every)
{
	struct progress all = {.failed = every->count == 0};
	for (unsigned i = 0; i < MODES; i++) {
		const struct mode *mode = &every->modes[i];
		const struct progress *sum = &mode->sum;
		printf("%s: %zu scripts, %u native calls, %u passed, %u failed, %u skipped\n",
				mode->text, mode->scripts, sum->calls, sum->passed, sum->failed,
				sum->skipped);
		all.passed += sum->passed;
		all.failed += sum->failed + (mode->scripts != every->count / MODES);
		all.skipped += sum->skipped;
		all.text += sum->text;
	}
	printf("SKIP %u modules in the text format: they test a text parser\n", all.text / MODES);
	printf("%u passed, %u failed, %u skipped\n", all.passed, all.failed, all.skipped);
	return all.failed == 0;
}

bool every_run(const struct plan *plan, FILE *list)
{
	struct every every = {.plan = plan, .failures = json_object()};
	modes_init(&every);
	jobs_read(&every, list);
	TRY(runners_init(&every));
	runners_run(&every);
	failures_print(&every);
	bool good = modes_print(&every);
	for (size_t i = 0; i < every.count; i++)
		free(every.jobs[i].name);
	free(every.jobs);
	json_decref(every.failures);
	return good;
}
