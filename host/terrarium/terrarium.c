/*
 * terrarium.c: Fastly Terrarium's guest ABI: a module that imports env.hostcall_* and
 * exports `run`, which is called once for each request on a fresh instance.
 */
#include "host/terrarium/terrarium.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/assemblyscript/assemblyscript.h"
#include "host/dns/dns.h"
#include "host/fetch/fetch.h"
#include "host/kv.h"
#include "host/terrarium/settings.h"
#include "host/terrarium/things.h"

struct terrarium_row {
	const char *name; /* of the import */
	const char *signature;
	sv_host_function function;
};

static const struct terrarium_row rows[] = {
#define TERRARIUM_CALL(name, signature) {"hostcall_" #name, signature, terrarium_##name},
#include "host/terrarium/terrarium.def"
#undef TERRARIUM_CALL
};

static bool name_is(const char *name, size_t length, const char *text)
{
	return length == strlen(text) && memcmp(name, text, length) == 0;
}

static bool import_is_hostcall(const struct sv_import *import)
{
	static const char prefix[] = "hostcall_";
	return name_is(import->module, import->module_length, "env") &&
			import->name_length > sizeof prefix - 1 &&
			memcmp(import->name, prefix, sizeof prefix - 1) == 0;
}

static bool terrarium_detect(const struct sv_artifact *artifact)
{
	struct sv_import import;
	for (uint32_t i = 0; sv_artifact_import(artifact, i, &import); i++) {
		if (import_is_hostcall(&import))
			return true;
	}
	return false;
}

/* Missing hostcalls are named by the linker. */
static bool terrarium_examine(const struct sv_artifact *artifact, struct sv_error *error)
{
	return sv_artifact_has_export(artifact, "run", SV_EXTERN_FUNCTION) ||
			sv_fail(error, SV_ERROR_LINK,
					"the module imports env.hostcall_* but exports no function "
					"\"run\"");
}

static bool terrarium_bind(struct sv_linker *linker, const struct sv_artifact *artifact,
		struct sv_error *error)
{
	(void)artifact;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		TRY(sv_linker_define_function(linker, "env", rows[i].name, rows[i].signature,
				rows[i].function, NULL, error));
	return assemblyscript_bind(linker, error);
}

/* ---- what hostcalls share ---- */

void terrarium_tell(struct terrarium_guest *guest, const char *format, ...)
{
	char line[400];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	host_lines_flush(&guest->lines);
	if (length > 0)
		host_lines_write(&guest->lines, line, strlen(line));
	host_lines_flush(&guest->lines);
}

enum sv_host_result terrarium_wait(struct terrarium_guest *guest)
{
	guest->has_waited = true;
	guest->call->wake = UINT64_MAX;
	guest->call->calls_again = true;
	return SV_HOST_SUSPEND;
}

bool terrarium_is_again(struct terrarium_guest *guest)
{
	bool is_again = guest->has_waited;
	guest->has_waited = false;
	return is_again;
}

bool terrarium_may_change(struct sv_caller *caller)
{
	if (!terrarium_of(caller)->is_giving)
		return true;
	sv_caller_set_trap(caller, SV_TRAP_HOST, "the guest's malloc changes what the host has");
	return false;
}

/* ---- services and requests ---- */

static void terrarium_service_free(void *data)
{
	struct terrarium_service *service = data;
	if (!service)
		return;
	fetcher_free(service->fetcher);
	dns_free(service->dns);
	if (service->owns_kv)
		kv_free(service->kv);
	terrarium_settings_free(service->settings);
	free(service);
}

static void *terrarium_service_new(const struct host_guest *guest, struct sv_error *error)
{
	struct terrarium_service *service = calloc(1, sizeof *service);
	if (service) {
		service->settings = terrarium_settings_new(guest, error);
		service->fetcher = service->settings ? fetcher_new(error) : NULL;
		service->dns = service->fetcher
				? dns_new(terrarium_settings_servers(service->settings), error)
				: NULL;
		service->owns_kv = !guest->kv;
		service->kv = !service->dns ? NULL : guest->kv ? guest->kv : kv_new();
		service->store = service->kv ? kv_add_store(service->kv, "store") : -1;
	}
	if (service && service->store >= 0 &&
			terrarium_settings_fill(service->settings, guest, service->kv,
					service->store, error))
		return service;
	terrarium_service_free(service);
	sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for what guests have in common");
	return NULL;
}

static void *terrarium_state_new(const struct host_guest *guest, void *service,
		struct sv_error *error)
{
	(void)guest;
	struct terrarium_guest *state = calloc(1, sizeof *state);
	if (state)
		state->service = service;
	else
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the state of a worker");
	return state;
}

static void terrarium_state_free(void *data)
{
	struct terrarium_guest *state = data;
	if (state)
		terrarium_incoming_finish(state);
	free(state);
}

static const char *terrarium_begin(struct host_call *call)
{
	struct terrarium_guest *guest = call->state;
	guest->call = call;
	guest->has_memory_manager = guest->has_waited = guest->is_giving = false;
	guest->panic[0] = '\0';
	host_lines_init(&guest->lines, call);
	if (!terrarium_incoming_make(guest)) {
		host_outcome_set(call->outcome, HOST_FAILED, "no memory for a request");
		return NULL;
	}
	sv_store_set_data(call->store, guest);
	return "run";
}

static void terrarium_leave(struct host_call *call, bool has_ended_well)
{
	struct terrarium_guest *guest = call->state;
	sv_store_set_data(call->store, NULL);
	terrarium_things_drop(guest);
	terrarium_incoming_drop(guest);
	terrarium_forget_question(guest);
	host_lines_flush(&guest->lines);
	struct host_outcome *outcome = call->outcome;
	if (!has_ended_well && outcome->ending == HOST_TRAPPED && guest->panic[0]) {
		char trap[64];
		snprintf(trap, sizeof trap, "%.60s", outcome->cause);
		snprintf(outcome->cause, sizeof outcome->cause, "guest panic: %s (%s)",
				guest->panic, trap);
	}
}

const struct host_abi terrarium_abi = {
		.name = "Terrarium",
		.has_values = true,
		.detect = terrarium_detect,
		.examine = terrarium_examine,
		.bind = terrarium_bind,
		.service_new = terrarium_service_new,
		.service_free = terrarium_service_free,
		.state_new = terrarium_state_new,
		.state_free = terrarium_state_free,
		.begin = terrarium_begin,
		.end = terrarium_leave,
};
