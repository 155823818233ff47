/*
 * import.c: values of exactly the type that an import of an artifact asks for. Not every such type
 * can be written with the API's letters and limits: typed references, small pages, tags.
 */
#include "runtime/import.h"

#include <inttypes.h>
#include <stdlib.h>

#include "runtime/artifact.h"
#include "runtime/global.h"
#include "runtime/memory.h"
#include "runtime/store.h"
#include "runtime/table.h"
#include "runtime/tag.h"

/* False with `error` if a place of this type must hold a reference, which only the host has. */
static bool import_type_has_default(const struct value_type *type, struct sv_error *error)
{
	if (!sv_type_is_reference(type->type) || sv_type_is_nullable(type->type))
		return true;
	return sv_fail(error, SV_ERROR_LINK, "the import's type, %s, has no default value",
			type->defined ? "a defined one" : sv_type_text(type->type).text);
}

static struct sv_table_object *import_make_table(struct sv_store *store,
		const struct sv_artifact *artifact, uint32_t index, struct sv_error *error)
{
	const struct sv_table_record *record = &artifact_tables(artifact)[index];
	struct value_type element =
			value_type_of((enum sv_type)record->element_type, artifact->types);
	if (record->limits.minimum && !import_type_has_default(&element, error))
		return NULL;
	return table_new(store, &element, &record->limits, error);
}

/* With the address space that code without checks wants: nobody knows yet who will share it. */
static struct sv_memory *import_make_memory(struct sv_store *store,
		const struct sv_artifact *artifact, uint32_t index, struct sv_error *error)
{
	struct memory_plan plan = {.type = artifact_memories(artifact)[index].limits,
			.bounds = SV_BOUNDS_GUARD};
	return memory_new(store, &plan, error);
}

static struct sv_global *import_make_global(struct sv_store *store,
		const struct sv_artifact *artifact, uint32_t index, struct sv_error *error)
{
	const struct sv_global_record *record = &artifact_globals(artifact)[index];
	struct value_type type = value_type_of((enum sv_type)record->type, artifact->types);
	if (!import_type_has_default(&type, error))
		return NULL;
	return global_new(store, &type, record->mutable != 0, (union sv_value){.v128 = {0}}, error);
}

static struct sv_tag *import_make_tag(struct sv_store *store, const struct sv_artifact *artifact,
		uint32_t index, struct sv_error *error)
{
	struct sv_tag *tag = calloc(1, sizeof *tag);
	if (!tag) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a tag");
		return NULL;
	}
	*tag = (struct sv_tag){.store = store,
			.type = artifact->types[artifact_tags(artifact)[index].type],
			.next = store->tags};
	store->tags = tag;
	return tag;
}

bool import_make_value(struct sv_store *store, const struct sv_artifact *artifact, uint32_t index,
		struct sv_extern *value, struct sv_error *error)
{
	const struct sv_import_record *import = &artifact_imports(artifact)[index];
	*value = (struct sv_extern){.kind = (enum sv_extern_kind)import->kind};
	switch (value->kind) {
	case SV_EXTERN_TABLE:
		value->table = import_make_table(store, artifact, import->index, error);
		return value->table != NULL;
	case SV_EXTERN_MEMORY:
		value->memory = import_make_memory(store, artifact, import->index, error);
		return value->memory != NULL;
	case SV_EXTERN_GLOBAL:
		value->global = import_make_global(store, artifact, import->index, error);
		return value->global != NULL;
	case SV_EXTERN_TAG:
		value->tag = import_make_tag(store, artifact, import->index, error);
		return value->tag != NULL;
	default:
		return sv_fail(error, SV_ERROR_USAGE, "import %" PRIu32 " is a function", index);
	}
}
