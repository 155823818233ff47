/*
 * tag.h: tags of exceptions. Each is one of its own, whatever its type.
 */
#ifndef SELVAGE_RUNTIME_TAG_H
#define SELVAGE_RUNTIME_TAG_H

#include "runtime/type.h"

struct sv_tag {
	struct sv_store *store;
	const struct defined_type *type; /* parameters: what an exception carries */
	struct sv_tag *next; /* in the store, for those of the embedder */
};

#endif
