/*
 * cmd_validate.c: `selvage validate FILE...`.
 */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/module_open.h"
#include "cli/options.h"
#include "cli/report.h"
#include "compiler/compiler.h"

static const struct option_table table = {
		.command = "validate",
		.minimum_operands = 1,
		.maximum_operands = -1,
};

static int validate_file(const char *path)
{
	struct sv_error error = SV_ERROR_INIT;
	struct buffer module = {0};
	struct sv_compile_options options;
	sv_compile_options_init(&options);
	bool valid = module_read_binary(path, &module, &error);
	if (valid && !sv_validate(buffer_view(&module), &options, &error)) {
		sv_error_prefix(&error, "%s", module_label(path));
		valid = false;
	}
	buffer_finish(&module);
	if (!valid)
		return report_error(&error);
	printf("%s: valid\n", module_label(path));
	return EXIT_FINE;
}

int cmd_validate(int argc, char **argv)
{
	int operand;
	switch (options_parse(&table, argc, argv, NULL, &operand)) {
	case OPTIONS_HELP:
		return EXIT_FINE;
	case OPTIONS_WRONG:
		return EXIT_USAGE;
	case OPTIONS_READY:
		break;
	}
	int code = EXIT_FINE;
	for (int i = operand; i < argc; i++) {
		if (validate_file(argv[i]) != EXIT_FINE)
			code = EXIT_FAILED;
	}
	return code;
}
