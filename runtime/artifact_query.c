/*
 * artifact_query.c: what an artifact has: code, names, imports, exports.
 */
#include "runtime/artifact.h"

#include <stdio.h>
#include <string.h>

#include "runtime/selvage_serve.h"
#include "runtime/type.h"

/* Distances in the code arrays count from the array's own first byte. */
static void *artifact_distance(const int32_t *array, uint32_t index)
{
	return (char *)array + array[index];
}

void *artifact_function_code(const struct sv_artifact *artifact, uint32_t index)
{
	return artifact_distance(artifact_code(artifact),
			index - artifact->header->imported_functions);
}

sv_entry_stub artifact_entry(const struct sv_artifact *artifact, uint32_t type)
{
	return (sv_entry_stub)artifact_distance(artifact_entries(artifact), type);
}

void *artifact_thunk(const struct sv_artifact *artifact, uint32_t type)
{
	return artifact_distance(artifact_thunks(artifact), type);
}

sv_entry_stub artifact_expression(const struct sv_artifact *artifact, uint32_t index)
{
	return (sv_entry_stub)artifact_distance(artifact_constants(artifact), index);
}

const char *artifact_string(const struct sv_artifact *artifact, struct sv_name name)
{
	return (const char *)artifact_strings(artifact) + name.offset;
}

struct sv_limits_record artifact_limits_record(struct sv_size_limits limits)
{
	return (struct sv_limits_record){
			.minimum = limits.minimum,
			.maximum = limits.maximum,
			.has_maximum = limits.maximum != UINT64_MAX,
			.is_64 = limits.is_64,
			.page_log2 = SV_WASM_PAGE_LOG2,
	};
}

const struct sv_export_record *artifact_find_export(const struct sv_artifact *artifact,
		const char *name, size_t length, int kind)
{
	for (uint32_t i = 0; i < artifact->header->exports.count; i++) {
		const struct sv_export_record *export = &artifact_exports(artifact)[i];
		if (export->name.length == length && (kind < 0 || (int)export->kind == kind) &&
				memcmp(artifact_string(artifact, export->name), name, length) == 0)
			return export;
	}
	return NULL;
}

const struct sv_artifact_header *sv_artifact_header(const struct sv_artifact *artifact)
{
	return artifact->header;
}

uint32_t sv_artifact_import_count(const struct sv_artifact *artifact)
{
	return artifact->header->imports.count;
}

bool sv_artifact_import(const struct sv_artifact *artifact, uint32_t index,
		struct sv_import *import)
{
	if (index >= artifact->header->imports.count)
		return false;
	const struct sv_import_record *record = &artifact_imports(artifact)[index];
	*import = (struct sv_import){
			.module = artifact_string(artifact, record->module),
			.module_length = record->module.length,
			.name = artifact_string(artifact, record->name),
			.name_length = record->name.length,
			.kind = record->kind,
	};
	if (record->kind == SV_EXTERN_FUNCTION)
		snprintf(import->signature, sizeof import->signature, "%s",
				artifact->types[record->index]->letters);
	return true;
}

bool sv_artifact_has_export(const struct sv_artifact *artifact, const char *name,
		enum sv_extern_kind kind)
{
	return artifact_find_export(artifact, name, strlen(name), (int)kind) != NULL;
}

bool sv_artifact_export_signature(const struct sv_artifact *artifact, const char *name,
		char *signature, size_t size)
{
	const struct sv_export_record *export =
			artifact_find_export(artifact, name, strlen(name), SV_EXTERN_FUNCTION);
	if (!export)
		return false;
	uint32_t type = artifact_functions(artifact)[export->index].type;
	snprintf(signature, size, "%s", artifact->types[type]->letters);
	return true;
}
