/*
 * cmd_top.c: `selvage top`: what the deployments of a server do, as it happens.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/client_command.h"
#include "cli/client_print.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/screen.h"
#include "cli/top_sample.h"
#include "cli/units.h"

/* More often would be work for the server, and nothing to read. */
static const uint64_t interval_least = 100000000;

struct top_options {
	struct client_options client;
	uint64_t interval;
	bool once;
};

static const struct option_row rows[] = {
		{.name = "interval",
				.kind = OPTION_DURATION,
				.offset = offsetof(struct top_options, interval),
				.argument = "DUR",
				.help = "time between two looks (default 2s)"},
		{.name = "once",
				.kind = OPTION_FLAG,
				.offset = offsetof(struct top_options, once),
				.help = "print what happened in one such time, and end"},
		CLIENT_ROWS(struct top_options, client),
};

/* ---- the page ---- */

static void latency_print(FILE *page, double milliseconds)
{
	if (milliseconds < 0)
		fprintf(page, " %9s", "-");
	else
		fprintf(page, " %7.*fms", milliseconds < 10 ? 2 : milliseconds < 100 ? 1 : 0,
				milliseconds);
}

static void row_print(FILE *page, const struct top_row *row, int width)
{
	char memory[24];
	size_text(row->memory, memory, sizeof memory);
	fprintf(page, "%-*s %9.1f", width, row->name, row->requests);
	latency_print(page, row->p50);
	latency_print(page, row->p99);
	fprintf(page, " %8.1f %7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %5" PRIu64 "/%-5" PRIu64
		      " %11s\n",
			row->errors, row->traps, row->limited, row->loads, row->used, row->slots,
			memory);
}

/* A table, without a first line: that is the screen's. */
static void table_print(FILE *page, const struct top_view *view)
{
	int width = 4;
	for (size_t i = 0; i < view->count; i++) {
		int length = (int)strlen(view->rows[i].name);
		width = length > width ? length : width;
	}
	fprintf(page, "%-*s %9s %9s %9s %8s %7s %7s %7s %11s %11s\n", width, "NAME", "REQ/S", "P50",
			"P99", "ERR/S", "TRAPS", "LIMITED", "COLD", "SLOTS ", "MEMORY");
	for (size_t i = 0; i < view->count; i++)
		row_print(page, &view->rows[i], width);
}

/* `problem`: why the page is an old one, or "". */
static bool page_show(const struct top_view *view, const char *problem, struct sv_error *error)
{
	char *text = NULL, clock[16] = "";
	size_t length = 0;
	time_t now = time(NULL);
	struct tm parts;
	FILE *page = open_memstream(&text, &length);
	if (!page)
		return sv_fail_errno(error, "no memory for a page");
	if (localtime_r(&now, &parts))
		strftime(clock, sizeof clock, "%H:%M:%S", &parts);
	fprintf(page, "selvage top  %s  %zu deployments  %.1f requests/s  %" PRIu64
		      " being answered  (q ends)\n",
			clock, view->count, view->requests, view->used);
	print_text(page, problem);
	putc('\n', page);
	table_print(page, view);
	fclose(page);
	screen_show(text, length);
	free(text);
	return true;
}

/* ---- looks ---- */

/* One more look: the view is then of the time since the last, whose sample is replaced. */
static bool look(struct client *client, json_t **sample, struct top_view *view,
		struct sv_error *error)
{
	json_t *next;
	struct top_view made;
	TRY(top_ask(client, &next, error));
	bool done = top_compare(*sample, next, &made, error);
	json_decref(*sample);
	*sample = next;
	if (done) {
		top_view_finish(view);
		*view = made;
	}
	return done;
}

/* For programs and pipes. */
static bool view_print(const struct top_view *view, struct sv_error *error)
{
	if (report_uses_json()) {
		json_t *object = top_json(view);
		if (!object)
			return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the answer");
		json_dumpf(object, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(object);
	} else {
		table_print(stdout, view);
	}
	if (fflush(stdout) != 0)
		return sv_fail_errno(error, "cannot write to standard output");
	return true;
}

static void interval_sleep(const struct top_options *options)
{
	const struct timespec time = {(time_t)(options->interval / 1000000000),
			(long)(options->interval % 1000000000)};
	nanosleep(&time, NULL);
}

static bool top_lines(struct client *client, const struct top_options *options, json_t **sample,
		struct top_view *view, struct sv_error *error)
{
	do {
		interval_sleep(options);
		TRY(look(client, sample, view, error) && view_print(view, error));
	} while (!options->once);
	return true;
}

/* A server that does not answer for a while is asked again: that is when one looks at it. */
static bool top_live(struct client *client, const struct top_options *options, json_t **sample,
		struct top_view *view, struct sv_error *error)
{
	struct sv_error problem = SV_ERROR_INIT;
	for (;;) {
		TRY(page_show(view, problem.text, error));
		enum screen_event event =
				screen_wait((unsigned)(options->interval / 1000000));
		if (event == SCREEN_QUIT)
			return true;
		if (event == SCREEN_RESIZED)
			continue;
		sv_error_clear(&problem);
		(void)!look(client, sample, view, &problem);
	}
}

static bool top_work(struct client *client, void *values, int count, char **operands,
		struct sv_error *error)
{
	const struct top_options *options = values;
	struct top_view view = {0};
	json_t *sample;
	(void)count;
	(void)operands;
	if (options->interval < interval_least)
		return sv_fail(error, SV_ERROR_USAGE, "--interval takes 100ms or more");
	TRY(top_ask(client, &sample, error));
	bool done;
	if (options->once || report_uses_json()) {
		done = top_lines(client, options, &sample, &view, error);
	} else {
		done = top_compare(sample, sample, &view, error) && screen_open(error) &&
				top_live(client, options, &sample, &view, error);
		screen_close();
	}
	top_view_finish(&view);
	json_decref(sample);
	return done;
}

static const struct client_table table = {
		.options = {.command = "top",
				.rows = rows,
				.row_count = ARRAY_LENGTH(rows),
				.json_help = "an object for each look, or an error, as JSON"},
		.work = top_work,
};

int cmd_top(int argc, char **argv)
{
	struct top_options options = {
			.client = CLIENT_OPTIONS_INIT, .interval = UINT64_C(2000000000)};
	return client_command(&table, argc, argv, &options);
}
