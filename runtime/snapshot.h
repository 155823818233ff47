/*
 * snapshot.h: an artifact whose instances begin where an instance is now. It is the file of the
 * instance's artifact with another last segment: image and state records (abi/state.def).
 */
#ifndef SELVAGE_RUNTIME_SNAPSHOT_H
#define SELVAGE_RUNTIME_SNAPSHOT_H

#include "base/bytes.h"
#include "base/check.h"
#include "runtime/selvage.h"

/* One export in place of another: `name` becomes what `source` is, which is gone. */
struct snapshot_rename {
	struct sv_bytes name, source;
};

/* What becomes of exports. */
struct snapshot_exports {
	const char *const *hidden; /* names that the snapshot does not export */
	size_t hidden_count;
	const struct snapshot_rename *renames;
	size_t rename_count;
};

/*
 * Put the snapshot of `instance` into `output`, an empty buffer. The same state gives the same
 * bytes. False with USAGE if it has not started, or is in the middle of a call or suspended; with
 * UNSUPPORTED if there is something that a file cannot hold: imported memories, tables and
 * globals, shared memories that others use, references to other things than the module's
 * functions. The error names it.
 */
SV_MUST_USE bool snapshot_make(const struct sv_instance *instance,
		const struct snapshot_exports *exports, struct buffer *output,
		struct sv_error *error);

#endif
