/*
 * fastly.c: Fastly Compute's guest ABI: a WASI command that imports fastly_* modules, answers one
 * request through them, and ends.
 */
#include "host/fastly/fastly.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "host/fastly/entries.h"
#include "host/fastly/kv_ops.h"
#include "host/fastly/next.h"
#include "host/fastly/pending.h"
#include "host/fastly/response.h"
#include "host/fastly/service.h"
#include "host/fastly/settings.h"
#include "host/fetch/fetch.h"
#include "host/rates.h"
#include "host/wasi/wasi.h"
#include "runtime/selvage_serve.h"

struct fastly_row {
	const char *module, *name; /* of the import */
	const char *signature;
	enum fastly_status (*function)(struct fastly_call *call); /* NULL: not there yet */
};

static const struct fastly_row rows[] = {
#define FASTLY_CALL(module, name, signature) \
	{"fastly_" #module, #name, signature, fastly_##module##_##name},
#define FASTLY_LATER(module, name, signature) {"fastly_" #module, #name, signature, NULL},
#include "host/fastly/fastly.def"
#undef FASTLY_CALL
#undef FASTLY_LATER
};

/* Names that some of them had before. */
static const struct {
	const char *old, *module, *name;
} legacy[] = {
#define FASTLY_LEGACY(old, module, name) {"xqd_" #old, "fastly_" #module, #name},
#include "host/fastly/legacy.def"
#undef FASTLY_LEGACY
};

/* ---- calls ---- */

void fastly_tell(struct fastly_guest *guest, const char *line)
{
	host_lines_flush(&guest->lines);
	host_lines_write(&guest->lines, line, strlen(line));
	host_lines_flush(&guest->lines);
}

/* Once for each guest and function: a guest may try a thousand times. */
static void tell_what_is_missing(struct fastly_guest *guest, const struct fastly_row *row)
{
	char line[160];
	if (guest->is_told[row - rows])
		return;
	guest->is_told[row - rows] = true;
	snprintf(line, sizeof line, "%s.%s is not supported by this version", row->module,
			row->name);
	fastly_tell(guest, line);
}

static void fastly_set_wake(struct fastly_guest *guest)
{
	const struct fastly_wait *wait = &guest->wait;
	uint64_t wake = wait->until ? wait->until : UINT64_MAX;
	bool is_sooner = wait->asks_next && guest->promise_until < wake;
	guest->call->wake = is_sooner ? guest->promise_until : wake;
}

/* The guest sleeps, and its call is made again until it no longer waits. */
static enum sv_host_result fastly_suspend(struct fastly_guest *guest, const struct fastly_row *row,
		const union sv_value *values)
{
	struct fastly_wait *wait = &guest->wait;
	size_t count = strcspn(row->signature, ":");
	check(count <= ARRAY_LENGTH(wait->values));
	wait->row = row;
	memcpy(wait->values, values, count * sizeof *values);
	fastly_set_wake(guest);
	return SV_HOST_SUSPEND;
}

static bool fastly_go_on(struct host_call *call, union sv_value *result)
{
	struct fastly_guest *guest = call->state;
	struct fastly_wait *wait = &guest->wait;
	if (!wait->row)
		return true; /* it did not wait, its turn was over */
	struct fastly_call again = {
			guest, sv_instance_memory(sv_store_instance(call->store), 0), wait->values};
	enum fastly_status status = wait->row->function(&again);
	if (status == FASTLY_WAITS) {
		fastly_set_wake(guest);
		return false;
	}
	wait->row = NULL;
	result->i32 = status;
	return true;
}

/* Every function of the table is entered here; the row is the data it was defined with. */
static enum sv_host_result fastly_enter(struct sv_caller *caller, union sv_value *values)
{
	const struct fastly_row *row = sv_caller_data(caller);
	const struct wasi *wasi = sv_store_data(sv_caller_store(caller));
	struct fastly_call call = {wasi ? wasi_user(wasi) : NULL,
			sv_instance_memory(sv_caller_instance(caller), 0), values};
	if (!call.guest) {
		sv_caller_set_trap(caller, SV_TRAP_HOST, "%s.%s: there is no request", row->module,
				row->name);
		return SV_HOST_TRAP;
	}
	if (!row->function) {
		tell_what_is_missing(call.guest, row);
		values[0].i32 = FASTLY_UNSUPPORTED;
		return SV_HOST_OK;
	}
	call.guest->wait = (struct fastly_wait){0};
	enum fastly_status status = row->function(&call);
	if (status == FASTLY_WAITS)
		return fastly_suspend(call.guest, row, values);
	values[0].i32 = status;
	return SV_HOST_OK;
}

enum fastly_status fastly_abi_init(struct fastly_call *call)
{
	return call->values[0].i64 == 1 ? FASTLY_OK : FASTLY_UNSUPPORTED;
}

/* ---- the ABI ---- */

static bool name_is(const char *name, size_t length, const char *text)
{
	return length == strlen(text) && memcmp(name, text, length) == 0;
}

/* The number of an old name; -1: it is none. */
static int import_legacy(const struct sv_import *import)
{
	bool is_env = name_is(import->module, import->module_length, "env");
	for (size_t i = 0; is_env && i < ARRAY_LENGTH(legacy); i++) {
		if (name_is(import->name, import->name_length, legacy[i].old))
			return (int)i;
	}
	return -1;
}

static const struct fastly_row *import_row(const struct sv_import *import)
{
	int old = import_legacy(import);
	const char *module = old < 0 ? NULL : legacy[old].module;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		if (old >= 0 && strcmp(module, rows[i].module) == 0 &&
				strcmp(legacy[old].name, rows[i].name) == 0)
			return &rows[i];
		if (name_is(import->module, import->module_length, rows[i].module) &&
				name_is(import->name, import->name_length, rows[i].name))
			return &rows[i];
	}
	return NULL;
}

