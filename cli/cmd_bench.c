/*
 * cmd_bench.c: `selvage bench MODE FILE`: options, the mode, and what it found as text, JSON, SVG.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli/bench/bench.h"
#include "cli/bench/clock.h"
#include "cli/bench/details.h"
#include "cli/bench/plot.h"
#include "cli/bench/subject.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/profile_file.h"
#include "cli/report.h"
#include "cli/units.h"

static const struct option_row rows[] = {
		{.name = "invoke",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct bench_options, invoke),
				.argument = "NAME",
				.help = "the function to call, with ARGS (default: the first one "
					"without parameters)"},
		{.name = "count",
				.kind = OPTION_NUMBER,
				.offset = offsetof(struct bench_options, count),
				.argument = "N",
				.minimum = 1,
				.maximum = RESULTS_MAX_SAMPLES,
				.help = "samples for each thread, or instances (default: about two "
					"seconds; density: all that can be)"},
		{.name = "threads",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct bench_options, threads),
				.argument = "LIST",
				.help = "instantiate, call: measure with so many threads: 1,2,4"},
		{.name = "process",
				.kind = OPTION_FLAG,
				.offset = offsetof(struct bench_options, process),
				.help = "load: also start processes that run the module"},
		{.name = "serve",
				.kind = OPTION_FLAG,
				.offset = offsetof(struct bench_options, serve),
				.help = "load: also start servers, until the first answer"},
		{.name = "svg",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct bench_options, svg),
				.argument = "FILE",
				.help = "draw a chart"},
		{.name = "timeout",
				.kind = OPTION_DURATION,
				.offset = offsetof(struct bench_options, timeout),
				.argument = "DUR",
				.help = "longest time for the first call (default 10s)"},
		{.name = "max-memory",
				.kind = OPTION_SIZE,
				.offset = offsetof(struct bench_options, max_memory),
				.argument = "SIZE",
				.help = "limit of all memories and objects of an instance"},
		{.name = "max-stack",
				.kind = OPTION_SIZE,
				.offset = offsetof(struct bench_options, max_stack),
				.argument = "SIZE",
				.help = "size of a guest's stack (default 1MiB)"},
		{.name = "stub-imports",
				.kind = OPTION_FLAG,
				.offset = offsetof(struct bench_options, stub_imports),
				.help = "let missing functions trap when called, not at the start"},
		PROFILE_OUT_ROW(struct bench_options, profile_out),
		COMPILE_FLAG_ROWS(struct bench_options, flags),
};

static const struct option_table table = {
		.command = "bench",
		.rows = rows,
		.row_count = ARRAY_LENGTH(rows),
		.json_help = "the outcome, or an error, as one JSON object",
		.minimum_operands = 1,
		.maximum_operands = -1,
};

struct mode {
	const char *name;
	const char *help;
	bool (*run)(struct bench *bench, struct sv_error *error);
};

static const struct mode modes[] = {
#define BENCH_MODE(name, help) {#name, help, bench_##name},
#include "cli/bench/modes.def"
#undef BENCH_MODE
};

static const struct mode *mode_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(modes); i++) {
		if (strcmp(modes[i].name, name) == 0)
			return &modes[i];
	}
	return NULL;
}

static void modes_print(void)
{
	puts("\nmodes:");
	for (size_t i = 0; i < ARRAY_LENGTH(modes); i++)
		printf("  %-28s %s\n", modes[i].name, modes[i].help);
}

/* ---- options that depend on each other ---- */

uint64_t bench_count(const struct bench *bench, unsigned threads)
{
	/* Two seconds, but neither so few that percentiles say nothing nor more than help. */
	const uint64_t time = 2000000000, least = 100, most = 100000;
	uint64_t count = bench->options->count;
	if (!count) {
		count = time / (bench->subject->call_time + 1);
		count = count < least ? least : count > most ? most : count;
	}
	uint64_t room = RESULTS_MAX_SAMPLES / threads;
	return count < room ? count : room;
}

static bool threads_parse(struct bench *bench, struct sv_error *error)
{
	const char *text = bench->options->threads ? bench->options->threads : "1";
	for (const char *at = text;;) {
		char number[8];
		size_t length = strcspn(at, ",");
		uint64_t value;
		snprintf(number, sizeof number, "%.*s", (int)(length < 7 ? length : 7), at);
		TRY(number_parse("--threads", number, 1, BENCH_MAX_THREADS, &value, error));
		if (bench->lane_count == BENCH_MAX_LANES)
			return sv_fail(error, SV_ERROR_USAGE, "--threads takes at most %d numbers",
					BENCH_MAX_LANES);
		bench->lanes[bench->lane_count++] = (unsigned)value;
		if (!at[length])
			return true;
		at += length + 1;
	}
}

