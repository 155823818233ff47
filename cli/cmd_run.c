/*
 * cmd_run.c: `selvage run`: one instance, one call, and its outcome as the exit code.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "abi/limits.h"
#include "cli/commands.h"
#include "cli/compile_flags.h"
#include "cli/grants.h"
#include "cli/invoke.h"
#include "cli/module_open.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/stub_imports.h"
#include "host/assemblyscript/assemblyscript.h"
#include "host/wasi/wasi.h"
#include "runtime/selvage.h"

struct run_options {
	struct compile_flags flags;
	const char *invoke; /* NULL: run _start */
	struct option_list dirs;
	struct option_list envs;
	uint64_t timeout;   /* nanoseconds; 0: none */
	uint64_t max_memory; /* bytes; 0: the runtime's default */
	uint64_t max_stack;  /* bytes; 0: the runtime's default */
	bool stub_imports;
};

static const struct option_row rows[] = {
		{.name = "invoke",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct run_options, invoke),
				.argument = "NAME",
				.help = "call this exported function with ARGS and print its "
					"results"},
		GRANT_ROWS(struct run_options),
		{.name = "timeout",
				.kind = OPTION_DURATION,
				.offset = offsetof(struct run_options, timeout),
				.argument = "DUR",
				.help = "end the guest after so long: 500ms, 2s, 1m"},
		{.name = "max-memory",
				.kind = OPTION_SIZE,
				.offset = offsetof(struct run_options, max_memory),
				.argument = "SIZE",
				.help = "limit of all memories and objects together: 64MiB, 1G"},
		{.name = "max-stack",
				.kind = OPTION_SIZE,
				.offset = offsetof(struct run_options, max_stack),
				.argument = "SIZE",
				.help = "size of the guest's stack (default 1MiB)"},
		{.name = "stub-imports",
				.kind = OPTION_FLAG,
				.offset = offsetof(struct run_options, stub_imports),
				.help = "let missing functions trap when called, not at the start"},
		COMPILE_FLAG_ROWS(struct run_options, flags),
};

static const struct option_table table = {
		.command = "run",
		.rows = rows,
		.row_count = ARRAY_LENGTH(rows),
		.stop_at_operand = true,
		.minimum_operands = 1,
		.maximum_operands = -1,
};

/* Everything a run holds, in the order in which it is made. */
struct run {
	const struct run_options *options;
	char *const *arguments; /* [0] is the file */
	int argument_count;
	const char **guest_arguments; /* owned; what a WASI command sees as its argv */
	struct grants grants;
	struct sv_engine *engine;
	struct sv_artifact *artifact;
	struct stub_imports stubs;
	struct sv_linker *linker;
	struct wasi *wasi;
	struct sv_store *store;
};

static void run_finish(struct run *run)
{
	sv_store_free(run->store);
	wasi_free(run->wasi);
	free(run->guest_arguments);
	sv_linker_free(run->linker);
	stub_imports_finish(&run->stubs);
	sv_artifact_free(run->artifact);
	if (run->engine)
		sv_thread_leave(run->engine);
	sv_engine_free(run->engine);
	grants_close(&run->grants);
}

static bool run_make_engine(struct run *run, struct sv_error *error)
{
	struct sv_engine_config config;
	sv_engine_config_init(&config);
	if (run->options->max_stack)
		config.guest_stack_size = run->options->max_stack;
	run->engine = sv_engine_new(&config, error);
	return run->engine && sv_thread_enter(run->engine, error);
}

static bool run_make_linker(struct run *run, struct sv_error *error)
{
	run->linker = sv_linker_new(run->engine, error);
	if (!run->linker)
		return false;
	if (run->options->stub_imports)
		TRY(stub_imports_define(&run->stubs, run->artifact, run->linker, run->store,
				error));
	TRY(assemblyscript_bind(run->linker, error));
	TRY(wasi_bind(run->linker, error));
	return sv_linker_check(run->linker, run->artifact, error);
}

/* The guest's view: its name and arguments, the granted directories, our own three streams. */
static bool run_make_wasi(struct run *run, struct sv_error *error)
{
	/* A function that is called by name takes its arguments itself. */
	size_t count = run->options->invoke ? 1 : (size_t)run->argument_count;
	run->guest_arguments = calloc(count, sizeof *run->guest_arguments);
	if (!run->guest_arguments)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for arguments");
	for (size_t i = 0; i < count; i++)
		run->guest_arguments[i] = run->arguments[i];
	run->guest_arguments[0] = module_base_name(run->arguments[0]);
	struct wasi_config config = {
			.args = run->guest_arguments,
			.arg_count = count,
			.env = run->grants.env,
			.env_count = run->grants.env_count,
			.preopens = run->grants.preopens,
			.preopen_count = run->grants.preopen_count,
	};
	for (int fd = 0; fd < 3; fd++)
		config.streams[fd] = (struct wasi_stream){.kind = WASI_STREAM_FD, .fd = fd};
	run->wasi = wasi_new(&config, error);
	return run->wasi != NULL;
}

static uint64_t run_deadline(uint64_t timeout)
{
	struct timespec now;
	if (!timeout)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	uint64_t start = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	return start + timeout < start ? 0 : start + timeout;
}

static bool run_make_store(struct run *run, struct sv_error *error)
{
	struct sv_store_limits limits;
	sv_store_limits_init(&limits);
	if (run->options->max_memory)
		limits.max_memory = run->options->max_memory;
	run->store = sv_store_new(run->engine, &limits, error);
	if (!run->store)
		return false;
	sv_store_set_data(run->store, run->wasi);
	return true;
}

