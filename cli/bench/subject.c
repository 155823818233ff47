/*
 * subject.c: opens a module, finds the function to call, tries it.
 */
#include "cli/bench/subject.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench/clock.h"
#include "cli/bench/process.h"
#include "cli/invoke.h"
#include "cli/json.h"
#include "cli/module_open.h"
#include "cli/profile_file.h"
#include "cli/units.h"
#include "host/assemblyscript/assemblyscript.h"
#include "host/wasi/wasi.h"
#include "runtime/artifact.h"

struct sv_engine *subject_engine(const struct bench_options *options, struct sv_error *error)
{
	struct sv_engine_config config;
	sv_engine_config_init(&config);
	if (options->max_stack)
		config.guest_stack_size = options->max_stack;
	struct sv_engine *engine = sv_engine_new(&config, error);
	if (engine && sv_thread_enter(engine, error))
		return engine;
	sv_engine_free(engine);
	return NULL;
}

/* The guest waits for what nobody has; whoever resumes it makes that up. */
static enum sv_host_result import_suspend(struct sv_caller *caller, union sv_value *values)
{
	(void)caller, (void)values;
	return SV_HOST_SUSPEND;
}

static bool linker_fill(struct subject *subject, struct sv_linker *linker,
		struct sv_artifact *artifact, struct stub_imports *stubs, struct sv_error *error)
{
	if (subject->suspends)
		stubs->function = import_suspend;
	if (subject->options->stub_imports || subject->suspends)
		TRY(stub_imports_define(stubs, artifact, linker, NULL, error));
	TRY(assemblyscript_bind(linker, error));
	TRY(wasi_bind(linker, artifact, error));
	return sv_linker_check(linker, artifact, error);
}

struct sv_linker *subject_link(struct subject *subject, struct sv_engine *engine,
		struct sv_artifact *artifact, struct stub_imports *stubs, struct sv_error *error)
{
	struct sv_linker *linker = sv_linker_new(engine, error);
	if (linker && linker_fill(subject, linker, artifact, stubs, error))
		return linker;
	sv_linker_free(linker);
	return NULL;
}

/* ---- the guest's system ---- */

static bool output_drop(void *data, const void *bytes, size_t length)
{
	(void)data, (void)bytes, (void)length;
	return true;
}

static struct wasi_config subject_wasi_config(const struct subject *subject)
{
	const struct wasi_stream nowhere = {
			.kind = WASI_STREAM_SINK, .sink = {.function = output_drop}};
	return (struct wasi_config){
			.args = subject->wasi_arguments,
			.arg_count = (size_t)subject->argument_count + 1,
			.streams = {{.kind = WASI_STREAM_INPUT}, nowhere, nowhere},
	};
}

struct wasi *subject_wasi_new(const struct subject *subject, struct sv_error *error)
{
	const struct wasi_config config = subject_wasi_config(subject);
	return wasi_new(&config, error);
}

bool subject_wasi_reset(const struct subject *subject, struct wasi *wasi, struct sv_error *error)
{
	if (!subject->uses_wasi)
		return true;
	const struct wasi_config config = subject_wasi_config(subject);
	return wasi_reset(wasi, &config, error);
}

static bool subject_imports_wasi(const struct subject *subject)
{
	static const char name[] = "wasi_snapshot_preview1";
	uint32_t count = sv_artifact_import_count(subject->artifact);
	for (uint32_t i = 0; i < count; i++) {
		struct sv_import import;
		check(sv_artifact_import(subject->artifact, i, &import));
		if (import.module_length == sizeof name - 1 &&
				memcmp(import.module, name, sizeof name - 1) == 0)
			return true;
	}
	return false;
}

/* ---- the function ---- */

bool subject_ended(struct sv_store *store, enum sv_outcome outcome, struct sv_error *error)
{
	const struct sv_trap_info *trap = sv_store_trap(store);
	switch (outcome) {
	case SV_RETURNED:
	case SV_EXITED:
		return true;
	case SV_TIMED_OUT:
		return sv_fail(error, SV_ERROR_LIMIT,
				"the call takes longer than the time limit (--timeout)");
	case SV_TRAPPED:
		return sv_fail(error, SV_ERROR_TRAP, "the guest trapped: %s",
				trap && trap->text[0] ? trap->text : sv_trap_text(trap ? trap->kind
									   : SV_TRAP_HOST));
	case SV_SUSPENDED:
		return sv_fail(error, SV_ERROR_LINK,
				"the guest waits while it starts, and not in the call");
	default:
		return sv_fail(error, SV_ERROR_INTERNAL, "the call did not begin");
	}
}

