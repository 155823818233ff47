/*
 * stub_imports.h: what stands in for imports that nobody defines (`run --stub-imports`): functions
 * that trap with their own names when they are called; new memories, tables, globals and tags.
 */
#ifndef SELVAGE_CLI_STUB_IMPORTS_H
#define SELVAGE_CLI_STUB_IMPORTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"
#include "base/error.h"
#include "runtime/selvage.h"

/* All zero is valid and empty. */
struct stub_imports {
	sv_host_function function; /* what functions do instead of trapping; NULL: trap */
	char **names; /* owned; each the data of its function */
	size_t count;
};

/*
 * Define a stub for every import of `artifact`, for instances in `store`; what is really there is
 * to be defined afterwards and replaces its stub. Without a store (NULL), for functions only, which
 * are good for every store. The stubs must outlive the linker.
 */
SV_MUST_USE bool stub_imports_define(struct stub_imports *stubs, const struct sv_artifact *artifact,
		struct sv_linker *linker, struct sv_store *store, struct sv_error *error);

void stub_imports_finish(struct stub_imports *stubs);

#endif
