/*
 * main.c: runs scripts of the official suite.
 *   program [-O0..-O3] [--bounds=guard|check] [--strict-traps] [--relaxed-simd=deterministic]
 *           [--target-cpu=NAME] [--skips=FILE] FOLDER SCRIPT...
 *       in one mode, in this process
 *   program --every-mode [--jobs=N] [--skips=FILE] SUITE <LIST
 *       in every mode, a process for each; LIST has a line FOLDER/SCRIPT for each script
 * A skip list has lines `folder/script:line reason`. Ends with `N passed, N failed, N skipped`.
 */
#include "tests/spec/spec.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *skips_read(const char *path)
{
	char line[512];
	json_t *skips = json_object();
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = '\0';
		char *reason = strchr(line, ' ');
		if (line[0] == '#' || !reason)
			continue;
		*reason++ = '\0';
		json_object_set_new(skips, line, json_string(reason));
	}
	if (!file)
		perror(path);
	else
		fclose(file);
	return skips;
}

static bool option_take(const char *option, struct plan *plan)
{
	if (strncmp(option, "-O", 2) == 0)
		plan->options.level = (unsigned)atoi(option + 2);
	else if (strcmp(option, "--bounds=check") == 0)
		plan->options.bounds = SV_BOUNDS_CHECK;
	else if (strcmp(option, "--bounds=guard") == 0)
		plan->options.bounds = SV_BOUNDS_GUARD;
	else if (strcmp(option, "--strict-traps") == 0)
		plan->options.strict_traps = true;
	else if (strcmp(option, "--relaxed-simd=deterministic") == 0)
		plan->options.relaxed_simd = SV_RELAXED_SIMD_DETERMINISTIC;
	else if (strncmp(option, "--target-cpu=", 13) == 0)
		plan->options.cpu = option + 13;
	else if (strncmp(option, "--skips=", 8) == 0)
		plan->skips = skips_read(option + 8);
	else if (strncmp(option, "--jobs=", 7) == 0)
		plan->jobs = (unsigned)atoi(option + 7);
	else
		return strcmp(option, "--every-mode") == 0;
	return true;
}

/* The scripts of one folder, one after the other. */
static bool scripts_run(struct plan *plan, char *folder, char **scripts, int count)
{
	char name[128], parent[512];
	struct progress progress = {0};
	snprintf(parent, sizeof parent, "%s/..", folder);
	plan->suite = parent;
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof name, "%s/%s", basename(folder), scripts[i]);
		script_run(plan, name, &progress);
	}
	printf("%u passed, %u failed, %u skipped\n", progress.passed, progress.failed,
			progress.skipped);
	return progress.failed == 0;
}

int main(int argc, char **argv)
{
	struct plan plan = {.jobs = 1};
	bool every = false;
	int at = 1;
	sv_compile_options_init(&plan.options);
	plan.options.jobs = 1;
	for (; at < argc && argv[at][0] == '-'; at++) {
		every |= strcmp(argv[at], "--every-mode") == 0;
		if (!option_take(argv[at], &plan)) {
			fprintf(stderr, "unknown option %s\n", argv[at]);
			return 2;
		}
	}
	if (every ? at + 1 != argc : at + 1 >= argc) {
		fprintf(stderr, "usage: program [OPTIONS] FOLDER SCRIPT...\n");
		return 2;
	}
	plan.suite = argv[at];
	bool good = every ? every_run(&plan, stdin)
			  : scripts_run(&plan, argv[at], argv + at + 1, argc - at - 1);
	json_decref(plan.skips);
	return !good;
}
