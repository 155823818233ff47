/*
 * cmd_status.c: `selvage status NAME`.
 */
#include <stdio.h>

#include "cli/client_command.h"
#include "cli/client_print.h"
#include "cli/commands.h"

struct status_options {
	struct client_options client;
};

static const struct option_row rows[] = {
		CLIENT_ROWS(struct status_options, client),
};

static const struct print_field fields[] = {
		{"name", "name"},
		{"address", "url"},
		{"over HTTP", "http_url"},
		{"version", "version"},
		{"state", "state"},
		{"tier", "tier"},
		{"created", "created"},
		{"updated", "updated"},
		{"expires", "expires"},
};

static const struct print_field columns[] = {
		{"VERSION", "version"},
		{"CURRENT", "current"},
		{"STATE", "state"},
		{"CREATED", "created"},
		{"BYTES", "size"},
		{"MODULE", "module"},
		{"MESSAGE", "message"},
};

/* One line with the names in it; values of variables are for `selvage env`. */
static void status_print_names(const char *title, const char *name, bool is_first)
{
	if (is_first)
		printf("%-12s ", title);
	else
		putchar(' ');
	print_text(stdout, name);
}

static void status_print(json_t *answer, json_t *versions, json_t *env, json_t *secrets)
{
	const char *key;
	json_t *value;
	size_t i, n = 0;
	print_fields(answer, fields, ARRAY_LENGTH(fields));
	json_object_foreach(env, key, value) status_print_names("variables", key, n++ == 0);
	if (n)
		putchar('\n');
	json_array_foreach(secrets, i, value)
	{
		const char *name = json_string_value(value);
		status_print_names("secrets", name ? name : "-", i == 0);
	}
	if (json_array_size(secrets))
		putchar('\n');
	putchar('\n');
	print_table(versions, columns, ARRAY_LENGTH(columns));
}

static bool status_work(struct client *client, void *values, int count, char **operands,
		struct sv_error *error)
{
	json_t *answer, *versions, *env, *secrets;
	(void)values;
	(void)count;
	TRY(client_send(client, "GET", NULL, &answer, error, "/v1/deployments/%s", operands[0]));
	bool done = client_unpack_member(answer, "versions", JSON_ARRAY, &versions, error) &&
			client_unpack_member(answer, "secrets", JSON_ARRAY, &secrets, error) &&
			client_unpack_member(answer, "env", JSON_OBJECT, &env, error);
	if (done && !print_json(answer))
		status_print(answer, versions, env, secrets);
	json_decref(answer);
	return done;
}

static const struct client_table table = {
		.options = {.command = "status",
				.rows = rows,
				.row_count = ARRAY_LENGTH(rows),
				.json_help = CLIENT_JSON_HELP,
				.operand = "name",
				.minimum_operands = 1,
				.maximum_operands = 1},
		.is_by_name = true,
		.work = status_work,
};

int cmd_status(int argc, char **argv)
{
	struct status_options options = {.client = CLIENT_OPTIONS_INIT};
	return client_command(&table, argc, argv, &options);
}
