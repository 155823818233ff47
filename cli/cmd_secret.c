/*
 * cmd_secret.c: `selvage secret set|list|remove NAME [KEY]`.
 */
#include <stdio.h>

#include "cli/client_action.h"
#include "cli/client_print.h"
#include "cli/commands.h"
#include "cli/secret_text.h"

struct secret_options {
	struct client_options client;
	const char *file;
};

static const struct option_row rows[] = {
		{.name = "file",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct secret_options, file),
				.argument = "FILE",
				.help = "where the value is (default: standard input)"},
		CLIENT_ROWS(struct secret_options, client),
};

static void secret_print(json_t *secrets)
{
	size_t i;
	json_t *name;
	json_array_foreach(secrets, i, name)
	{
		print_text(stdout, json_is_string(name) ? json_string_value(name) : "-");
		putchar('\n');
	}
}

/* Both lists and changes are answered with the names of all. */
static bool secret_show(json_t *answer, struct sv_error *error)
{
	json_t *secrets;
	bool done = client_unpack_member(answer, "secrets", JSON_ARRAY, &secrets, error);
	if (done && !print_json(answer))
		secret_print(secrets);
	json_decref(answer);
	return done;
}

/* `value` goes to the body; NULL is a value that could not be made. */
static bool secret_change(struct client *client, char **operands, json_t *value,
		struct sv_error *error)
{
	json_t *answer, *body = json_object();
	bool done = client_add(body, operands[1], value, error) &&
			client_send(client, "PATCH", body, &answer, error,
					"/v1/deployments/%s/secrets", operands[0]) &&
			secret_show(answer, error);
	json_decref(body);
	return done;
}

static bool secret_check(char **operands, struct sv_error *error)
{
	return client_check_name(operands[0], error) && client_check_key(operands[1], error);
}

static bool secret_set(struct client *client, void *values, char **operands, struct sv_error *error)
{
	const struct secret_options *options = values;
	TRY(secret_check(operands, error));
	char *text = secret_text_read(options->file ? options->file : "-", operands[1], error);
	if (!text)
		return false;
	bool done = secret_change(client, operands, json_string(text), error);
	secret_text_free(text);
	return done;
}

static bool secret_remove(struct client *client, void *values, char **operands,
		struct sv_error *error)
{
	(void)values;
	TRY(secret_check(operands, error));
	return secret_change(client, operands, json_null(), error);
}

static bool secret_list(struct client *client, void *values, char **operands,
		struct sv_error *error)
{
	json_t *answer;
	(void)values;
	TRY(client_check_name(operands[0], error));
	TRY(client_send(client, "GET", NULL, &answer, error, "/v1/deployments/%s", operands[0]));
	return secret_show(answer, error);
}

static const struct client_action actions[] = {
		{"set", "NAME KEY", 2, secret_set},
		{"list", "NAME", 1, secret_list},
		{"remove", "NAME KEY", 2, secret_remove},
		{NULL, NULL, 0, NULL},
};

static bool secret_work(struct client *client, void *values, int count, char **operands,
		struct sv_error *error)
{
	return client_action_run(actions, "secret", client, values, count, operands, error);
}

static const struct client_table table = {
		.options = {.command = "secret",
				.rows = rows,
				.row_count = ARRAY_LENGTH(rows),
				.json_help = CLIENT_JSON_HELP,
				.operand = "action",
				.minimum_operands = 1,
				.maximum_operands = -1},
		.work = secret_work,
};

int cmd_secret(int argc, char **argv)
{
	struct secret_options options = {.client = CLIENT_OPTIONS_INIT};
	return client_command(&table, argc, argv, &options);
}