struct sv_instance *subject_instantiate(struct sv_store *store, struct sv_artifact *artifact,
		struct sv_linker *linker, struct sv_error *error)
{
	enum sv_outcome outcome = SV_RETURNED;
	struct sv_instance *instance = sv_instance_new(store, artifact, linker, &outcome, error);
	if (!instance && subject_ended(store, outcome, error))
		sv_fail(error, SV_ERROR_LINK, "it cannot be instantiated");
	return instance;
}

static bool name_is_usable(const char *name, size_t length)
{
	return length && name[0] != '_' && !memchr(name, '\0', length);
}

/* The first export without parameters that is not the language's own; NULL: none, or no memory. */
static const char *export_choose(const struct subject *subject, struct sv_instance *instance)
{
	const struct sv_artifact *artifact = subject->artifact;
	const struct sv_export_record *exports = artifact_exports(artifact);
	for (uint32_t i = 0; i < artifact->header->exports.count; i++) {
		const char *bytes = artifact_string(artifact, exports[i].name);
		if (exports[i].kind != SV_EXTERN_FUNCTION ||
				!name_is_usable(bytes, exports[i].name.length))
			continue;
		char signature[sizeof subject->signature];
		char *name = strndup(bytes, exports[i].name.length);
		struct sv_funcref *function = name ? sv_instance_function(instance, name) : NULL;
		if (function && sv_function_signature(subject->engine, function, signature,
						sizeof signature) &&
				signature[0] == ':')
			return name;
		free(name);
	}
	return NULL;
}

static bool subject_choose(struct subject *subject, struct sv_instance *instance,
		struct sv_error *error)
{
	if (subject->options->invoke)
		subject->export = strdup(subject->options->invoke);
	else
		subject->export = export_choose(subject, instance);
	if (!subject->export)
		subject->export = strdup(sv_instance_function(instance, "_start") ? "_start"
										  : "_initialize");
	if (!subject->export)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a name");
	struct sv_funcref *function = sv_instance_function(instance, subject->export);
	if (!function && subject->options->invoke)
		return sv_fail(error, SV_ERROR_LINK, "no function \"%s\" is exported",
				subject->export);
	if (!function)
		return sv_fail(error, SV_ERROR_LINK,
				"no function without parameters is exported (see --invoke)");
	subject->initialize = strcmp(subject->export, "_initialize") != 0 &&
			strcmp(subject->export, "_start") != 0 &&
			sv_instance_function(instance, "_initialize");
	check(sv_function_signature(subject->engine, function, subject->signature,
			sizeof subject->signature));
	return true;
}

/* The arguments behind the file are the function's if it was named, else the program's. */
static bool subject_parse(struct subject *subject, struct sv_error *error)
{
	subject->value_count = signature_room(subject->signature);
	subject->values = calloc(subject->value_count, sizeof *subject->values);
	if (!subject->values)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for arguments");
	if (subject->options->invoke)
		return arguments_parse(subject->export, subject->signature, subject->arguments,
				subject->argument_count, subject->values, error);
	if (strcmp(subject->signature, ":") == 0 || subject->signature[0] == ':')
		return true;
	return sv_fail(error, SV_ERROR_LINK, "%s must take nothing", subject->export);
}

bool subject_initialize(const struct subject *subject, struct sv_store *store,
		struct sv_instance *instance, struct sv_error *error)
{
	if (!subject->initialize)
		return true;
	union sv_value none;
	struct sv_funcref *function = sv_instance_function(instance, "_initialize");
	return subject_ended(store, sv_call(store, function, ":", &none, error), error);
}

enum sv_outcome subject_begin(const struct subject *subject, struct sv_store *store,
		struct sv_instance *instance, union sv_value *values, struct sv_error *error)
{
	memcpy(values, subject->values, subject->value_count * sizeof *values);
	struct sv_funcref *function = sv_instance_function(instance, subject->export);
	return sv_call(store, function, NULL, values, error);
}

enum sv_outcome subject_resume(struct sv_store *store, struct sv_error *error)
{
	static const union sv_value zeros[SV_MAX_RESULTS];
	return sv_resume(store, zeros, error);
}

bool subject_call(const struct subject *subject, struct sv_store *store,
		struct sv_instance *instance, union sv_value *values, struct sv_error *error)
{
	return subject_ended(store, subject_begin(subject, store, instance, values, error), error);
}

/* ---- the first call ---- */

