/*
 * main.c: finds the command and hands over. What a command does is in its own file.
 */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/report.h"
#include "runtime/selvage.h"
#include "server/tls.h"

const struct command commands[] = {
#define COMMAND(name, operands, summary) {#name, operands, summary, cmd_##name},
#include "cli/commands.def"
#undef COMMAND
		{NULL, NULL, NULL, NULL},
};

const struct command *command_find(const char *name)
{
	for (const struct command *command = commands; command->name; command++) {
		if (strcmp(command->name, name) == 0)
			return command;
	}
	return NULL;
}

static int main_command(int argc, char **argv)
{
	if (argc < 2)
		return report_usage("no command given (see `selvage help`)");
	const char *name = argv[1];
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		printf("selvage %s\n", sv_version());
		return EXIT_FINE;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	const struct command *command = command_find(name);
	if (!command)
		return report_usage("unknown command \"%s\" (see `selvage help`)", name);
	argv[1] = (char *)command->name;
	return command->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	tls_memory_init();
	int code = main_command(argc, argv);
	/* What was printed counts only if it arrived: a full disk is an error. */
	if (fflush(stdout) != 0 && code == EXIT_FINE)
		return report_errno("cannot write to standard output");
	return code;
}
