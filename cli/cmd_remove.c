/*
 * cmd_remove.c: `selvage remove NAME`.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/client_command.h"
#include "cli/client_print.h"
#include "cli/commands.h"

struct remove_options {
	struct client_options client;
	bool yes;
};

static const struct option_row rows[] = {
		{.name = "yes",
				.letter = 'y',
				.kind = OPTION_FLAG,
				.offset = offsetof(struct remove_options, yes),
				.help = "do not ask"},
		CLIENT_ROWS(struct remove_options, client),
};

/* All of it goes: versions, variables, secrets, logs. */
static bool remove_is_meant(const char *name, struct sv_error *error)
{
	char answer[80] = "";
	if (!isatty(STDIN_FILENO))
		return sv_fail(error, SV_ERROR_USAGE,
				"remove: nobody to ask whether %s should go (--yes)", name);
	fprintf(stderr, "Remove %s with all its versions, variables, secrets and logs? [y/N] ",
			name);
	fflush(stderr);
	if (!fgets(answer, sizeof answer, stdin))
		answer[0] = '\0';
	answer[strcspn(answer, "\n")] = '\0';
	if (strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0)
		return true;
	return sv_fail(error, SV_ERROR_SYSTEM, "%s stays", name);
}

static bool remove_work(struct client *client, void *values, int count, char **operands,
		struct sv_error *error)
{
	const struct remove_options *options = values;
	json_t *answer;
	(void)count;
	if (!options->yes)
		TRY(remove_is_meant(operands[0], error));
	TRY(client_send(client, "DELETE", NULL, &answer, error, "/v1/deployments/%s", operands[0]));
	if (!print_json(answer))
		printf("%s is removed\n", operands[0]);
	json_decref(answer);
	return true;
}

static const struct client_table table = {
		.options = {.command = "remove",
				.rows = rows,
				.row_count = ARRAY_LENGTH(rows),
				.json_help = CLIENT_JSON_HELP,
				.operand = "name",
				.minimum_operands = 1,
				.maximum_operands = 1},
		.is_by_name = true,
		.work = remove_work,
};

int cmd_remove(int argc, char **argv)
{
	struct remove_options options = {.client = CLIENT_OPTIONS_INIT};
	return client_command(&table, argc, argv, &options);
}
