/*
 * stub_imports.c: stand-ins for missing functions.
 */
#include "cli/stub_imports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/selvage.h"

static enum sv_host_result stub_call(struct sv_caller *caller, union sv_value *values)
{
	(void)values;
	sv_caller_set_trap(caller, SV_TRAP_HOST, "call of %s, which is only a stub",
			(const char *)sv_caller_data(caller));
	return SV_HOST_TRAP;
}

static bool stub_define(struct stub_imports *stubs, const struct sv_import *import,
		struct sv_linker *linker, struct sv_error *error)
{
	char *module = strndup(import->module, import->module_length);
	char *name = strndup(import->name, import->name_length);
	char *full = NULL;
	bool done = module && name && asprintf(&full, "%s.%s", module, name) >= 0;
	if (!done)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for stubs");
	if (done)
		stubs->names[stubs->count++] = full;
	done = done &&
			sv_linker_define_function(linker, module, name, import->signature,
					stub_call, full, error);
	free(module);
	free(name);
	return done;
}

bool stub_imports_define(struct stub_imports *stubs, const struct sv_artifact *artifact,
		struct sv_linker *linker, struct sv_error *error)
{
	uint32_t count = sv_artifact_import_count(artifact);
	stubs->names = calloc((size_t)count + 1, sizeof *stubs->names);
	if (!stubs->names)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for stubs");
	for (uint32_t i = 0; i < count; i++) {
		struct sv_import import;
		if (sv_artifact_import(artifact, i, &import) && import.kind == SV_EXTERN_FUNCTION)
			TRY(stub_define(stubs, &import, linker, error));
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
