/*
 * cmd_snapshot.c: `selvage snapshot`: run the initialiser of a module once and write an artifact
 * whose instances begin behind it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/guest.h"
#include "cli/output.h"
#include "cli/report.h"
#include "runtime/artifact.h"
#include "runtime/snapshot.h"

struct snapshot_options {
	struct guest_options guest;
	const char *init; /* NULL: the first of `usual_names` that is there */
	const char *output;
	struct option_list renames; /* "NEW=OLD" */
};

static const struct option_row rows[] = {
		{.name = "init",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct snapshot_options, init),
				.argument = "NAME",
				.help = "the exported function to call (default: wizer.initialize, "
					"else _initialize)"},
		{.name = "output",
				.letter = 'o',
				.kind = OPTION_TEXT,
				.offset = offsetof(struct snapshot_options, output),
				.argument = "FILE",
				.help = "result; \"-\": standard output (default: MODULE with "
					".snapshot.so)"},
		{.name = "rename",
				.kind = OPTION_LIST,
				.offset = offsetof(struct snapshot_options, renames),
				.argument = "NAME=OTHER",
				.help = "let the export NAME be the function that OTHER is"},
		GUEST_ROWS(struct snapshot_options, guest),
};

static const struct option_table table = {
		.command = "snapshot",
		.rows = rows,
		.row_count = ARRAY_LENGTH(rows),
		.minimum_operands = 1,
		.maximum_operands = 1,
};

/* A reactor's _initialize comes before any other call, so before the one that was asked for. */
static const char reactor_name[] = "_initialize";
static const char wizer_name[] = "wizer.initialize";

struct snapshot_run {
	struct guest guest;
	const struct snapshot_options *options;
	const char *initialiser; /* its name */
	struct sv_instance *instance;
	struct snapshot_rename *renames; /* owned */
};

/* ---- what to call ---- */

static bool export_is_plain(const struct sv_artifact *artifact,
		const struct sv_export_record *export)
{
	if (export->kind != SV_EXTERN_FUNCTION)
		return false;
	uint32_t index = artifact_functions(artifact)[export->index].type;
	const struct sv_type_record *type = &artifact_types(artifact)[index];
	return !type->parameter_count && !type->result_count;
}

/* Names of exports that could be called, in quotes; "" if there are none. */
static void initialisers_text(const struct sv_artifact *artifact, char *text, size_t size)
{
	size_t used = 0;
	for (uint32_t i = 0; i < artifact->header->exports.count; i++) {
		const struct sv_export_record *export = &artifact_exports(artifact)[i];
		if (!export_is_plain(artifact, export))
			continue;
		if (used + export->name.length + sizeof ", \"\", ..." > size) {
			snprintf(text + used, size - used, "%s...", used ? ", " : "");
			return;
		}
		used += (size_t)snprintf(text + used, size - used, "%s\"%.*s\"", used ? ", " : "",
				(int)export->name.length, artifact_string(artifact, export->name));
	}
}

static bool snapshot_find_initialiser(struct snapshot_run *run, struct sv_error *error)
{
	const char *const usual[] = {wizer_name, reactor_name};
	const char *named = run->options->init;
	const char *const *names = named ? &named : usual;
	const struct sv_artifact *artifact = run->guest.artifact;
	char usable[200] = "";
	for (size_t i = 0; i < (named ? 1 : ARRAY_LENGTH(usual)); i++) {
		const struct sv_export_record *export = artifact_find_export(artifact, names[i],
				strlen(names[i]), SV_EXTERN_FUNCTION);
		run->initialiser = names[i];
		if (export && !export_is_plain(artifact, export))
			return sv_fail(error, SV_ERROR_LINK, "%s: %s must take and return nothing",
					run->guest.path, names[i]);
		if (export)
			return true;
	}
	initialisers_text(artifact, usable, sizeof usable);
	const char *advice = *usable ? "--init could name "
				     : "nor any function that takes and returns nothing";
	if (named)
		return sv_fail(error, SV_ERROR_LINK, "%s: no function \"%.100s\" is exported; %s%s",
				run->guest.path, named, advice, usable);
	return sv_fail(error, SV_ERROR_LINK, "%s: neither \"%s\" nor \"%s\" is exported; %s%s",
			run->guest.path, wizer_name, reactor_name, advice, usable);
}

/* What ended a call, if the guest has not said so itself. */
static int snapshot_end(struct snapshot_run *run, const char *name, int code)
{
	struct sv_error error = SV_ERROR_INIT;
	if (!run->guest.has_exited || (code == EXIT_FINE && run->instance))
		return code;
	sv_fail(&error, SV_ERROR_TRAP, "%s: %s exited with code %d", run->guest.path, name,
			(int)sv_store_exit_code(run->guest.store));
	report_error(&error);
	return code == EXIT_FINE ? EXIT_FAILED : code;
}

