/*
 * cmd_audit.c: `selvage audit`.
 */
#include "cli/client_command.h"
#include "cli/client_print.h"
#include "cli/commands.h"

struct audit_options {
	struct client_options client;
};

static const struct option_row rows[] = {
		CLIENT_ROWS(struct audit_options, client),
};

static const struct print_field columns[] = {
		{"TIME", "time"},
		{"TENANT", "tenant"},
		{"TOKEN", "token"},
		{"ACTION", "action"},
		{"RESULT", "result"},
		{"SUBJECT", "subject"},
};

static bool audit_work(struct client *client, void *values, int count, char **operands,
		struct sv_error *error)
{
	json_t *answer, *entries;
	(void)values;
	(void)count;
	(void)operands;
	TRY(client_send(client, "GET", NULL, &answer, error, "/v1/audit"));
	bool done = client_unpack_member(answer, "entries", JSON_ARRAY, &entries, error);
	if (done && !print_json(answer))
		print_table(entries, columns, ARRAY_LENGTH(columns));
	json_decref(answer);
	return done;
}

static const struct client_table table = {
		.options = {.command = "audit",
				.rows = rows,
				.row_count = ARRAY_LENGTH(rows),
				.json_help = CLIENT_JSON_HELP},
		.work = audit_work,
};

int cmd_audit(int argc, char **argv)
{
	struct audit_options options = {.client = CLIENT_OPTIONS_INIT};
	return client_command(&table, argc, argv, &options);
}
