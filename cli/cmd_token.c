/*
 * cmd_token.c: `selvage token create|list|revoke [ID]`.
 */
#include <stdio.h>

#include "cli/client_action.h"
#include "cli/client_print.h"
#include "cli/commands.h"

static const char *const roles[] = {"read", "deploy", "admin", NULL};

struct token_options {
	struct client_options client;
	const char *tenant;
	unsigned role;
};

static const struct option_row rows[] = {
		{.name = "role",
				.kind = OPTION_CHOICE,
				.offset = offsetof(struct token_options, role),
				.argument = "ROLE",
				.choices = roles,
				.help = "what a new token is good for: read (the default), deploy "
					"or admin"},
		{.name = "tenant",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct token_options, tenant),
				.argument = "NAME",
				.help = "whose a new token is (default: who makes it)"},
		CLIENT_ROWS(struct token_options, client),
};

static const struct print_field columns[] = {
		{"ID", "id"},
		{"TENANT", "tenant"},
		{"ROLE", "role"},
		{"CREATED", "created"},
		{"LAST USED", "last_used"},
};

/* The token alone on standard output; it is shown this once. */
static bool token_show_new(json_t *answer, struct sv_error *error)
{
	const char *id, *token;
	TRY(client_unpack(answer, error, "{s:s, s:s}", "id", &id, "token", &token));
	if (print_json(answer))
		return true;
	fputs("New token ", stderr);
	print_text(stderr, id);
	fputs(", shown only here:\n", stderr);
	print_text(stdout, token);
	putchar('\n');
	return true;
}

static bool token_create(struct client *client, void *values, char **operands,
		struct sv_error *error)
{
	const struct token_options *options = values;
	json_t *answer = NULL, *body = json_object();
	(void)operands;
	bool done = (!options->tenant ||
				    client_add(body, "tenant", json_string(options->tenant),
						    error)) &&
			client_add(body, "role", json_string(roles[options->role]), error) &&
			client_send(client, "POST", body, &answer, error, "/v1/tokens") &&
			token_show_new(answer, error);
	json_decref(answer);
	json_decref(body);
	return done;
}

static bool token_list(struct client *client, void *values, char **operands, struct sv_error *error)
{
	json_t *answer, *tokens;
	(void)values;
	(void)operands;
	TRY(client_send(client, "GET", NULL, &answer, error, "/v1/tokens"));
	bool done = client_unpack_member(answer, "tokens", JSON_ARRAY, &tokens, error);
	if (done && !print_json(answer))
		print_table(tokens, columns, ARRAY_LENGTH(columns));
	json_decref(answer);
	return done;
}

static bool token_revoke(struct client *client, void *values, char **operands,
		struct sv_error *error)
{
	json_t *answer;
	(void)values;
	TRY(client_check_id("token's id", operands[0], error));
	TRY(client_send(client, "DELETE", NULL, &answer, error, "/v1/tokens/%s", operands[0]));
	if (!print_json(answer))
		printf("%s is revoked\n", operands[0]);
	json_decref(answer);
	return true;
}

static const struct client_action actions[] = {
		{"create", "", 0, token_create},
		{"list", "", 0, token_list},
		{"revoke", "ID", 1, token_revoke},
		{NULL, NULL, 0, NULL},
};

static bool token_work(struct client *client, void *values, int count, char **operands,
		struct sv_error *error)
{
	return client_action_run(actions, "token", client, values, count, operands, error);
}

static const struct client_table table = {
		.options = {.command = "token",
				.rows = rows,
				.row_count = ARRAY_LENGTH(rows),
				.json_help = CLIENT_JSON_HELP,
				.operand = "action",
				.minimum_operands = 1,
				.maximum_operands = 2},
		.work = token_work,
};

int cmd_token(int argc, char **argv)
{
	struct token_options options = {.client = CLIENT_OPTIONS_INIT};
	return client_command(&table, argc, argv, &options);
}
