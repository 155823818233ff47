/*
 * cmd_builder.c: `selvage builder TIER`: what the daemon runs for each compilation. Module on
 * standard input, artifact on standard output, nothing else within reach.
 */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/compiler_load.h"
#include "cli/module_open.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/report.h"
#include "platform/compilation.h"
#include "platform/confine.h"

static const struct option_table table = {
		.command = "builder",
		.minimum_operands = 1,
		.maximum_operands = 1,
};

static bool builder_compile(const struct compiler *compiler, bool is_fast, struct buffer *artifact,
		struct sv_error *error)
{
	struct buffer module = {0};
	struct sv_compile_options options;
	bool done = module_read_binary("-", &module, error);
	if (done) {
		compiler->options_init(&options);
		if (is_fast)
			options.level = 0;
		options.name = "module";
		done = compiler->compile(buffer_view(&module), &options, artifact, error);
	}
	buffer_finish(&module);
	return done;
}

/* The compiler is loaded first: afterwards no file can be opened any more. */
static bool builder_run(bool is_fast, struct sv_error *error)
{
	static const struct confinement limits = {.memory = COMPILATION_MEMORY,
			.seconds = COMPILATION_CPU_TIME,
			.output = COMPILATION_OUTPUT};
	struct compiler compiler;
	struct buffer artifact = {.limit = COMPILATION_OUTPUT};
	/* Those who are served come first, then who deploys; if it cannot be, all are slower. */
	(void)setpriority(PRIO_PROCESS, 0, is_fast ? 5 : 15);
	/* Nobody waits for this one when the daemon is gone. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return sv_fail_errno(error, "PR_SET_PDEATHSIG");
	bool done = compiler_load(&compiler, error) && confine(&limits, error) &&
			builder_compile(&compiler, is_fast, &artifact, error) &&
			output_write("-", buffer_view(&artifact), 0600, error);
	buffer_finish(&artifact);
	return done;
}

int cmd_builder(int argc, char **argv)
{
	struct sv_error error = SV_ERROR_INIT;
	int operand;
	switch (options_parse(&table, argc, argv, NULL, &operand)) {
	case OPTIONS_HELP:
		return EXIT_FINE;
	case OPTIONS_WRONG:
		return EXIT_USAGE;
	case OPTIONS_READY:
		break;
	}
	bool is_fast = strcmp(argv[operand], tier_name(TIER_FAST)) == 0;
	if (!is_fast && strcmp(argv[operand], tier_name(TIER_RELEASE)) != 0)
		return report_usage("builder: \"%s\" is not a tier: fast or release",
				argv[operand]);
	/* Without LLVM's destructors, and what a leak checker would start: this is confined. */
	_exit(builder_run(is_fast, &error) ? EXIT_FINE : report_error(&error));
}
