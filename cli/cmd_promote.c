/*
 * cmd_promote.c: `selvage promote FROM TO`: what one deployment serves becomes a version of
 * another.
 */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/deploy.h"

struct promote_options {
	struct client_options client;
	uint64_t version;
	uint64_t wait;
};

static const struct option_row rows[] = {
		{.name = "version",
				.kind = OPTION_NUMBER,
				.offset = offsetof(struct promote_options, version),
				.argument = "N",
				.minimum = 1,
				.maximum = INT64_MAX,
				.help = "this version (default: the one that is served)"},
		{.name = "wait",
				.kind = OPTION_DURATION,
				.offset = offsetof(struct promote_options, wait),
				.argument = "DUR",
				.help = "time to wait for its check (default 10m)"},
		CLIENT_ROWS(struct promote_options, client),
};

static bool promote_follow(struct client *client, uint64_t wait, json_t *answer,
		struct sv_error *error)
{
	const char *build, *name;
	TRY(client_unpack(answer, error, "{s:s, s:s}", "build", &build, "name", &name));
	TRY(client_check_id("build", build, error));
	TRY(client_check_name(name, error));
	TRY(deploy_wait(client, build, GOAL_LIVE, wait, error));
	return deploy_show(client, name, error);
}

static bool promote_work(struct client *client, void *values, int count, char **operands,
		struct sv_error *error)
{
	const struct promote_options *options = values;
	json_t *answer = NULL, *body = json_object();
	(void)count;
	bool done = client_check_name(operands[1], error) &&
			client_add(body, "from", json_string(operands[0]), error);
	if (done && options->version)
		done = client_add(body, "version", json_integer((json_int_t)options->version),
				error);
	done = done &&
			client_send(client, "POST", body, &answer, error,
					"/v1/deployments/%s/promote", operands[1]) &&
			promote_follow(client, options->wait, answer, error);
	json_decref(answer);
	json_decref(body);
	return done;
}

static const struct client_table table = {
		.options = {.command = "promote",
				.rows = rows,
				.row_count = ARRAY_LENGTH(rows),
				.json_help = CLIENT_JSON_HELP,
				.operand = "name",
				.minimum_operands = 2,
				.maximum_operands = 2},
		.is_by_name = true,
		.work = promote_work,
};

int cmd_promote(int argc, char **argv)
{
	struct promote_options options = {
			.client = CLIENT_OPTIONS_INIT, .wait = UINT64_C(600000000000)};
	return client_command(&table, argc, argv, &options);
}