static int snapshot_call(struct snapshot_run *run, const char *name)
{
	struct sv_funcref *function = sv_instance_function(run->instance, name);
	return snapshot_end(run, name, guest_call_plain(&run->guest, function, name));
}

/* ---- what becomes of the exports ---- */

/* "NAME=OTHER", both parts not empty. */
static bool rename_parse(const char *text, struct snapshot_rename *rename, struct sv_error *error)
{
	const char *equals = strchr(text, '=');
	if (!equals || equals == text || !equals[1])
		return sv_fail(error, SV_ERROR_USAGE, "--rename takes NAME=OTHER, not \"%s\"",
				text);
	rename->name = (struct sv_bytes){(const uint8_t *)text, (size_t)(equals - text)};
	rename->source = (struct sv_bytes){(const uint8_t *)equals + 1, strlen(equals + 1)};
	return true;
}

static bool snapshot_renames(struct snapshot_run *run, struct sv_error *error)
{
	const struct option_list *list = &run->options->renames;
	run->renames = calloc(list->count + 1, sizeof *run->renames);
	if (!run->renames)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for names");
	for (size_t i = 0; i < list->count; i++)
		TRY(rename_parse(list->items[i], &run->renames[i], error));
	return true;
}

/* ---- the command ---- */

/* What was called must not be called again, so the snapshot does not export it. */
static int snapshot_save(struct snapshot_run *run)
{
	const char *const hidden[] = {run->initialiser, reactor_name};
	const struct snapshot_exports exports = {.hidden = hidden,
			.hidden_count = ARRAY_LENGTH(hidden),
			.renames = run->renames,
			.rename_count = run->options->renames.count};
	struct sv_error error = SV_ERROR_INIT;
	struct buffer output = {0};
	bool done = snapshot_make(run->instance, &exports, &output, &error);
	if (!done)
		sv_error_prefix(&error, "%s", run->guest.path);
	done = done && output_write(run->options->output, buffer_view(&output), 0777, &error);
	buffer_finish(&output);
	return done ? EXIT_FINE : report_error(&error);
}

static int snapshot_execute(struct snapshot_run *run)
{
	int code = EXIT_FINE;
	run->instance = guest_start(&run->guest, &code);
	if (!run->instance)
		return snapshot_end(run, "the start function", code);
	if (strcmp(run->initialiser, reactor_name) != 0 &&
			sv_instance_function(run->instance, reactor_name))
		code = snapshot_call(run, reactor_name);
	if (code == EXIT_FINE)
		code = snapshot_call(run, run->initialiser);
	return code == EXIT_FINE ? snapshot_save(run) : code;
}

static int snapshot_file(const struct snapshot_options *options, char *const *arguments)
{
	struct sv_error error = SV_ERROR_INIT;
	struct snapshot_run run = {.options = options};
	/* If the artifact goes to standard output, what the guest says must not. */
	bool is_piped = strcmp(options->output, "-") == 0;
	const struct guest_view view = {.arguments = arguments,
			.argument_count = 1,
			.streams = {0, is_piped ? 2 : 1, 2}};
	int code;
	if (snapshot_renames(&run, &error) &&
			guest_open(&run.guest, &options->guest, &view, &error) &&
			snapshot_find_initialiser(&run, &error))
		code = snapshot_execute(&run);
	else
		code = report_error(&error);
	guest_finish(&run.guest);
	free(run.renames);
	return code;
}

static int snapshot_run(struct snapshot_options *options, char *const *arguments)
{
	char *name = NULL;
	if (!options->output && strcmp(arguments[0], "-") == 0)
		return report_usage("snapshot: standard input has no name, so -o is needed");
	if (options->output && output_is_input(arguments[0], options->output))
		return report_usage("%s would overwrite its own source", options->output);
	if (!options->output) {
		name = output_name(arguments[0], ".snapshot.so");
		if (!name)
			return report_errno("no memory for a file name");
		options->output = name;
	}
	int code = snapshot_file(options, arguments);
	free(name);
	return code;
}

int cmd_snapshot(int argc, char **argv)
{
	struct snapshot_options options = {.guest = GUEST_OPTIONS_INIT};
	int operand, code;
	if (options_parse(&table, argc, argv, &options, &operand, &code))
		code = snapshot_run(&options, argv + operand);
	guest_options_finish(&options.guest);
	option_list_finish(&options.renames);
	return code;
}
