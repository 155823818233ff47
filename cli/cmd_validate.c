/*
 * cmd_validate.c: `selvage validate FILE...`.
 */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/feature_list.h"
#include "cli/module_open.h"
#include "cli/options.h"
#include "cli/report.h"
#include "compiler/compiler.h"

struct validate_command {
	const char *features; /* NULL: all */
};

static const struct option_row rows[] = {
		{.name = "features",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct validate_command, features),
				.argument = "LIST",
				.help = "switch proposals on or off: -gc,-threads or -all,+simd"},
};

static const struct option_table table = {
		.command = "validate",
		.rows = rows,
		.row_count = ARRAY_LENGTH(rows),
		.minimum_operands = 1,
		.maximum_operands = -1,
};

static int validate_file(const char *path, const struct sv_compile_options *options)
{
	struct sv_error error = SV_ERROR_INIT;
	struct buffer module = {0};
	bool valid = module_read_binary(path, &module, &error);
	if (valid && !sv_validate(buffer_view(&module), options, &error)) {
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
	int operand, code;
	struct validate_command command = {NULL};
	struct sv_compile_options options;
	struct sv_error error = SV_ERROR_INIT;
	if (!options_parse(&table, argc, argv, &command, &operand, &code))
		return code;
	sv_compile_options_init(&options);
	if (!feature_list_apply(command.features, &options.features, &error))
		return report_error(&error);
	for (int i = operand; i < argc; i++) {
		if (validate_file(argv[i], &options) != EXIT_FINE)
			code = EXIT_FAILED;
	}
	return code;
}
