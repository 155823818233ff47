/*
 * link.h: names and values that imports are resolved from.
 */
#ifndef SELVAGE_RUNTIME_LINK_H
#define SELVAGE_RUNTIME_LINK_H

#include "abi/artifact.h"
#include "base/check.h"
#include "runtime/selvage.h"

struct defined_type;

struct definition {
	struct definition *next; /* in the same bucket */
	uint64_t hash;
	char *names; /* owned: module, then name, no terminators */
	size_t module_length, name_length;
	bool is_host_function;
	const struct defined_type *type; /* host functions: owned use */
	sv_host_function function;
	void *data;             /* the embedder's */
	struct sv_shared_memory *shared; /* owned use; then `value` holds no memory */
	struct sv_extern value; /* everything else */
};

/* The definition that fits import `index`, or NULL with `error`. `linker` NULL: none fits. */
const struct definition *linker_resolve(const struct sv_linker *linker,
		const struct sv_artifact *artifact, uint32_t index, struct sv_error *error);

/* True if every import is a host function; else false with the first that is not. */
SV_MUST_USE bool linker_check_hosted(const struct sv_linker *linker,
		const struct sv_artifact *artifact, struct sv_error *error);

#endif
