/*
 * stub_imports.c: stand-ins for missing imports.
 */
#include "cli/stub_imports.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/selvage.h"

static enum sv_host_result stub_call(struct sv_caller *caller, union sv_value *values)
{
	(void)values;
	sv_caller_set_trap(caller, SV_TRAP_HOST, "call of %s, which is only a stub",
			(const char *)sv_caller_data(caller));
	return SV_HOST_TRAP;
}

/* The name that the stub of import `index` traps with; NULL with `error` on failure. */
static const char *stub_name(struct stub_imports *stubs, const struct sv_import *import,
		struct sv_error *error)
{
	char *name = NULL;
	if (asprintf(&name, "%.*s.%.*s", (int)import->module_length, import->module,
			    (int)import->name_length, import->name) < 0) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for stubs");
		return NULL;
	}
	stubs->names[stubs->count++] = name;
	return name;
}

bool stub_imports_define(struct stub_imports *stubs, const struct sv_artifact *artifact,
		struct sv_linker *linker, struct sv_store *store, struct sv_error *error)
{
	uint32_t count = sv_artifact_import_count(artifact);
	stubs->names = calloc((size_t)count + 1, sizeof *stubs->names);
	if (!stubs->names)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for stubs");
	for (uint32_t i = 0; i < count; i++) {
		struct sv_import import;
		check(sv_artifact_import(artifact, i, &import));
		if (import.kind != SV_EXTERN_FUNCTION && !store)
			continue;
		if (import.kind != SV_EXTERN_FUNCTION) {
			TRY(sv_linker_define_import_value(linker, artifact, i, store, error));
			continue;
		}
		const char *name = stub_name(stubs, &import, error);
		TRY(name && sv_linker_define_import_function(linker, artifact, i,
				stubs->function ? stubs->function : stub_call, (void *)name,
				error));
	}
	return true;
}

void stub_imports_finish(struct stub_imports *stubs)
{
	for (size_t i = 0; i < stubs->count; i++)
		free(stubs->names[i]);
	free(stubs->names);
	*stubs = (struct stub_imports){0};
}
