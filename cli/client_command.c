/*
 * client_command.c: the frame of the commands that ask a server.
 */
#include "cli/client_command.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/client_place.h"
#include "cli/report.h"
#include "cli/secret_text.h"

#define NAME_LIMIT 63
#define KEY_LIMIT 128

#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static int client_report(const struct client *client, const struct sv_error *error)
{
	const struct client_end *end = client ? client_last_end(client) : NULL;
	if (error->code == SV_ERROR_REMOTE && end && end->reached)
		return report_refusal(error, end->status, end->code);
	return report_error(error);
}

static int client_work(const struct client_table *table, void *values, int count, char **operands)
{
	const struct client_options *options = values;
	struct sv_error error = SV_ERROR_INIT;
	struct client_place place = {0};
	struct client *client = NULL;
	int code = EXIT_FINE;
	if (client_place_find(&place, options->url, options->token_file, &error))
		client = client_new(&place, options->timeout, &error);
	bool done = client && (!table->is_by_name || client_check_name(operands[0], &error)) &&
			table->work(client, values, count, operands, &error);
	if (!done)
		code = client_report(client, &error);
	client_free(client);
	client_place_finish(&place);
	return code;
}

int client_command(const struct client_table *table, int argc, char **argv, void *values)
{
	int operand, code;
	/* Tokens and secrets are no part of a core file. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	secret_text_guard_json();
	if (!options_parse(&table->options, argc, argv, values, &operand, &code))
		return code;
	return client_work(table, values, argc - operand, argv + operand);
}

/* ---- operands ---- */

/* `text` is 1 to `limit` of `letters`. */
static bool text_is_of(const char *text, size_t limit, const char *letters)
{
	size_t length = strlen(text);
	return length > 0 && length <= limit && strspn(text, letters) == length;
}

bool client_check_name(const char *name, struct sv_error *error)
{
	if (text_is_of(name, NAME_LIMIT, LOWER DIGITS "-") && name[0] != '-' &&
			name[strlen(name) - 1] != '-')
		return true;
	return sv_fail(error, SV_ERROR_USAGE,
			"\"%.80s\" is no name of a deployment: 1 to %d of a-z, 0-9 and '-', with "
			"no '-' at either end",
			name, NAME_LIMIT);
}

bool client_check_id(const char *what, const char *id, struct sv_error *error)
{
	if (text_is_of(id, 64, LOWER UPPER DIGITS "_-"))
		return true;
	return sv_fail(error, SV_ERROR_USAGE,
			"\"%.80s\" is no %s: 1 to 64 of a-z, A-Z, 0-9, '_' and '-'", id, what);
}

bool client_check_key(const char *key, struct sv_error *error)
{
	if (text_is_of(key, KEY_LIMIT, LOWER UPPER DIGITS "_") && !strchr(DIGITS, key[0]))
		return true;
	return sv_fail(error, SV_ERROR_USAGE,
			"\"%.80s\" is no name of a variable: letters, digits and '_', not first a "
			"digit, at most %d",
			key, KEY_LIMIT);
}

bool client_add(json_t *object, const char *key, json_t *value, struct sv_error *error)
{
	if (json_object_set_new(object, key, value) == 0)
		return true;
	return sv_fail(error, SV_ERROR_USAGE, "%s: the value is not UTF-8, or there is no memory",
			key);
}

bool client_add_variable(json_t *variables, const char *text, const char *option,
		struct sv_error *error)
{
	const char *equals = strchr(text, '=');
	char key[KEY_LIMIT + 2];
	if (!equals || equals == text)
		return sv_fail(error, SV_ERROR_USAGE, "%s takes NAME=VALUE, not \"%.80s\"", option,
				text);
	snprintf(key, sizeof key, "%.*s", (int)(equals - text), text);
	TRY(client_check_key(key, error));
	return client_add(variables, key, json_string(equals + 1), error);
}
