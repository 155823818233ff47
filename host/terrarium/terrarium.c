/*
 * terrarium.c: Fastly Terrarium's guest ABI: a module that imports env.hostcall_* and
 * exports `run`, which is called once for each request on a fresh instance.
 */
#include "host/terrarium/terrarium.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/assemblyscript/assemblyscript.h"

struct terrarium_row {
	const char *name; /* of the import */
	const char *signature;
	sv_host_function function; /* NULL: not there yet */
};

static const struct terrarium_row rows[] = {
#define TERRARIUM_CALL(name, signature) {"hostcall_" #name, signature, terrarium_##name},
#define TERRARIUM_LATER(name, signature) {"hostcall_" #name, signature, NULL},
#include "host/terrarium/terrarium.def"
#undef TERRARIUM_CALL
#undef TERRARIUM_LATER
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

static bool import_comes_later(const struct sv_import *import)
{
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		if (name_is(import->name, import->name_length, rows[i].name))
			return !rows[i].function;
	}
	return false;
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

static bool terrarium_examine(const struct sv_artifact *artifact, struct sv_error *error)
{
	char names[360] = "";
	size_t at = 0;
	struct sv_import import;
	for (uint32_t i = 0; sv_artifact_import(artifact, i, &import); i++) {
		if (!import_is_hostcall(&import) || !import_comes_later(&import))
			continue;
		/* Known names are short and few: all of them fit. */
		at += (size_t)snprintf(names + at, sizeof names - at, "%s%.*s", at ? ", " : "",
				(int)import.name_length, import.name);
		if (at >= sizeof names - 1)
			break;
	}
	if (at)
		return sv_fail(error, SV_ERROR_UNSUPPORTED,
				"the module needs Terrarium calls this version lacks: %s", names);
	if (!sv_artifact_has_export(artifact, "run", SV_EXTERN_FUNCTION))
		return sv_fail(error, SV_ERROR_LINK,
				"the module imports env.hostcall_* but exports no function "
				"\"run\"");
	return true;
}

static bool terrarium_bind(struct sv_linker *linker, const struct sv_artifact *artifact,
		struct sv_error *error)
{
	(void)artifact;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		if (rows[i].function)
			TRY(sv_linker_define_function(linker, "env", rows[i].name,
					rows[i].signature, rows[i].function, NULL, error));
	}
	return assemblyscript_bind(linker, error);
}

static void *terrarium_state_new(const struct host_guest *guest, void *service,
		struct sv_error *error)
{
	(void)service;
	(void)guest;
	struct terrarium_guest *state = calloc(1, sizeof *state);
	if (!state)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the state of a worker");
	return state;
}

static const char *terrarium_begin(struct host_call *call)
{
	struct terrarium_guest *guest = call->state;
	guest->call = call;
	guest->has_memory_manager = false;
	guest->panic[0] = '\0';
	host_lines_init(&guest->lines, call->guest);
	sv_store_set_data(call->store, guest);
	return "run";
}

static void terrarium_end(struct host_call *call, bool has_ended_well)
{
	struct terrarium_guest *guest = call->state;
	sv_store_set_data(call->store, NULL);
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
		.detect = terrarium_detect,
		.examine = terrarium_examine,
		.bind = terrarium_bind,
		.state_new = terrarium_state_new,
		.state_free = free,
		.begin = terrarium_begin,
		.end = terrarium_end,
};
