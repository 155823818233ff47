/*
 * cmd_env.c: `selvage env NAME [KEY=VALUE...]`.
 */
#include <stdio.h>

#include "cli/client_command.h"
#include "cli/client_print.h"
#include "cli/commands.h"

struct env_options {
	struct client_options client;
	struct option_list unset;
};

static const struct option_row rows[] = {
		{.name = "unset",
				.kind = OPTION_LIST,
				.offset = offsetof(struct env_options, unset),
				.argument = "KEY",
				.help = "take a variable away (repeatable)"},
		CLIENT_ROWS(struct env_options, client),
};

static bool env_body(json_t *body, const struct env_options *options, int count, char **operands,
		struct sv_error *error)
{
	for (int i = 1; i < count; i++)
		TRY(client_add_variable(body, operands[i], "env", error));
	for (size_t i = 0; i < options->unset.count; i++) {
		TRY(client_check_key(options->unset.items[i], error));
		TRY(client_add(body, options->unset.items[i], json_null(), error));
	}
	return true;
}

/* Changes if there are any; else what is there. */
static bool env_ask(struct client *client, json_t *body, const char *name, json_t **answer,
		struct sv_error *error)
{
	if (json_object_size(body))
		return client_send(client, "PATCH", body, answer, error, "/v1/deployments/%s/env",
				name);
	return client_send(client, "GET", NULL, answer, error, "/v1/deployments/%s", name);
}

static void env_print(json_t *env)
{
	const char *key;
	json_t *value;
	json_object_foreach(env, key, value)
	{
		print_text(stdout, key);
		putchar('=');
		print_text(stdout, json_is_string(value) ? json_string_value(value) : "-");
		putchar('\n');
	}
}

static bool env_work(struct client *client, void *values, int count, char **operands,
		struct sv_error *error)
{
	json_t *answer = NULL, *env, *body = json_object();
	bool done = env_body(body, values, count, operands, error) &&
			env_ask(client, body, operands[0], &answer, error) &&
			client_unpack_member(answer, "env", JSON_OBJECT, &env, error);
	if (done && !print_json(answer))
		env_print(env);
	json_decref(answer);
	json_decref(body);
	return done;
}

static const struct client_table table = {
		.options = {.command = "env",
				.rows = rows,
				.row_count = ARRAY_LENGTH(rows),
				.json_help = CLIENT_JSON_HELP,
				.operand = "name",
				.minimum_operands = 1,
				.maximum_operands = -1},
		.is_by_name = true,
		.work = env_work,
};

int cmd_env(int argc, char **argv)
{
	struct env_options options = {.client = CLIENT_OPTIONS_INIT};
	int code = client_command(&table, argc, argv, &options);
	option_list_finish(&options.unset);
	return code;
}
