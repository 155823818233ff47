/*
 * cmd_compile.c: `selvage compile`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/compile_flags.h"
#include "cli/compiler_load.h"
#include "cli/module_open.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/piece_cache.h"
#include "cli/profile_file.h"
#include "cli/progress.h"
#include "cli/report.h"

struct compile_command {
	struct compile_flags flags;
	const char *output;
	unsigned emit; /* enum sv_emit */
	unsigned dump; /* enum sv_stage */
	bool cache, verbose;
	bool profile_generate;
	const char *profile_use; /* NULL: none */
};

/* In the order of enum sv_emit. */
static const char *const emit_names[] = {"so", "obj", "ll", "asm", NULL};
static const char *const emit_suffixes[] = {".so", ".o", ".ll", ".s"};

/* In the order of enum sv_stage. */
static const char *const stage_names[] = {
		"none",
#define SV_STAGE(name, text, meaning) text,
#include "compiler/stages.def"
#undef SV_STAGE
		NULL,
};

static const struct option_row rows[] = {
		{.name = "output",
				.letter = 'o',
				.kind = OPTION_TEXT,
				.offset = offsetof(struct compile_command, output),
				.argument = "FILE",
				.help = "result; \"-\": standard output (default: IN with .so)"},
		{.name = "emit",
				.kind = OPTION_CHOICE,
				.offset = offsetof(struct compile_command, emit),
				.argument = "so|obj|ll|asm",
				.choices = emit_names,
				.help = "artifact, object file, LLVM IR or assembly"},
		{.name = "dump",
				.kind = OPTION_CHOICE,
				.offset = offsetof(struct compile_command, dump),
				.argument = "STAGE",
				.choices = stage_names,
				.help = "print what a stage made: read, validate, lower, optimise, "
					"emit, "
					"package"},
		{.name = "cache",
				.kind = OPTION_FLAG,
				.offset = offsetof(struct compile_command, cache),
				.help = "keep what pieces become, and take what was kept"},
		{.name = "verbose",
				.kind = OPTION_FLAG,
				.offset = offsetof(struct compile_command, verbose),
				.help = "say how many pieces --cache had"},
		{.name = "profile-generate",
				.kind = OPTION_FLAG,
				.offset = offsetof(struct compile_command, profile_generate),
				.help = "count how code runs; run, serve, bench write a "
					"profile"},
		{.name = "profile-use",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct compile_command, profile_use),
				.argument = "FILE",
				.help = "make what runs often fast, by a profile"},
		{.name = "fuel",
				.kind = OPTION_FLAG,
				.offset = offsetof(struct compile_command, flags.fuel),
				.help = "count operators, for run --fuel"},
		COMPILE_FLAG_ROWS(struct compile_command, flags),
};

static const struct option_table table = {
		.command = "compile",
		.rows = rows,
		.row_count = ARRAY_LENGTH(rows),
		.minimum_operands = 1,
		.maximum_operands = 1,
};

static void compile_say_cached(const struct piece_cache *cache)
{
	unsigned found = atomic_load(&cache->found), made = atomic_load(&cache->made);
	if (report_uses_json())
		fprintf(stderr, "{\"pieces\":%u,\"compiled\":%u}\n", found + made, made);
	else
		fprintf(stderr, "%u of %u pieces compiled\n", made, found + made);
}

/* The file of --profile-use, whose limit is its own. */
static bool compile_read_profile(const struct compile_command *command, struct buffer *profile,
		struct sv_compile_options *options, struct sv_error *error)
{
	options->profile_generate = command->profile_generate;
	if (!command->profile_use)
		return true;
	TRY(profile_file_read(command->profile_use, profile, error));
	options->profile_use = buffer_view(profile);
	return true;
}

/* What was counted for other code is not used; that is said once, with numbers. */
static void compile_say_fit(const char *path, const struct sv_profile_fit *fit)
{
	if (report_uses_json())
		fprintf(stderr,
				"{\"profile_functions\":%u,\"used\":%u,\"changed\":%u,"
				"\"unknown\":%u}\n",
				fit->functions, fit->used, fit->changed, fit->unknown);
	else if (fit->used < fit->functions)
		fprintf(stderr,
				"selvage: warning: %s: of %u functions %u have changed since it "
				"was made and %u are not in it\n",
				path, fit->functions, fit->changed, fit->unknown);
}

static bool compile_run(const struct compile_command *command, const struct compiler *compiler,
		struct sv_bytes module, struct sv_compile_options *options, struct buffer *output,
		struct sv_error *error)
{
	struct sv_profile_fit fit = {0};
	struct buffer profile = {0};
	options->profile_fit = &fit;
	bool done = compile_read_profile(command, &profile, options, error) &&
			compiler->compile(module, options, output, error);
	progress_end();
	if (done && command->profile_use)
		compile_say_fit(command->profile_use, &fit);
	buffer_finish(&profile);
	return done;
}

static bool compile_module(const struct compile_command *command, const char *input,
		struct buffer *output, struct sv_error *error)
{
	struct buffer module = {0};
	struct compiler compiler;
	struct sv_compile_options options;
	struct piece_cache cache;
	bool done = module_read_binary(input, &module, error) && compiler_load(&compiler, error);
	if (done) {
		compiler.options_init(&options);
		done = compile_flags_apply(&command->flags, &options, error);
	}
	if (done && command->cache) {
		done = piece_cache_open(&cache, *(void **)&compiler.compile, error);
		options.cache = &cache.calls;
	}
	if (done) {
		options.emit = (enum sv_emit)command->emit;
		options.dump = (enum sv_stage)command->dump;
		options.dump_file = stdout;
		options.name = module_base_name(input);
		done = compile_run(command, &compiler, buffer_view(&module), &options, output,
				error);
		if (command->cache)
			piece_cache_trim(&cache);
		if (done && command->cache && command->verbose)
			compile_say_cached(&cache);
		if (!done)
			sv_error_prefix(error, "%s", module_label(input));
	}
	buffer_finish(&module);
	return done;
}

static bool compile_file(const struct compile_command *command, const char *input, const char *path,
		struct sv_error *error)
{
	if (path && output_is_input(input, path))
		return sv_fail(error, SV_ERROR_USAGE, "%s would overwrite its own source", path);
	struct buffer output = {0};
	bool done = compile_module(command, input, &output, error) &&
			(!path ||
					output_write(path, buffer_view(&output),
							command->emit == SV_EMIT_ARTIFACT ? 0777
											  : 0666,
							error));
	buffer_finish(&output);
	return done;
}

int cmd_compile(int argc, char **argv)
{
	struct compile_command command = {.flags = COMPILE_FLAGS_INIT};
	int operand, code;
	if (!options_parse(&table, argc, argv, &command, &operand, &code))
		return code;
	const char *input = argv[operand];
	if (command.verbose && !command.cache)
		return report_usage("compile: --verbose is about --cache");
	if (!command.output && strcmp(input, "-") == 0)
		return report_usage("compile: standard input has no name, so -o is needed");
	if (command.profile_generate && command.profile_use)
		return report_usage("compile: --profile-generate and --profile-use exclude each "
				    "other");
	/* A dump is read, not kept: only -o makes a file beside it. */
	char *name = NULL;
	if (!command.output && !command.dump) {
		name = output_name(input, emit_suffixes[command.emit]);
		if (!name)
			return report_errno("no memory for a file name");
		command.output = name;
	}
	struct sv_error error = SV_ERROR_INIT;
	bool done = compile_file(&command, input, command.output, &error);
	free(name);
	return done ? EXIT_FINE : report_error(&error);
}
