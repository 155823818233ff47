/*
 * cmd_builder.c: `selvage builder TIER NICE [pieces]`, `selvage builder unpack` and `selvage
 * builder LANGUAGE`: what the daemon runs for each compilation, each archive and each project. What
 * a stranger sent on standard input, what is made of it on standard output, nothing else within
 * reach. `selvage builder text` is what commands run for a module in the text format.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "abi/limits.h"
#include "base/file.h"
#include "cli/builder_pieces.h"
#include "cli/commands.h"
#include "cli/compiler_load.h"
#include "cli/module_open.h"
#include "cli/module_text.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/report.h"
#include "platform/background.h"
#include "platform/compilation.h"
#include "platform/confine.h"
#include "platform/sources.h"
#include "platform/tar.h"
#include "platform/unpack.h"

static const struct option_table table = {
		.command = "builder",
		.minimum_operands = 1,
		.maximum_operands = 3,
};

/* The module on standard input, in the binary format. */
static bool builder_read(struct buffer *module, struct sv_error *error)
{
	struct buffer bytes = {.limit = SV_MAX_MODULE_BYTES};
	enum module_form form = MODULE_BINARY;
	bool done = file_read("-", &bytes, error) &&
			module_find_form(buffer_view(&bytes), &form, error);
	if (done && form == MODULE_ARTIFACT)
		done = sv_fail(error, SV_ERROR_UNSUPPORTED,
				"an ELF file, not a module (an artifact is already compiled)");
	if (!done || form == MODULE_BINARY) {
		*module = bytes;
		return done;
	}
	done = module_text_translate_here(buffer_view(&bytes), module, error);
	buffer_finish(&bytes);
	return done;
}

/* `pieces` NULL: all of it is compiled. */
static bool builder_compile(const struct compiler *compiler, bool is_fast,
		const struct builder_pieces *pieces, struct buffer *artifact,
		struct sv_error *error)
{
	struct buffer module = {.limit = SV_MAX_MODULE_BYTES};
	struct sv_compile_options options;
	bool done = builder_read(&module, error);
	if (done) {
		compiler->options_init(&options);
		if (is_fast)
			options.level = SV_LEVEL_FAST;
		options.name = "module";
		options.cache = pieces ? &pieces->calls : NULL;
		done = compiler->compile(buffer_view(&module), &options, artifact, error);
	}
	buffer_finish(&module);
	return done;
}

static bool builder_compile_again(const struct compiler *compiler, bool is_fast,
		struct buffer *artifact, struct sv_error *error)
{
	struct builder_pieces pieces;
	bool done = builder_pieces_open(&pieces, error) &&
			builder_compile(compiler, is_fast, &pieces, artifact, error) &&
			builder_pieces_leave(&pieces, error);
	builder_pieces_finish(&pieces);
	return done;
}

/*
 * The compiler is loaded first: afterwards no file can be opened any more. `priority`: nice(2);
 * `pieces` NULL: none are kept.
 */
static bool builder_run(bool is_fast, const char *priority, const char *pieces,
		struct sv_error *error)
{
	static const struct confinement limits = {.memory = COMPILATION_MEMORY,
			.seconds = COMPILATION_CPU_TIME,
			.output = COMPILATION_OUTPUT};
	struct compiler compiler;
	struct buffer artifact = {.limit = COMPILATION_OUTPUT};
	/* Those who are served come first, then who deploys. */
	background_process(priority ? atoi(priority) : 0);
	bool done = compiler_load(&compiler, error) && confine(&limits, error) &&
			(pieces ? builder_compile_again(&compiler, is_fast, &artifact, error)
				: builder_compile(&compiler, is_fast, NULL, &artifact, error)) &&
			output_write("-", buffer_view(&artifact), 0600, error);
	buffer_finish(&artifact);
	return done;
}

/* An archive: the reader of archives is loaded first. */
static bool builder_unpack(struct sv_error *error)
{
	static const struct confinement limits = {.memory = UNPACK_MEMORY,
			.seconds = UNPACK_CPU_TIME,
			.output = UNPACK_OUTPUT};
	struct buffer archive = {.limit = UNPACK_INPUT}, bundle = {.limit = UNPACK_OUTPUT};
	background_process(COMPILATION_NICE);
	bool done = tar_load(error) && confine(&limits, error) && file_read("-", &archive, error) &&
			tar_unpack(buffer_view(&archive), &bundle, error) &&
			output_write("-", buffer_view(&bundle), 0600, error);
	buffer_finish(&archive);
	buffer_finish(&bundle);
	return done;
}

/* Sources: the folder to work in and folders with compilers come with the language. */
static bool builder_sources(enum language language, char **operands, struct sv_error *error)
{
	struct buffer module = {.limit = SOURCES_FILE};
	background_process(COMPILATION_NICE);
	if (!operands[0] || !operands[1])
		return sv_fail(error, SV_ERROR_USAGE, "builder: %s FOLDER TOOLS",
				language_name(language));
	bool done = sources_compile(language, operands[0], operands[1], &module, error) &&
			output_write("-", buffer_view(&module), 0600, error);
	buffer_finish(&module);
	return done;
}

static bool builder_work(char **operands, struct sv_error *error)
{
	const char *work = operands[0];
	enum language language;
	/* Nobody waits for this one when the daemon is gone. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return sv_fail_errno(error, "PR_SET_PDEATHSIG");
	if (strcmp(work, MODULE_TEXT_WORK) == 0)
		return module_text_serve(error);
	if (strcmp(work, UNPACK_WORK) == 0)
		return builder_unpack(error);
	bool is_fast = strcmp(work, tier_name(TIER_FAST)) == 0;
	if (is_fast || strcmp(work, tier_name(TIER_RELEASE)) == 0)
		return builder_run(is_fast, operands[1], operands[1] ? operands[2] : NULL, error);
	if (language_find(work, &language) && language_is_built(language))
		return builder_sources(language, operands + 1, error);
	return sv_fail(error, SV_ERROR_USAGE,
			"builder: \"%.80s\" is none of fast, release, unpack, text and the "
			"languages",
			work);
}

int cmd_builder(int argc, char **argv)
{
	struct sv_error error = SV_ERROR_INIT;
	int operand, code;
	if (!options_parse(&table, argc, argv, NULL, &operand, &code))
		return code;
	/* Without LLVM's destructors, and what a leak checker would start: this is confined. */
	_exit(builder_work(argv + operand, &error) ? EXIT_FINE : report_error(&error));
}
