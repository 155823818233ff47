/*
 * cmd_help.c: `selvage help [COMMAND]`.
 */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/report.h"
#include "runtime/selvage.h"

static int help_list(void)
{
	printf("selvage %s: compile WebAssembly ahead of time, run it, serve it\n\n", sv_version());
	for (const struct command *command = commands; command->name; command++)
		printf("  selvage %-9s %-34s %s\n", command->name, command->operands,
				command->summary);
	puts("\n`selvage help COMMAND` shows its options; `selvage --version` the version.");
	return EXIT_FINE;
}

int cmd_help(int argc, char **argv)
{
	if (argc < 2 || argv[1][0] == '-')
		return help_list();
	const struct command *command = command_find(argv[1]);
	if (!command)
		return report_usage("unknown command \"%s\" (see `selvage help`)", argv[1]);
	if (command->run == cmd_help)
		return help_list();
	char *arguments[] = {(char *)command->name, "--help", NULL};
	return command->run(2, arguments);
}