/* Pages of all memories that are the process's own: written to, or filled at the beginning. */
static uint64_t instance_own_pages(struct sv_instance *instance, uint64_t *bytes)
{
	uint64_t pages = 0;
	struct sv_memory *memory;
	*bytes = 0;
	for (uint32_t i = 0; (memory = sv_instance_memory(instance, i)); i++) {
		uint64_t size = sv_memory_size(memory);
		pages += process_own_pages(sv_memory_data(memory), size);
		*bytes += size;
	}
	return pages;
}

/* A guest that waits in a loop ends with its time too: resuming it is no call of its own. */
static bool subject_try_to_end(struct subject *subject, struct sv_store *store,
		struct sv_instance *instance, union sv_value *values, struct sv_error *error)
{
	uint64_t end = clock_read() + subject->options->timeout;
	enum sv_outcome outcome = subject_begin(subject, store, instance, values, error);
	while (outcome == SV_SUSPENDED && clock_read() < end) {
		subject->suspensions++;
		outcome = subject_resume(store, error);
	}
	return subject_ended(store, outcome == SV_SUSPENDED ? SV_TIMED_OUT : outcome, error);
}

static bool subject_try_call(struct subject *subject, struct sv_store *store,
		struct sv_instance *instance, struct sv_error *error)
{
	TRY(subject_choose(subject, instance, error));
	TRY(subject_parse(subject, error));
	TRY(subject_initialize(subject, store, instance, error));
	uint64_t before = instance_own_pages(instance, &subject->memory_bytes);
	union sv_value *values = calloc(subject->value_count, sizeof *values);
	if (!values)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for arguments");
	bool done = subject_try_to_end(subject, store, instance, values, error);
	free(values);
	uint64_t after = instance_own_pages(instance, &subject->memory_bytes);
	subject->dirty_pages = after > before ? after - before : 0;
	return done;
}

static bool subject_try_store(struct subject *subject, struct sv_store *store,
		struct sv_error *error)
{
	uint64_t start = clock_read();
	sv_store_set_deadline(store, start + subject->options->timeout);
	struct sv_instance *instance =
			subject_instantiate(store, subject->artifact, subject->linker, error);
	TRY(instance && subject_try_call(subject, store, instance, error));
	subject->call_time = clock_read() - start;
	subject->exit_code = sv_store_exit_code(store) & 0xff;
	return true;
}

/* Once with everything, to see that it works and how long it takes. */
static bool subject_try(struct subject *subject, struct sv_error *error)
{
	struct sv_store *store = sv_store_new(subject->engine, &subject->limits, error);
	struct wasi *wasi = store ? subject_wasi_new(subject, error) : NULL;
	bool done = false;
	if (wasi) {
		sv_store_set_data(store, wasi);
		done = subject_try_store(subject, store, error);
	}
	sv_store_free(store);
	wasi_free(wasi);
	return done;
}

static bool subject_make_arguments(struct subject *subject, struct sv_error *error)
{
	size_t count = (size_t)subject->argument_count + 1;
	subject->wasi_arguments = calloc(count, sizeof *subject->wasi_arguments);
	if (!subject->wasi_arguments)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for arguments");
	subject->wasi_arguments[0] = module_base_name(subject->path);
	for (size_t i = 1; i < count; i++)
		subject->wasi_arguments[i] = subject->arguments[i - 1];
	return true;
}

static bool subject_open(struct subject *subject, struct sv_error *error)
{
	const struct bench_options *options = subject->options;
	TRY(subject_make_arguments(subject, error));
	subject->engine = subject_engine(options, error);
	if (!subject->engine)
		return false;
	subject->artifact = module_open(subject->engine, subject->path, &options->flags, error);
	if (!subject->artifact ||
			!profile_file_check(subject->artifact, subject->path, options->profile_out,
					error))
		return false;
	sv_store_limits_init(&subject->limits);
	if (options->max_memory)
		subject->limits.max_memory = options->max_memory;
	subject->uses_wasi = subject_imports_wasi(subject);
	subject->linker = subject_link(subject, subject->engine, subject->artifact,
			&subject->stubs, error);
	if (subject->linker && subject_try(subject, error))
		return true;
	sv_error_prefix(error, "%s", subject->path);
	return false;
}

bool subject_init(struct subject *subject, const struct bench_options *options, const char *path,
		struct sv_error *error)
{
	subject->options = options;
	subject->path = path;
	return subject_open(subject, error);
}

void subject_finish(struct subject *subject)
{
	free((char *)subject->export);
	free(subject->values);
	free(subject->wasi_arguments);
	sv_linker_free(subject->linker);
	stub_imports_finish(&subject->stubs);
	sv_artifact_free(subject->artifact);
	if (subject->engine)
		sv_thread_leave(subject->engine);
	sv_engine_free(subject->engine);
}
