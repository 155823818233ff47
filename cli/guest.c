/*
 * guest.c: makes what a run needs and takes it apart again.
 */
#include "cli/guest.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "abi/artifact.h"
#include "abi/limits.h"
#include "cli/module_open.h"
#include "cli/report.h"
#include "host/assemblyscript/assemblyscript.h"
#include "host/wasi/wasi.h"

void guest_options_finish(struct guest_options *options)
{
	option_list_finish(&options->dirs);
	option_list_finish(&options->envs);
}

void guest_stop(struct guest *guest)
{
	sv_store_free(guest->store);
	guest->store = NULL;
}

void guest_finish(struct guest *guest)
{
	guest_stop(guest);
	wasi_free(guest->wasi);
	free(guest->arguments);
	sv_linker_free(guest->linker);
	stub_imports_finish(&guest->stubs);
	sv_artifact_free(guest->artifact);
	if (guest->engine)
		sv_thread_leave(guest->engine);
	sv_engine_free(guest->engine);
	grants_close(&guest->grants);
}

static bool guest_make_engine(struct guest *guest, struct sv_error *error)
{
	struct sv_engine_config config;
	sv_engine_config_init(&config);
	if (guest->options->max_stack)
		config.guest_stack_size = guest->options->max_stack;
	guest->engine = sv_engine_new(&config, error);
	return guest->engine && sv_thread_enter(guest->engine, error);
}

/* What is compiled here counts if that is wanted; an artifact does or does not. */
static bool guest_open_module(struct guest *guest, struct sv_error *error)
{
	bool counts = guest->options->fuel != FUEL_UNCOUNTED;
	struct compile_flags flags = guest->options->flags;
	flags.fuel = counts;
	guest->artifact = module_open(guest->engine, guest->path, &flags, error);
	if (!guest->artifact)
		return false;
	if (!counts || sv_artifact_header(guest->artifact)->flags & SV_ARTIFACT_FUEL)
		return true;
	return sv_fail(error, SV_ERROR_USAGE, "%s was compiled without --fuel, which this needs",
			guest->path);
}

static bool guest_make_linker(struct guest *guest, struct sv_error *error)
{
	guest->linker = sv_linker_new(guest->engine, error);
	if (!guest->linker)
		return false;
	if (guest->options->stub_imports)
		TRY(stub_imports_define(&guest->stubs, guest->artifact, guest->linker, guest->store,
				error));
	TRY(assemblyscript_bind(guest->linker, error));
	TRY(wasi_bind(guest->linker, guest->artifact, error));
	return sv_linker_check(guest->linker, guest->artifact, error);
}

/* The guest's view: its name and arguments, the granted directories, three streams. */
static bool guest_make_wasi(struct guest *guest, const struct guest_view *view,
		struct sv_error *error)
{
	guest->arguments = calloc(view->argument_count, sizeof *guest->arguments);
	if (!guest->arguments)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for arguments");
	for (size_t i = 0; i < view->argument_count; i++)
		guest->arguments[i] = view->arguments[i];
	guest->arguments[0] = module_base_name(guest->path);
	struct wasi_config config = {
			.args = guest->arguments,
			.arg_count = view->argument_count,
			.env = guest->grants.env,
			.env_count = guest->grants.env_count,
			.preopens = guest->grants.preopens,
			.preopen_count = guest->grants.preopen_count,
	};
	for (int i = 0; i < 3; i++)
		config.streams[i] = (struct wasi_stream){
				.kind = WASI_STREAM_FD, .fd = view->streams[i]};
	guest->wasi = wasi_new(&config, error);
	return guest->wasi != NULL;
}

static bool guest_make_store(struct guest *guest, struct sv_error *error)
{
	struct sv_store_limits limits;
	sv_store_limits_init(&limits);
	if (guest->options->max_memory)
		limits.max_memory = guest->options->max_memory;
	guest->store = sv_store_new(guest->engine, &limits, error);
	if (!guest->store)
		return false;
	sv_store_set_data(guest->store, guest->wasi);
	if (guest->options->fuel != FUEL_UNCOUNTED)
		sv_store_set_fuel(guest->store, guest->options->fuel);
	return true;
}

bool guest_open(struct guest *guest, const struct guest_options *options,
		const struct guest_view *view, struct sv_error *error)
{
	*guest = (struct guest){.options = options, .path = view->arguments[0]};
	/* A guest that writes to a pipe nobody reads gets an error number, not a signal. */
	signal(SIGPIPE, SIG_IGN);
	/* A guest that writes past RLIMIT_FSIZE gets EFBIG; the process goes on. */
	signal(SIGXFSZ, SIG_IGN);
	TRY(grants_open(&guest->grants, &options->dirs, &options->envs, error));
	TRY(guest_make_engine(guest, error));
	TRY(guest_open_module(guest, error));
	TRY(guest_make_wasi(guest, view, error) && guest_make_store(guest, error));
	if (guest_make_linker(guest, error))
		return true;
	sv_error_prefix(error, "%s", guest->path);
	return false;
}

/* ---- calls ---- */

static uint64_t guest_deadline(uint64_t timeout)
{
	struct timespec now;
	if (!timeout)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	uint64_t start = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	return start + timeout < start ? 0 : start + timeout;
}

/* An exit code is one byte to the system: one that would read as success becomes 1. */
static int guest_exit_code(int32_t code)
{
	int low = code & 0xff;
	return code && !low ? EXIT_FAILED : low;
}

int guest_report(struct guest *guest, enum sv_outcome outcome, const struct sv_error *error)
{
	const struct sv_trap_info *trap = sv_store_trap(guest->store);
	guest->has_exited = outcome == SV_EXITED;
	switch (outcome) {
	case SV_RETURNED:
		return EXIT_FINE;
	case SV_EXITED:
		return guest_exit_code(sv_store_exit_code(guest->store));
	case SV_TRAPPED:
		return trap ? report_trap(trap) : report_error(error);
	case SV_TIMED_OUT:
		return report_timeout(guest->options->timeout, trap);
	case SV_REFUSED:
	case SV_SUSPENDED: /* no host function of ours does that, and there is no quantum */
	case SV_PREEMPTED:
		break;
	}
	return report_error(error);
}

int guest_call_plain(struct guest *guest, struct sv_funcref *function, const char *name)
{
	struct sv_error error = SV_ERROR_INIT;
	char signature[2 * SV_MAX_PARAMETERS + 2];
	union sv_value none;
	if (!sv_function_signature(guest->engine, function, signature, sizeof signature) ||
			strcmp(signature, ":") != 0) {
		sv_fail(&error, SV_ERROR_LINK, "%s: %s must take and return nothing", guest->path,
				name);
		return report_error(&error);
	}
	enum sv_outcome outcome = sv_call(guest->store, function, ":", &none, &error);
	return guest_report(guest, outcome, &error);
}

struct sv_instance *guest_start(struct guest *guest, int *code)
{
	struct sv_error error = SV_ERROR_INIT;
	enum sv_outcome outcome = SV_RETURNED;
	sv_store_set_deadline(guest->store, guest_deadline(guest->options->timeout));
	struct sv_instance *instance = sv_instance_new(guest->store, guest->artifact, guest->linker,
			&outcome, &error);
	if (instance)
		return instance;
	if (outcome != SV_RETURNED) {
		*code = guest_report(guest, outcome, &error);
		return NULL;
	}
	sv_error_prefix(&error, "%s", guest->path);
	*code = report_error(&error);
	return NULL;
}
