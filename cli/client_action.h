/*
 * client_action.h: commands of several actions, named by their first operand.
 */
#ifndef SELVAGE_CLI_CLIENT_ACTION_H
#define SELVAGE_CLI_CLIENT_ACTION_H

#include "cli/client_command.h"

struct client_action {
	const char *name;
	const char *operands; /* behind the name, for the message; empty for none */
	int operand_count;    /* exactly so many */
	bool (*work)(struct client *client, void *values, char **operands, struct sv_error *error);
};

/* Find the action of the first operand in a list that ends with a name of NULL, and do it. */
SV_MUST_USE bool client_action_run(const struct client_action *actions, const char *command,
		struct client *client, void *values, int count, char **operands,
		struct sv_error *error);

#endif