static bool fastly_detect(const struct sv_artifact *artifact)
{
	static const char prefix[] = "fastly_";
	struct sv_import import;
	for (uint32_t i = 0; sv_artifact_import(artifact, i, &import); i++) {
		if (import.module_length > sizeof prefix - 1 &&
				memcmp(import.module, prefix, sizeof prefix - 1) == 0)
			return true;
		if (import_legacy(&import) >= 0)
			return true;
	}
	return false;
}

/* Missing functions are named by the linker. */
static bool fastly_examine(const struct sv_artifact *artifact, struct sv_error *error)
{
	return sv_artifact_has_export(artifact, "_start", SV_EXTERN_FUNCTION) ||
			sv_fail(error, SV_ERROR_LINK,
					"the module imports fastly_* but exports no function "
					"\"_start\"");
}

static bool fastly_bind(struct sv_linker *linker, const struct sv_artifact *artifact,
		struct sv_error *error)
{
	struct sv_import import;
	for (uint32_t i = 0; sv_artifact_import(artifact, i, &import); i++) {
		const struct fastly_row *row = import_row(&import);
		int old = import_legacy(&import);
		if (row)
			TRY(sv_linker_define_function(linker, old < 0 ? row->module : "env",
					old < 0 ? row->name : legacy[old].old, row->signature,
					fastly_enter, (void *)(uintptr_t)row, error));
	}
	return wasi_bind(linker, artifact, error);
}

/* Variables that guests find at Fastly, as they are on one machine of one's own. */
static const char *const variables[] = {"FASTLY_HOSTNAME=localhost", "FASTLY_SERVICE_ID=selvage",
		"FASTLY_SERVICE_VERSION=0", "FASTLY_CUSTOMER_ID=selvage", "FASTLY_POP=local",
		"FASTLY_REGION=local", "FASTLY_CACHE_GENERATION=0", "FASTLY_IS_STAGING=0"};

static bool variable_is_set(const struct host_guest *guest, const char *variable)
{
	size_t length = (size_t)(strchr(variable, '=') - variable) + 1;
	for (size_t i = 0; i < guest->environment_count; i++) {
		if (strncmp(guest->environment[i], variable, length) == 0)
			return true;
	}
	return false;
}

/* The operator's variables replace those of the same name. */
static bool fastly_make_environment(struct fastly_guest *state, const struct host_guest *guest)
{
	size_t most = ARRAY_LENGTH(variables) + 1 + guest->environment_count;
	state->environment = calloc(most, sizeof *state->environment);
	if (!state->environment)
		return false;
	size_t count = 0;
	for (size_t i = 0; i < ARRAY_LENGTH(variables); i++) {
		if (!variable_is_set(guest, variables[i]))
			state->environment[count++] = variables[i];
	}
	if (!variable_is_set(guest, "FASTLY_TRACE_ID="))
		state->environment[count++] = state->trace_id;
	for (size_t i = 0; i < guest->environment_count; i++)
		state->environment[count++] = guest->environment[i];
	state->environment_count = count;
	return true;
}

static void fastly_state_free(void *data)
{
	struct fastly_guest *guest = data;
	if (!guest)
		return;
	fastly_close_all(guest, true);
	wasi_free(guest->wasi);
	free(guest->environment);
	free(guest->ops);
	free(guest->entries);
	free(guest->pendings);
	free(guest->is_told);
	free(guest);
}

static void *fastly_state_new(const struct host_guest *guest, void *service, struct sv_error *error)
{
	struct fastly_guest *state = calloc(1, sizeof *state);
	if (state) {
		state->service = service;
		state->settings = state->service->settings;
		state->pendings = calloc(FASTLY_MAX_OPEN, sizeof *state->pendings);
		state->is_told = calloc(ARRAY_LENGTH(rows), sizeof *state->is_told);
		state->ops = calloc(FASTLY_MAX_OPEN, sizeof *state->ops);
		state->entries = calloc(FASTLY_MAX_OPEN, sizeof *state->entries);
	}
	if (state && state->is_told && state->ops && state->pendings && state->entries &&
			fastly_make_environment(state, guest))
		return state;
	fastly_state_free(state);
	sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the state of a guest");
	return NULL;
}

