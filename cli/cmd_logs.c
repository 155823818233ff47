/*
 * cmd_logs.c: `selvage logs [-f] NAME`.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/client_command.h"
#include "cli/client_print.h"
#include "cli/commands.h"
#include "cli/report.h"

/* How long the server keeps a question for new lines open: less than what an idle connection
 * lives on the way. */
#define WAIT_SECONDS 20

struct logs_options {
	struct client_options client;
	bool follow;
	const char *since;
};

static const struct option_row rows[] = {
		{.name = "follow",
				.letter = 'f',
				.kind = OPTION_FLAG,
				.offset = offsetof(struct logs_options, follow),
				.help = "go on with what is logged from now on, until interrupted"},
		{.name = "since",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct logs_options, since),
				.argument = "POS",
				.help = "begin behind this position (\"next\" of --json) instead "
					"of with the last 100 lines"},
		CLIENT_ROWS(struct logs_options, client),
};

static const struct print_field columns[] = {
		{"", "time"},
		{"", "kind"},
		{"", "text"},
};

/* One line each, in the order of the columns. */
static void logs_print(const json_t *lines)
{
	size_t i;
	json_t *line;
	json_array_foreach((json_t *)lines, i, line)
	{
		for (size_t at = 0; at < ARRAY_LENGTH(columns); at++) {
			const json_t *value = json_object_get(line, columns[at].key);
			print_text(stdout, json_is_string(value) ? json_string_value(value) : "-");
			putchar(at + 1 < ARRAY_LENGTH(columns) ? ' ' : '\n');
		}
	}
}

/* What came is visible at once, also in a pipe, and a reader that is gone ends us. */
static bool logs_show(const json_t *answer, const json_t *lines, bool follow,
		struct sv_error *error)
{
	if (!report_uses_json()) {
		logs_print(lines);
	} else if (!follow || json_array_size(lines)) {
		json_dumpf(answer, stdout, follow ? JSON_COMPACT : JSON_INDENT(2));
		putchar('\n');
	}
	if (fflush(stdout) != 0)
		return sv_fail_errno(error, "cannot write to standard output");
	return true;
}

/* Seconds; an answer comes before a request's time is over. */
static unsigned logs_wait(const struct logs_options *options)
{
	uint64_t half = options->client.timeout / 2 / 1000000000;
	if (!options->follow)
		return 0;
	return half < WAIT_SECONDS ? (unsigned)half : WAIT_SECONDS;
}

/* One question; `after` (none if negative) becomes where the next begins. */
static bool logs_ask(struct client *client, const struct logs_options *options, const char *name,
		int64_t *after, size_t *line_count, struct sv_error *error)
{
	char query[80] = "";
	json_t *answer, *lines;
	json_int_t next;
	if (*after >= 0)
		snprintf(query, sizeof query, "?after=%" PRId64 "&wait=%u", *after,
				logs_wait(options));
	TRY(client_send(client, "GET", NULL, &answer, error, "/v1/deployments/%s/logs%s", name,
			query));
	bool done = client_unpack_member(answer, "lines", JSON_ARRAY, &lines, error) &&
			client_unpack(answer, error, "{s:I}", "next", &next) &&
			logs_show(answer, lines, options->follow, error);
	if (done && next < 0)
		done = sv_fail(error, SV_ERROR_REMOTE, "the server names a position that is none");
	if (done) {
		*line_count = json_array_size(lines);
		*after = next;
	}
	json_decref(answer);
	return done;
}

/* A position is a number the server gave out. */
static bool logs_parse_since(const char *text, int64_t *after, struct sv_error *error)
{
	char *end;
	if (!text)
		return true;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno)
		return sv_fail(error, SV_ERROR_USAGE, "--since takes a position, not \"%.80s\"",
				text);
	*after = value;
	return true;
}

static bool logs_work(struct client *client, void *values, int count, char **operands,
		struct sv_error *error)
{
	const struct logs_options *options = values;
	int64_t after = -1;
	(void)count;
	TRY(logs_parse_since(options->since, &after, error));
	for (;;) {
		size_t lines;
		time_t asked = time(NULL);
		TRY(logs_ask(client, options, operands[0], &after, &lines, error));
		if (!options->follow)
			return true;
		/* A server that does not wait is not asked in a loop without a pause. */
		if (!lines && time(NULL) - asked < 2)
			nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
	}
}

static const struct client_table table = {
		.options = {.command = "logs",
				.rows = rows,
				.row_count = ARRAY_LENGTH(rows),
				.json_help = CLIENT_JSON_HELP,
				.operand = "name",
				.minimum_operands = 1,
				.maximum_operands = 1},
		.is_by_name = true,
		.work = logs_work,
};

int cmd_logs(int argc, char **argv)
{
	struct logs_options options = {.client = CLIENT_OPTIONS_INIT};
	return client_command(&table, argc, argv, &options);
}
