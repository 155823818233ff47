/*
 * stub_imports.h: functions that stand in for what nobody defines (`run --stub-imports`): each
 * traps with its own name when it is called.
 */
#ifndef SELVAGE_CLI_STUB_IMPORTS_H
#define SELVAGE_CLI_STUB_IMPORTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"
#include "base/error.h"

struct sv_artifact;
struct sv_linker;

/* Names of the stubs; owned. All zero is valid and empty. */
struct stub_imports {
	char **names;
	size_t count;
};

/*
 * Define a stub for every imported function of `artifact`; what is really there is to be defined
 * afterwards and replaces its stub. The stubs must outlive the linker.
 */
SV_MUST_USE bool stub_imports_define(struct stub_imports *stubs, const struct sv_artifact *artifact,
		struct sv_linker *linker, struct sv_error *error);

void stub_imports_finish(struct stub_imports *stubs);

#endif