static void fastly_service_free(void *data)
{
	struct fastly_service *service = data;
	if (!service)
		return;
	/* What fills the cache ends first. */
	fetcher_free(service->fetcher);
	cache_free(service->cache);
	rates_free(service->rates);
	fastly_settings_free(service->settings);
	host_intake_finish(&service->cut_off);
	free(service);
}

static void *fastly_service_new(const struct host_guest *guest, struct sv_error *error)
{
	struct fastly_service *service = calloc(1, sizeof *service);
	if (!service) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the service");
		return NULL;
	}
	static const struct host_response none;
	host_intake_init(&service->cut_off, 0, &none);
	host_intake_break(&service->cut_off, "the guest has asked for another request");
	service->settings = fastly_settings_new(guest, error);
	if (service->settings)
		service->fetcher = fetcher_new(error);
	if (service->fetcher)
		service->rates = rates_new();
	service->cache = cache_new();
	if (service->rates && service->cache)
		return service;
	sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the service");
	fastly_service_free(service);
	return NULL;
}

static bool fastly_take_output(void *data, const void *bytes, size_t length)
{
	host_lines_write(data, bytes, length);
	return true;
}

static void fastly_sleep(void *user, uint64_t until)
{
	struct fastly_guest *guest = user;
	guest->call->wake = until;
	guest->call->calls_again = true;
}

static bool fastly_open(struct fastly_guest *guest, struct sv_error *error)
{
	static const char *const arguments[] = {"compute-app"};
	const struct host_guest *of = guest->call->guest;
	const struct wasi_stream output = {
			.kind = WASI_STREAM_SINK, .sink = {fastly_take_output, &guest->lines}};
	const struct wasi_config config = {
			.args = arguments,
			.arg_count = 1,
			.env = guest->environment,
			.env_count = guest->environment_count,
			.preopens = of->preopens,
			.preopen_count = of->preopen_count,
			.streams = {{.kind = WASI_STREAM_INPUT}, output, output},
			.user = guest,
			.sleep = fastly_sleep,
	};
	if (guest->wasi)
		return wasi_reset(guest->wasi, &config, error);
	guest->wasi = wasi_new(&config, error);
	return guest->wasi != NULL;
}

void fastly_begin_request(struct fastly_guest *guest)
{
	uint64_t trace[2] = {0};
	guest->has_sent = false;
	/* Without it, requests have the same number. */
	(void)!getrandom(trace, sizeof trace, 0);
	snprintf(guest->trace_id, sizeof guest->trace_id,
			"FASTLY_TRACE_ID=%016" PRIx64 "%016" PRIx64, trace[0], trace[1]);
	host_lines_init(&guest->lines, guest->call);
}

static const char *fastly_begin(struct host_call *call)
{
	struct fastly_guest *guest = call->state;
	struct sv_error error = SV_ERROR_INIT;
	guest->call = call;
	guest->has_promise = false;
	guest->wait = (struct fastly_wait){0};
	fastly_begin_request(guest);
	memset(guest->is_told, 0, ARRAY_LENGTH(rows) * sizeof *guest->is_told);
	if (!fastly_open(guest, &error)) {
		host_outcome_set(call->outcome, HOST_FAILED, "%s", error.text);
		return NULL;
	}
	sv_store_set_data(call->store, guest->wasi);
	return "_start";
}

/* Whether the guest leaves a request to somebody else. */
static bool fastly_leaves_request(const struct fastly_guest *guest)
{
	enum host_ending ending = guest->call->outcome->ending;
	return guest->call->next == HOST_NEXT_GIVEN && ending != HOST_TIMED_OUT &&
			ending != HOST_LEFT;
}

/* A failure behind a response that was sent whole is for the log only. */
static void fastly_forgive(struct fastly_guest *guest)
{
	struct host_outcome *outcome = guest->call->outcome;
	static const char behind[] = "after the response: ";
	if (!fastly_response_is_whole(guest) && !fastly_leaves_request(guest))
		return;
	host_lines_flush(&guest->lines);
	host_lines_write(&guest->lines, behind, sizeof behind - 1);
	host_lines_write(&guest->lines, outcome->cause, strlen(outcome->cause));
	*outcome = (struct host_outcome){0};
}

static void fastly_end(struct host_call *call, bool has_ended_well)
{
	struct fastly_guest *guest = call->state;
	const struct wasi_config nothing = {0};
	if (!has_ended_well)
		fastly_forgive(guest);
	if (guest->call->next != HOST_NEXT_GIVEN)
		fastly_response_end(guest);
	sv_store_set_data(call->store, NULL);
	host_lines_flush(&guest->lines);
	fastly_close_all(guest, false);
	if (!wasi_reset(guest->wasi, &nothing, NULL)) {
		wasi_free(guest->wasi);
		guest->wasi = NULL;
	}
}

const struct host_abi fastly_abi = {
		.name = "Fastly Compute",
		.has_values = true,
		.detect = fastly_detect,
		.examine = fastly_examine,
		.bind = fastly_bind,
		.service_new = fastly_service_new,
		.service_free = fastly_service_free,
		.state_new = fastly_state_new,
		.state_free = fastly_state_free,
		.begin = fastly_begin,
		.go_on = fastly_go_on,
		.end = fastly_end,
};
