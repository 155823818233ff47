/*
 * client_action.c: commands of several actions.
 */
#include "cli/client_action.h"

#include <stdio.h>
#include <string.h>

bool client_action_run(const struct client_action *actions, const char *command,
		struct client *client, void *values, int count, char **operands,
		struct sv_error *error)
{
	char known[100] = "";
	for (const struct client_action *action = actions; action->name; action++) {
		snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s",
				known[0] ? ", " : "", action->name);
		if (strcmp(action->name, operands[0]) != 0)
			continue;
		if (count - 1 == action->operand_count)
			return action->work(client, values, operands + 1, error);
		return sv_fail(error, SV_ERROR_USAGE,
				"usage: selvage %s %s%s%s (see `selvage help %s`)", command,
				action->name, action->operand_count ? " " : "", action->operands,
				command);
	}
	return sv_fail(error, SV_ERROR_USAGE, "%s takes one of %s, not \"%.80s\"", command, known,
			operands[0]);
}
