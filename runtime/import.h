/*
 * import.h: values of exactly the type that an import of an artifact asks for.
 */
#ifndef SELVAGE_RUNTIME_IMPORT_H
#define SELVAGE_RUNTIME_IMPORT_H

#include "base/check.h"
#include "runtime/selvage.h"

/* Make what import `index`, no function, asks for. It belongs to `store`. */
SV_MUST_USE bool import_make_value(struct sv_store *store, const struct sv_artifact *artifact,
		uint32_t index, struct sv_extern *value, struct sv_error *error);

#endif
