/*
 * cmd_key.c: `selvage key create|show FILE`: the keys that sign artifacts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/report.h"
#include "platform/signature.h"

static const struct option_table table = {
		.command = "key",
		.json_help = "what is shown as a JSON object, and errors as one on standard error",
		.operand = "action and file",
		.minimum_operands = 2,
		.maximum_operands = 2,
};

static bool key_print(json_t *keys, const char *path, struct sv_error *error)
{
	size_t i;
	json_t *key, *answer = json_pack("{s:s, s:O}", "file", path, "keys", keys);
	char *text = answer && report_uses_json() ? json_dumps(answer, JSON_INDENT(1)) : NULL;
	bool done = answer && (text || !report_uses_json());
	if (text)
		puts(text);
	json_array_foreach(keys, i, key)
	{
		if (!text)
			puts(json_string_value(key));
	}
	free(text);
	json_decref(answer);
	return done || sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for an answer");
}

static bool key_add(void *keys, const char *signer)
{
	return json_array_append_new(keys, json_string(signer)) == 0;
}

static bool key_work(char **operands, json_t *keys, struct sv_error *error)
{
	char signer[SIGNER_SIZE];
	if (strcmp(operands[0], "create") == 0) {
		TRY(signature_key_make(operands[1], signer, error));
		return key_add(keys, signer) && key_print(keys, operands[1], error);
	}
	if (strcmp(operands[0], "show") == 0)
		return signature_keys(operands[1], key_add, keys, error) &&
				key_print(keys, operands[1], error);
	return sv_fail(error, SV_ERROR_USAGE, "key: \"%.80s\" is neither create nor show",
			operands[0]);
}

int cmd_key(int argc, char **argv)
{
	struct sv_error error = SV_ERROR_INIT;
	int operand, code;
	if (!options_parse(&table, argc, argv, NULL, &operand, &code))
		return code;
	json_t *keys = json_array();
	bool done = keys && key_work(argv + operand, keys, &error);
	json_decref(keys);
	return done ? EXIT_FINE : report_error(&error);
}
