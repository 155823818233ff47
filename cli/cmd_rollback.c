/*
 * cmd_rollback.c: `selvage rollback NAME [VERSION]`.
 */
#include <stdio.h>

#include "cli/client_command.h"
#include "cli/client_print.h"
#include "cli/commands.h"
#include "cli/units.h"

struct rollback_options {
	struct client_options client;
};

static const struct option_row rows[] = {
		CLIENT_ROWS(struct rollback_options, client),
};

static bool rollback_body(json_t *body, const char *version, struct sv_error *error)
{
	uint64_t number;
	if (!version)
		return true;
	TRY(number_parse("VERSION", version, 1, INT32_MAX, &number, error));
	return client_add(body, "version", json_integer((json_int_t)number), error);
}

static bool rollback_work(struct client *client, void *values, int count, char **operands,
		struct sv_error *error)
{
	json_t *answer = NULL, *body = json_object();
	json_int_t version;
	(void)values;
	bool done = rollback_body(body, count > 1 ? operands[1] : NULL, error) &&
			client_send(client, "POST", body, &answer, error,
					"/v1/deployments/%s/rollback", operands[0]) &&
			client_unpack(answer, error, "{s:I}", "version", &version);
	if (done && !print_json(answer))
		printf("%s serves version %" JSON_INTEGER_FORMAT "\n", operands[0], version);
	json_decref(answer);
	json_decref(body);
	return done;
}

static const struct client_table table = {
		.options = {.command = "rollback",
				.rows = rows,
				.row_count = ARRAY_LENGTH(rows),
				.json_help = CLIENT_JSON_HELP,
				.operand = "name",
				.minimum_operands = 1,
				.maximum_operands = 2},
		.is_by_name = true,
		.work = rollback_work,
};

int cmd_rollback(int argc, char **argv)
{
	struct rollback_options options = {.client = CLIENT_OPTIONS_INIT};
	return client_command(&table, argc, argv, &options);
}