/* What a mode would not look at is not taken without a word. */
static bool options_fit(const struct bench_options *options, const char *mode,
		struct sv_error *error)
{
	bool is_load = strcmp(mode, "load") == 0;
	bool has_lanes = strcmp(mode, "instantiate") == 0 || strcmp(mode, "call") == 0;
	if (options->threads && !has_lanes)
		return sv_fail(error, SV_ERROR_USAGE, "--threads is not for bench %s", mode);
	if ((options->process || options->serve) && !is_load)
		return sv_fail(error, SV_ERROR_USAGE, "%s is not for bench %s",
				options->process ? "--process" : "--serve", mode);
	return true;
}

/* ---- output ---- */

static json_t *bench_json(const struct bench *bench)
{
	const struct subject *subject = bench->subject;
	struct utsname system = {0};
	uname(&system);
	json_t *arguments = json_array();
	for (int i = 0; i < subject->argument_count; i++)
		json_array_append_new(arguments, json_text(subject->arguments[i],
								 strlen(subject->arguments[i])));
	json_t *object = json_pack("{ss so ss s{ss sI ss sI} s{so ss so sI sI}}", "bench",
			bench->mode, "file", json_text(subject->path, strlen(subject->path)),
			"version", sv_version(), "machine", "system", system.release, "cpus",
			(json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "clock", "CLOCK_MONOTONIC",
			"clock_cost_ns", (json_int_t)clock_cost(), "call", "export",
			json_text(subject->export, strlen(subject->export)), "signature",
			subject->signature, "arguments", arguments, "dirty_pages",
			(json_int_t)subject->dirty_pages, "memory_bytes",
			(json_int_t)subject->memory_bytes);
	json_object_set_new(object, "results", results_json(&bench->results));
	if (bench->details)
		json_object_set(object, bench->mode, bench->details);
	return object;
}

/* "export touch, which writes to 4 of 272 pages": what the figures are about. */
static void call_text(const struct subject *subject, char *text, size_t size)
{
	char name[80];
	text_of_name(subject->export, strlen(subject->export), name, sizeof name);
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	snprintf(text, size, "the call of %s writes to %" PRIu64 " of %" PRIu64 " pages of memory",
			name, subject->dirty_pages, subject->memory_bytes / page);
}

static void bench_print(const struct bench *bench)
{
	char text[200];
	call_text(bench->subject, text, sizeof text);
	printf("%s: %s\n", bench->subject->path, text);
	printf("clock: CLOCK_MONOTONIC; reading it takes %" PRIu64
	       " ns, once in every figure\n\n",
			clock_cost());
	results_table(&bench->results, stdout);
	details_print(bench->details);
}

static bool bench_draw(const struct bench *bench, struct sv_error *error)
{
	if (!bench->options->svg || !bench->results.count)
		return true;
	char title[200], text[200];
	snprintf(title, sizeof title, "bench %s: %s", bench->mode, bench->subject->path);
	call_text(bench->subject, text, sizeof text);
	return plot_results(&bench->results, title, text, bench->options->svg, error);
}

static void bench_show(const struct bench *bench)
{
	if (!report_uses_json()) {
		bench_print(bench);
		return;
	}
	json_t *object = bench_json(bench);
	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
}

static int bench_file(const struct bench_options *options, const struct mode *mode, int count,
		char **operands)
{
	struct sv_error error = SV_ERROR_INIT;
	struct subject subject = {.arguments = operands + 1,
			.argument_count = count - 1,
			.suspends = strcmp(mode->name, "suspend") == 0};
	struct bench bench = {.options = options, .mode = mode->name, .subject = &subject};
	int code = EXIT_FINE;
	bool done = options_fit(options, mode->name, &error) && threads_parse(&bench, &error) &&
			subject_init(&subject, options, operands[0], &error) &&
			mode->run(&bench, &error) && bench_draw(&bench, &error) &&
			profile_file_add(subject.artifact, subject.path, options->profile_out,
					&error);
	if (done)
		bench_show(&bench);
	else
		code = report_error(&error);
	json_decref(bench.details);
	results_finish(&bench.results);
	subject_finish(&subject);
	return code;
}

int cmd_bench(int argc, char **argv)
{
	struct bench_options options = {
			.flags = COMPILE_FLAGS_INIT,
			.timeout = UINT64_C(10000000000),
	};
	int operand, code;
	if (!options_parse(&table, argc, argv, &options, &operand, &code)) {
		if (code == EXIT_FINE)
			modes_print();
		return code;
	}
	const struct mode *mode = mode_find(argv[operand]);
	if (!mode)
		return report_usage("bench: unknown mode \"%s\" (see `selvage help bench`)",
				argv[operand]);
	if (operand + 1 == argc)
		return report_usage("bench: no file given (see `selvage help bench`)");
	return bench_file(&options, mode, argc - operand - 1, argv + operand + 1);
}