static bool run_prepare(struct run *run, struct sv_error *error)
{
	const struct run_options *options = run->options;
	TRY(grants_open(&run->grants, &options->dirs, &options->envs, error));
	TRY(run_make_engine(run, error));
	run->artifact = module_open(run->engine, run->arguments[0], &options->flags, error);
	if (!run->artifact)
		return false;
	TRY(run_make_wasi(run, error) && run_make_store(run, error));
	if (run_make_linker(run, error))
		return true;
	sv_error_prefix(error, "%s", run->arguments[0]);
	return false;
}

/* An exit code is one byte to the system: one that would read as success becomes 1. */
static int run_exit_code(int32_t code)
{
	int low = code & 0xff;
	return code && !low ? EXIT_FAILED : low;
}

/* The exit code that tells of an outcome, after reporting what there is to say. */
static int run_report(struct run *run, enum sv_outcome outcome, const struct sv_error *error)
{
	const struct sv_trap_info *trap = sv_store_trap(run->store);
	switch (outcome) {
	case SV_RETURNED:
		return EXIT_FINE;
	case SV_EXITED:
		return run_exit_code(sv_store_exit_code(run->store));
	case SV_TRAPPED:
		return trap ? report_trap(trap) : report_error(error);
	case SV_TIMED_OUT:
		return report_timeout(run->options->timeout, trap);
	case SV_REFUSED:
		break;
	}
	return report_error(error);
}

/* Call a function that takes and gives nothing, such as _start. */
static int run_plain(struct run *run, struct sv_funcref *function, const char *name)
{
	struct sv_error error = SV_ERROR_INIT;
	char signature[2 * SV_MAX_PARAMETERS + 2];
	union sv_value none;
	if (!sv_function_signature(run->engine, function, signature, sizeof signature) ||
			strcmp(signature, ":") != 0) {
		sv_fail(&error, SV_ERROR_LINK, "%s: %s must take and return nothing",
				run->arguments[0], name);
		return report_error(&error);
	}
	enum sv_outcome outcome = sv_call(run->store, function, ":", &none, &error);
	return run_report(run, outcome, &error);
}

static int run_call(struct run *run, struct sv_funcref *function)
{
	struct sv_error error = SV_ERROR_INIT;
	char signature[2 * SV_MAX_PARAMETERS + 2];
	check(sv_function_signature(run->engine, function, signature, sizeof signature));
	union sv_value *values = calloc(signature_room(signature), sizeof *values);
	if (!values)
		return report_errno("no memory for arguments");
	int code;
	if (arguments_parse(run->options->invoke, signature, run->arguments + 1,
			    run->argument_count - 1, values, &error)) {
		code = run_report(run, sv_call(run->store, function, signature, values, &error),
				&error);
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
	const char *name = run->options->invoke ? run->options->invoke : "_start";
	struct sv_funcref *function = sv_instance_function(instance, name);
	if (!function) {
		sv_fail(&error, SV_ERROR_LINK, "%s: no function \"%s\" is exported%s",
				run->arguments[0], name,
				run->options->invoke ? "" : " (not a WASI command; see --invoke)");
		return report_error(&error);
	}
	if (!run->options->invoke)
		return run_plain(run, function, name);
	/* A WASI reactor wants to be initialised before any other call. */
	struct sv_funcref *initialize = sv_instance_function(instance, "_initialize");
	if (initialize && initialize != function) {
		int code = run_plain(run, initialize, "_initialize");
		if (code != EXIT_FINE)
			return code;
	}
	return run_call(run, function);
}

static int run_execute(struct run *run)
{
	struct sv_error error = SV_ERROR_INIT;
	enum sv_outcome outcome = SV_RETURNED;
	sv_store_set_deadline(run->store, run_deadline(run->options->timeout));
	struct sv_instance *instance =
			sv_instance_new(run->store, run->artifact, run->linker, &outcome, &error);
	if (instance)
		return run_instance(run, instance);
	if (outcome != SV_RETURNED)
		return run_report(run, outcome, &error);
	sv_error_prefix(&error, "%s", run->arguments[0]);
	return report_error(&error);
}

static int run_file(const struct run_options *options, int count, char *const *arguments)
{
	struct sv_error error = SV_ERROR_INIT;
	struct run run = {.options = options, .arguments = arguments, .argument_count = count};
	int code;
	/* A guest that writes to a pipe nobody reads gets an error number, not a signal. */
	signal(SIGPIPE, SIG_IGN);
	/* A guest that writes past RLIMIT_FSIZE gets EFBIG; the process goes on. */
	signal(SIGXFSZ, SIG_IGN);
	if (run_prepare(&run, &error))
		code = run_execute(&run);
	else
		code = report_error(&error);
	run_finish(&run);
	return code;
}

int cmd_run(int argc, char **argv)
{
	struct run_options options = {.flags = COMPILE_FLAGS_INIT};
	int operand, code = EXIT_FINE;
	switch (options_parse(&table, argc, argv, &options, &operand)) {
	case OPTIONS_HELP:
		break;
	case OPTIONS_WRONG:
		code = EXIT_USAGE;
		break;
	case OPTIONS_READY:
		code = run_file(&options, argc - operand, argv + operand);
		break;
	}
	option_list_finish(&options.dirs);
	option_list_finish(&options.envs);
	return code;
}
