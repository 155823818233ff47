/*
 * main.c: runs scripts of the official suite in one mode.
 *   program [-O0..-O3] [--bounds=guard|check] [--strict-traps] [--skips=FILE] FOLDER SCRIPT...
 * A skip list has lines `script:line reason`. Ends with `N passed, N failed, N skipped`.
 */
#include "tests/spec/spec.h"

#include <stdlib.h>
#include <string.h>

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
	if (file)
		fclose(file);
	return skips;
}

static bool option_take(const char *option, struct sv_compile_options *options, json_t **skips)
{
	if (strncmp(option, "-O", 2) == 0)
		options->level = (unsigned)atoi(option + 2);
	else if (strcmp(option, "--bounds=check") == 0)
		options->bounds = SV_BOUNDS_CHECK;
	else if (strcmp(option, "--bounds=guard") == 0)
		options->bounds = SV_BOUNDS_GUARD;
	else if (strcmp(option, "--strict-traps") == 0)
		options->strict_traps = true;
	else if (strncmp(option, "--skips=", 8) == 0)
		*skips = skips_read(option + 8);
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	struct sv_compile_options options;
	struct sv_error error = SV_ERROR_INIT;
	json_t *skips = json_object();
	int at = 1;
	sv_compile_options_init(&options);
	options.jobs = 1;
	for (; at < argc && argv[at][0] == '-'; at++) {
		if (!option_take(argv[at], &options, &skips)) {
			fprintf(stderr, "unknown option %s\n", argv[at]);
			return 2;
		}
	}
	struct sv_engine *engine = sv_engine_new(NULL, &error);
	if (at + 1 >= argc || !engine || !sv_thread_enter(engine, &error)) {
		fprintf(stderr, "usage: program [OPTIONS] FOLDER SCRIPT... %s\n", error.text);
		return 2;
	}
	struct counts total = {0};
	for (int i = at + 1; i < argc; i++) {
		struct script *script = calloc(1, sizeof *script);
		if (!script)
			return 2;
		script->engine = engine;
		script->options = &options;
		script->folder = argv[at];
		script->file = argv[i];
		script->skips = skips;
		script_run(script);
		total.passed += script->counts.passed;
		total.failed += script->counts.failed;
		total.skipped += script->counts.skipped;
		free(script);
	}
	json_decref(skips);
	sv_engine_free(engine);
	printf("%u passed, %u failed, %u skipped\n", total.passed, total.failed, total.skipped);
	return total.failed != 0;
}
