/*
 * client_command.h: what all commands that ask a server have in common: options, the server, the
 * end; and checks of operands that become part of an address.
 */
#ifndef SELVAGE_CLI_CLIENT_COMMAND_H
#define SELVAGE_CLI_CLIENT_COMMAND_H

#include <stdint.h>

#include "cli/client.h"
#include "cli/options.h"

/* The first member of the struct that holds such a command's options. */
struct client_options {
	const char *url;
	const char *token_file;
	uint64_t timeout;
};

#define CLIENT_OPTIONS_INIT {.timeout = UINT64_C(300000000000)}

/* Rows for the options of a struct `type` whose member `field` is the client_options. */
#define CLIENT_ROWS(type, field) \
	{.name = "url", \
			.kind = OPTION_TEXT, \
			.offset = offsetof(type, field.url), \
			.argument = "URL", \
			.help = "control address of the server (default: SELVAGE_URL, then " \
				"client.json)"}, \
			{.name = "token-file", \
					.kind = OPTION_TEXT, \
					.offset = offsetof(type, field.token_file), \
					.argument = "FILE", \
					.help = "file with the token (default: SELVAGE_TOKEN, " \
						"then client.json)"}, \
			{.name = "timeout", \
					.kind = OPTION_DURATION, \
					.offset = offsetof(type, field.timeout), \
					.argument = "DUR", \
					.help = "time for one request to the server (default 5m)"}

#define CLIENT_JSON_HELP "the server's answer, or an error, as JSON"

struct client_table {
	struct option_table options;
	bool is_by_name; /* the first operand is a deployment's name, and is checked */
	/* Does the work with the options and the operands, of which there are as many as the table
	 * allows. What it prints is the answer; false with `error` is the command's end. */
	bool (*work)(struct client *client, void *values, int count, char **operands,
			struct sv_error *error);
};

/* The whole command; `values` begins with its struct client_options. Returns the exit code. */
int client_command(const struct client_table *table, int argc, char **argv, void *values);

/* A deployment's name, a DNS label. */
SV_MUST_USE bool client_check_name(const char *name, struct sv_error *error);

/* What a server calls a build or a token; `what` is for the message. */
SV_MUST_USE bool client_check_id(const char *what, const char *id, struct sv_error *error);

/* K=V into an object of variables; `option` is for the message. */
SV_MUST_USE bool client_add_variable(json_t *variables, const char *text, const char *option,
		struct sv_error *error);

/* A variable's or a secret's name. */
SV_MUST_USE bool client_check_key(const char *key, struct sv_error *error);

/* Add `value`, which may be NULL, to an object that takes it over. */
SV_MUST_USE bool client_add(json_t *object, const char *key, json_t *value, struct sv_error *error);

#endif
