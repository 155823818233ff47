/*
 * commands.h: one function for each command of commands.def. `argv[0]` is the command's name;
 * the result is the exit code of the process.
 */
#ifndef SELVAGE_CLI_COMMANDS_H
#define SELVAGE_CLI_COMMANDS_H

#include <stddef.h>

#define COMMAND(name, operands, summary) int cmd_##name(int argc, char **argv);
#include "cli/commands.def"
#undef COMMAND

struct command {
	const char *name;
	const char *operands;
	const char *summary;
	int (*run)(int argc, char **argv);
};

/* All commands, ended by a row whose name is NULL. */
extern const struct command commands[];

/* The command of this name, or NULL. */
const struct command *command_find(const char *name);

#endif
