/*
 * cmd_list.c: `selvage list`.
 */
#include <stdio.h>

#include "cli/client_command.h"
#include "cli/client_print.h"
#include "cli/commands.h"

struct list_options {
	struct client_options client;
};

static const struct option_row rows[] = {
		CLIENT_ROWS(struct list_options, client),
};

static const struct print_field columns[] = {
		{"NAME", "name"},
		{"VERSION", "version"},
		{"STATE", "state"},
		{"TIER", "tier"},
		{"UPDATED", "updated"},
		{"EXPIRES", "expires"},
		{"URL", "url"},
};

static bool list_work(struct client *client, void *values, int count, char **operands,
		struct sv_error *error)
{
	json_t *answer, *deployments;
	(void)values;
	(void)count;
	(void)operands;
	TRY(client_send(client, "GET", NULL, &answer, error, "/v1/deployments"));
	bool done = client_unpack_member(answer, "deployments", JSON_ARRAY, &deployments, error);
	if (done && !print_json(answer))
		print_table(deployments, columns, ARRAY_LENGTH(columns));
	json_decref(answer);
	return done;
}

static const struct client_table table = {
		.options = {.command = "list",
				.rows = rows,
				.row_count = ARRAY_LENGTH(rows),
				.json_help = CLIENT_JSON_HELP},
		.work = list_work,
};

int cmd_list(int argc, char **argv)
{
	struct list_options options = {.client = CLIENT_OPTIONS_INIT};
	return client_command(&table, argc, argv, &options);
}
