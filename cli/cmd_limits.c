/*
 * cmd_limits.c: `selvage limits NAME [LIMIT=VALUE...]`.
 */
#include "cli/client_command.h"
#include "cli/client_print.h"
#include "cli/commands.h"
#include "cli/limit_list.h"

struct limits_options {
	struct client_options client;
};

static const struct option_row rows[] = {
		CLIENT_ROWS(struct limits_options, client),
};

/* Changes if there are any; else what is there. */
static bool limits_ask(struct client *client, json_t *body, const char *name, json_t **answer,
		struct sv_error *error)
{
	if (json_object_size(body))
		return client_send(client, "PATCH", body, answer, error,
				"/v1/deployments/%s/limits", name);
	return client_send(client, "GET", NULL, answer, error, "/v1/deployments/%s", name);
}

static bool limits_work(struct client *client, void *values, int count, char **operands,
		struct sv_error *error)
{
	json_t *answer = NULL, *limits, *body = json_object();
	bool done = true;
	(void)values;
	for (int i = 1; done && i < count; i++)
		done = limit_add(body, operands[i], error);
	done = done && limits_ask(client, body, operands[0], &answer, error) &&
			client_unpack_member(answer, "limits", JSON_OBJECT, &limits, error);
	if (done && !print_json(answer))
		limits_print(limits);
	json_decref(answer);
	json_decref(body);
	return done;
}

static const struct client_table table = {
		.options = {.command = "limits",
				.rows = rows,
				.row_count = ARRAY_LENGTH(rows),
				.json_help = CLIENT_JSON_HELP,
				.operand = "name",
				.minimum_operands = 1,
				.maximum_operands = -1},
		.is_by_name = true,
		.work = limits_work,
};

int cmd_limits(int argc, char **argv)
{
	struct limits_options options = {.client = CLIENT_OPTIONS_INIT};
	return client_command(&table, argc, argv, &options);
}
