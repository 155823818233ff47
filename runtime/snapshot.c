/*
 * snapshot.c: can this instance be a file, and which parts make it one. Values are
 * snapshot_values.c, bytes of memories snapshot_memory.c, the file snapshot_file.c.
 */
#include "runtime/snapshot_draft.h"

#include <stdlib.h>

#include "runtime/artifact.h"
#include "runtime/instance.h"
#include "runtime/memory.h"
#include "runtime/shared.h"
#include "runtime/store.h"

/* The state between two calls is all there is: no frames on a stack, nothing left to do. */
static bool snapshot_check_rest(const struct sv_instance *instance, struct sv_error *error)
{
	const struct sv_store *store = instance->store;
	TRY(instance_may_run(instance, error));
	if (store->activation || store->suspension.at || instance->is_failed)
		return sv_fail(error, SV_ERROR_USAGE, "the instance of %s %s",
				instance->artifact->name,
				instance->is_failed ? "was not instantiated"
						    : "is in the middle of a call");
	return true;
}

/* What is not the instance's alone cannot be kept: its owner may give another one. */
static bool snapshot_check_imports(const struct sv_artifact *artifact, struct sv_error *error)
{
	static const char *const kinds[] = {
			[SV_EXTERN_TABLE] = "table",
			[SV_EXTERN_MEMORY] = "memory",
			[SV_EXTERN_GLOBAL] = "global",
	};
	for (uint32_t i = 0; i < artifact->header->imports.count; i++) {
		const struct sv_import_record *import = &artifact_imports(artifact)[i];
		if (import->kind == SV_EXTERN_FUNCTION || import->kind == SV_EXTERN_TAG)
			continue;
		return sv_fail(error, SV_ERROR_UNSUPPORTED,
				"the %s \"%.*s.%.*s\" is imported, and a snapshot can only hold "
				"what is the module's own",
				kinds[import->kind], (int)import->module.length,
				artifact_string(artifact, import->module), (int)import->name.length,
				artifact_string(artifact, import->name));
	}
	return true;
}

static bool snapshot_check_shared(const struct sv_instance *instance, struct sv_error *error)
{
	for (uint32_t i = 0; i < instance->artifact->header->memories.count; i++) {
		struct sv_shared_memory *shared = instance->memories[i]->shared;
		if (shared && atomic_load(&shared->users) > 1)
			return sv_fail(error, SV_ERROR_UNSUPPORTED,
					"the shared memory %u is in use elsewhere", i);
	}
	return true;
}

static void snapshot_finish(struct snapshot_draft *draft)
{
	free(draft->functions);
	buffer_finish(&draft->image);
#define STATE_SPAN(name, type) buffer_finish(&draft->name);
#include "abi/state.def"
#undef STATE_SPAN
}

bool snapshot_make(const struct sv_instance *instance, const struct snapshot_exports *exports,
		struct buffer *output, struct sv_error *error)
{
	struct snapshot_draft draft = {
			.instance = instance, .artifact = instance->artifact, .error = error};
	check(output->length == 0);
	draft.image.limit = SNAPSHOT_MAX_BYTES;
#define STATE_SPAN(name, type) draft.name.limit = SNAPSHOT_MAX_BYTES;
#include "abi/state.def"
#undef STATE_SPAN
	bool done = snapshot_check_rest(instance, error) &&
			snapshot_check_imports(draft.artifact, error) &&
			snapshot_check_shared(instance, error) && snapshot_find_functions(&draft) &&
			snapshot_globals(&draft) && snapshot_segments(&draft) &&
			snapshot_tables(&draft) && snapshot_memories(&draft) &&
			snapshot_file(&draft, exports, output);
	snapshot_finish(&draft);
	return done;
}
