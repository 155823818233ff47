/*
 * snapshot_draft.h: a snapshot while its parts are put together; of interest to the
 * snapshot_*.c only.
 */
#ifndef SELVAGE_RUNTIME_SNAPSHOT_DRAFT_H
#define SELVAGE_RUNTIME_SNAPSHOT_DRAFT_H

#include "abi/artifact.h"
#include "runtime/snapshot.h"

/* A function that can be referred to, by what references to it are. */
struct function_place {
	const void *reference;
	uint32_t index;
};

/* Room for the largest image and state: distances in an artifact have 31 bits. */
#define SNAPSHOT_MAX_BYTES ((size_t)INT32_MAX)

struct snapshot_draft {
	const struct sv_instance *instance;
	const struct sv_artifact *artifact;
	struct function_place *functions; /* owned; by reference, then index */
	size_t function_count;
	struct buffer image; /* owned, as are all below; multiple of SV_HOST_PAGE long */
	/* New records, without the header. */
#define STATE_SPAN(name, type) struct buffer name;
#include "abi/state.def"
#undef STATE_SPAN
	bool needs_constants; /* a record refers to compiled constant expressions */
	struct sv_error *error;
};

/* The functions of the instance; before everything that may refer to them. */
SV_MUST_USE bool snapshot_find_functions(struct snapshot_draft *draft);

/* The parts, each as new records in the draft. Segments come before memories and tables. */
SV_MUST_USE bool snapshot_globals(struct snapshot_draft *draft);
SV_MUST_USE bool snapshot_segments(struct snapshot_draft *draft);
SV_MUST_USE bool snapshot_tables(struct snapshot_draft *draft);
SV_MUST_USE bool snapshot_memories(struct snapshot_draft *draft);

/* The file with the parts in it, into the empty `output`. */
SV_MUST_USE bool snapshot_file(struct snapshot_draft *draft, const struct snapshot_exports *exports,
		struct buffer *output);

#endif
