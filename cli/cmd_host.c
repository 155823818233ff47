/*
 * cmd_host.c: `selvage host add|list|remove NAME [HOST]`: host names of a deployment's own.
 */
#include <stdio.h>
#include <string.h>

#include "cli/client_action.h"
#include "cli/client_print.h"
#include "cli/commands.h"

struct host_options {
	struct client_options client;
};

static const struct option_row rows[] = {
		CLIENT_ROWS(struct host_options, client),
};

static void host_print(json_t *hosts)
{
	size_t i;
	json_t *host;
	json_array_foreach(hosts, i, host)
	{
		print_text(stdout, json_is_string(host) ? json_string_value(host) : "-");
		putchar('\n');
	}
}

/* Both lists and changes are answered with all of them. */
static bool host_show(json_t *answer, struct sv_error *error)
{
	json_t *hosts;
	bool done = client_unpack_member(answer, "hosts", JSON_ARRAY, &hosts, error);
	if (done && !print_json(answer))
		host_print(hosts);
	json_decref(answer);
	return done;
}

static bool host_change(struct client *client, char **operands, json_t *value,
		struct sv_error *error)
{
	json_t *answer, *body = json_object();
	bool done = client_check_name(operands[0], error) &&
			client_add(body, operands[1], value, error) &&
			client_send(client, "PATCH", body, &answer, error,
					"/v1/deployments/%s/hosts", operands[0]) &&
			host_show(answer, error);
	json_decref(body);
	return done;
}

static bool host_add(struct client *client, void *values, char **operands, struct sv_error *error)
{
	(void)values;
	return host_change(client, operands, json_true(), error);
}

static bool host_remove(struct client *client, void *values, char **operands,
		struct sv_error *error)
{
	(void)values;
	return host_change(client, operands, json_null(), error);
}

static bool host_list(struct client *client, void *values, char **operands, struct sv_error *error)
{
	json_t *answer;
	(void)values;
	TRY(client_check_name(operands[0], error));
	TRY(client_send(client, "GET", NULL, &answer, error, "/v1/deployments/%s", operands[0]));
	return host_show(answer, error);
}

static const struct client_action actions[] = {
		{"add", "NAME HOST", 2, host_add},
		{"list", "NAME", 1, host_list},
		{"remove", "NAME HOST", 2, host_remove},
		{NULL, NULL, 0, NULL},
};

static bool host_work(struct client *client, void *values, int count, char **operands,
		struct sv_error *error)
{
	return client_action_run(actions, "host", client, values, count, operands, error);
}

static const struct client_table table = {
		.options = {.command = "host",
				.rows = rows,
				.row_count = ARRAY_LENGTH(rows),
				.json_help = CLIENT_JSON_HELP,
				.operand = "action",
				.minimum_operands = 1,
				.maximum_operands = -1},
		.work = host_work,
};

int cmd_host(int argc, char **argv)
{
	struct host_options options = {.client = CLIENT_OPTIONS_INIT};
	return client_command(&table, argc, argv, &options);
}
