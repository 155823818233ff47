/*
 * cmd_run.c: `selvage run`: one instance, one call, and its outcome as the exit code.
 */
#include <stdlib.h>

#include "abi/limits.h"
#include "cli/commands.h"
#include "cli/guest.h"
#include "cli/invoke.h"
#include "cli/profile_file.h"
#include "cli/report.h"

struct run_options {
	struct guest_options guest;
	const char *invoke; /* NULL: run _start */
	const char *profile_out; /* NULL: by the file's name, if its code counts */
};

static const struct option_row rows[] = {
		{.name = "invoke",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct run_options, invoke),
				.argument = "NAME",
				.help = "call this exported function with ARGS and print its "
					"results"},
		PROFILE_OUT_ROW(struct run_options, profile_out),
		GUEST_ROWS(struct run_options, guest),
};

static const struct option_table table = {
		.command = "run",
		.rows = rows,
		.row_count = ARRAY_LENGTH(rows),
		.stop_at_operand = true,
		.minimum_operands = 1,
		.maximum_operands = -1,
};

struct run {
	struct guest guest;
	const char *invoke;
	char *const *arguments; /* [0] is the file */
	int argument_count;
};

static int run_call(struct run *run, struct sv_funcref *function)
{
	struct sv_error error = SV_ERROR_INIT;
	char signature[2 * SV_MAX_PARAMETERS + 2];
	check(sv_function_signature(run->guest.engine, function, signature, sizeof signature));
	union sv_value *values = calloc(signature_room(signature), sizeof *values);
	if (!values)
		return report_errno("no memory for arguments");
	int code;
	if (arguments_parse(run->invoke, signature, run->arguments + 1, run->argument_count - 1,
			    values, &error)) {
		enum sv_outcome outcome =
				sv_call(run->guest.store, function, signature, values, &error);
		code = guest_report(&run->guest, outcome, &error);
		if (code == EXIT_FINE)
			results_print(stdout, signature, values);
	} else {
		code = report_error(&error);
	}
	free(values);
	return code;
}

static int run_instance(struct run *run, struct sv_instance *instance)
{
	struct sv_error error = SV_ERROR_INIT;
	const char *name = run->invoke ? run->invoke : "_start";
	struct sv_funcref *function = sv_instance_function(instance, name);
	if (!function) {
		sv_fail(&error, SV_ERROR_LINK, "%s: no function \"%s\" is exported%s",
				run->arguments[0], name,
				run->invoke ? "" : " (not a WASI command; see --invoke)");
		return report_error(&error);
	}
	if (!run->invoke)
		return guest_call_plain(&run->guest, function, name);
	/* A WASI reactor wants to be initialised before any other call. */
	struct sv_funcref *initialize = sv_instance_function(instance, "_initialize");
	if (initialize && initialize != function) {
		int code = guest_call_plain(&run->guest, initialize, "_initialize");
		if (code != EXIT_FINE)
			return code;
	}
	return run_call(run, function);
}

static int run_file(const struct run_options *options, int count, char *const *arguments)
{
	struct sv_error error = SV_ERROR_INIT;
	struct run run = {
			.invoke = options->invoke, .arguments = arguments, .argument_count = count};
	/* A function that is called by name takes its arguments itself. */
	const struct guest_view view = {.arguments = arguments,
			.argument_count = options->invoke ? 1 : (size_t)count,
			.streams = {0, 1, 2}};
	int code;
	if (guest_open(&run.guest, &options->guest, &view, &error) &&
			profile_file_check(run.guest.artifact, arguments[0], options->profile_out,
					&error)) {
		struct sv_instance *instance = guest_start(&run.guest, &code);
		if (instance)
			code = run_instance(&run, instance);
		guest_stop(&run.guest);
		if (!profile_file_add(run.guest.artifact, arguments[0], options->profile_out,
				    &error))
			code = report_error(&error);
	} else {
		code = report_error(&error);
	}
	guest_finish(&run.guest);
	return code;
}

int cmd_run(int argc, char **argv)
{
	struct run_options options = {.guest = GUEST_OPTIONS_INIT};
	int operand, code;
	if (options_parse(&table, argc, argv, &options, &operand, &code))
		code = run_file(&options, argc - operand, argv + operand);
	guest_options_finish(&options.guest);
	return code;
}
