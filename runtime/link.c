/*
 * link.c: the linker: a table of definitions by module and name, and whether they fit.
 */
#include "runtime/link.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/limits.h"
#include "base/hash.h"
#include "runtime/artifact.h"
#include "runtime/engine.h"
#include "runtime/global.h"
#include "runtime/import.h"
#include "runtime/instance.h"
#include "runtime/memory.h"
#include "runtime/reference.h"
#include "runtime/shared.h"
#include "runtime/table.h"
#include "runtime/tag.h"

struct sv_linker {
	struct sv_engine *engine;
	struct definition **buckets; /* owned, as are the definitions */
	size_t bucket_count;         /* power of two */
	size_t count;
};

/* Names may hold any byte, hence lengths. Borrowed. */
struct import_name {
	const char *module;
	size_t module_length;
	const char *name;
	size_t name_length;
};

struct sv_linker *sv_linker_new(struct sv_engine *engine, struct sv_error *error)
{
	const size_t first_buckets = 64;
	struct sv_linker *linker = calloc(1, sizeof *linker);
	struct definition **buckets = calloc(first_buckets, sizeof(struct definition *));
	if (!linker || !buckets) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a linker");
		free(linker);
		free(buckets);
		return NULL;
	}
	*linker = (struct sv_linker){
			.engine = engine, .buckets = buckets, .bucket_count = first_buckets};
	atomic_fetch_add(&engine->tenants, 1);
	return linker;
}

static void definition_clear(struct sv_linker *linker, struct definition *definition)
{
	type_table_release(&linker->engine->types, definition->type);
	sv_shared_memory_free(definition->shared);
	definition->shared = NULL;
	definition->type = NULL;
	definition->is_host_function = false;
}

void sv_linker_free(struct sv_linker *linker)
{
	if (!linker)
		return;
	for (size_t i = 0; i < linker->bucket_count; i++) {
		while (linker->buckets[i]) {
			struct definition *definition = linker->buckets[i];
			linker->buckets[i] = definition->next;
			definition_clear(linker, definition);
			free(definition->names);
			free(definition);
		}
	}
	free(linker->buckets);
	atomic_fetch_sub(&linker->engine->tenants, 1);
	free(linker);
}

/* Keyed: the names are those of modules' exports too. */
static uint64_t name_hash(const struct import_name *name)
{
	struct hash hash = hash_begin(hash_process_key());
	hash_add_bytes(&hash, name->module, name->module_length);
	hash_add_bytes(&hash, name->name, name->name_length);
	return hash_end(&hash);
}

static struct definition *linker_find(const struct sv_linker *linker,
		const struct import_name *name, uint64_t hash)
{
	struct definition *at = linker->buckets[hash & (linker->bucket_count - 1)];
	for (; at; at = at->next) {
		if (at->hash == hash && at->module_length == name->module_length &&
				at->name_length == name->name_length &&
				memcmp(at->names, name->module, name->module_length) == 0 &&
				memcmp(at->names + at->module_length, name->name,
						name->name_length) == 0)
			return at;
	}
	return NULL;
}

/* Double the buckets when chains get long; staying as we are is no failure. */
static void linker_widen(struct sv_linker *linker)
{
	if (linker->count < linker->bucket_count)
		return;
	size_t count = linker->bucket_count * 2;
	struct definition **buckets = calloc(count, sizeof *buckets);
	if (!buckets)
		return;
	for (size_t i = 0; i < linker->bucket_count; i++) {
		while (linker->buckets[i]) {
			struct definition *definition = linker->buckets[i];
			linker->buckets[i] = definition->next;
			definition->next = buckets[definition->hash & (count - 1)];
			buckets[definition->hash & (count - 1)] = definition;
		}
	}
	free(linker->buckets);
	linker->buckets = buckets;
	linker->bucket_count = count;
}

/* The definition of this name, empty: a new one, or one that gets replaced. */
static struct definition *linker_claim(struct sv_linker *linker, const struct import_name *name,
		struct sv_error *error)
{
	uint64_t hash = name_hash(name);
	struct definition *definition = linker_find(linker, name, hash);
	if (definition) {
		definition_clear(linker, definition);
		return definition;
	}
	definition = calloc(1, sizeof *definition);
	char *names = malloc(name->module_length + name->name_length + 1);
	if (!definition || !names) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a definition");
		free(definition);
		free(names);
		return NULL;
	}
	memcpy(names, name->module, name->module_length);
	memcpy(names + name->module_length, name->name, name->name_length);
	linker_widen(linker);
	struct definition **bucket = &linker->buckets[hash & (linker->bucket_count - 1)];
	*definition = (struct definition){.next = *bucket, .hash = hash, .names = names,
			.module_length = name->module_length, .name_length = name->name_length};
	*bucket = definition;
	linker->count++;
	return definition;
}

/* `type` is taken over. */
static bool linker_define_host(struct sv_linker *linker, const struct import_name *name,
		const struct defined_type *type, sv_host_function function, void *data,
		struct sv_error *error)
{
	struct definition *definition = linker_claim(linker, name, error);
	if (!definition) {
		type_table_release(&linker->engine->types, type);
		return false;
	}
	definition->is_host_function = true;
	definition->type = type;
	definition->function = function;
	definition->data = data;
	definition->value = (struct sv_extern){.kind = SV_EXTERN_FUNCTION};
	return true;
}

bool sv_linker_define_function(struct sv_linker *linker, const char *module, const char *name,
		const char *signature, sv_host_function function, void *data,
		struct sv_error *error)
{
	if (!function)
		return sv_fail(error, SV_ERROR_USAGE, "%s.%s is defined as NULL", module, name);
	const struct defined_type *type =
			type_table_intern(&linker->engine->types, signature, error);
	struct import_name names = {module, strlen(module), name, strlen(name)};
	return type && linker_define_host(linker, &names, type, function, data, error);
}

static bool linker_define_value(struct sv_linker *linker, const struct import_name *name,
		struct sv_extern value, struct sv_error *error)
{
	/* All members of the union are pointers; a NULL is most likely a failed look-up. */
	if (!value.function)
		return sv_fail(error, SV_ERROR_USAGE, "%.*s.%.*s is defined as NULL",
				(int)name->module_length, name->module, (int)name->name_length,
				name->name);
	struct definition *definition = linker_claim(linker, name, error);
	if (!definition)
		return false;
	definition->value = value;
	return true;
}

bool sv_linker_define(struct sv_linker *linker, const char *module, const char *name,
		struct sv_extern value, struct sv_error *error)
{
	struct import_name names = {module, strlen(module), name, strlen(name)};
	return linker_define_value(linker, &names, value, error);
}

bool sv_linker_define_shared_memory(struct sv_linker *linker, const char *module, const char *name,
		struct sv_shared_memory *memory, struct sv_error *error)
{
	struct import_name names = {module, strlen(module), name, strlen(name)};
	if (!memory)
		return sv_fail(error, SV_ERROR_USAGE, "%s.%s is defined as NULL", module, name);
	struct definition *definition = linker_claim(linker, &names, error);
	if (!definition)
		return false;
	definition->shared = shared_use(memory);
	definition->value = (struct sv_extern){.kind = SV_EXTERN_MEMORY};
	return true;
}

bool sv_linker_define_instance(struct sv_linker *linker, const char *module,
		struct sv_instance *instance, struct sv_error *error)
{
	const struct sv_artifact *artifact = instance->artifact;
	/* Before that, its globals may be without values. */
	TRY(instance_may_run(instance, error));
	if (instance->is_failed)
		return sv_fail(error, SV_ERROR_USAGE, "the start function of %s failed",
				artifact->name);
	for (uint32_t i = 0; i < artifact->header->exports.count; i++) {
		struct sv_name name = artifact_exports(artifact)[i].name;
		struct import_name names = {module, strlen(module), artifact_string(artifact, name),
				name.length};
		struct sv_extern value;
		check(sv_instance_export(instance, names.name, names.name_length, &value));
		TRY(linker_define_value(linker, &names, value, error));
	}
	return true;
}

/* ---- does a definition fit? Core 2.0, 3.4 "Import Subtyping" ---- */

/* `type` is what was declared, `size` what there is by now. */
static bool limits_fit(const struct sv_limits_record *type, uint64_t size,
		const struct sv_limits_record *wanted)
{
	if (type->is_64 != wanted->is_64 || type->is_shared != wanted->is_shared ||
			type->page_log2 != wanted->page_log2 || size < wanted->minimum)
		return false;
	return !wanted->has_maximum || (type->has_maximum && type->maximum <= wanted->maximum);
}

static bool types_are_equal(const struct value_type *a, const struct value_type *b)
{
	return a->type == b->type && a->defined == b->defined;
}

static bool table_fits(const struct sv_table_object *table, const struct sv_artifact *artifact,
		const struct sv_table_record *wanted)
{
	struct value_type type = value_type_of((enum sv_type)wanted->element_type, artifact->types);
	return types_are_equal(&table->element, &type) &&
			limits_fit(&table->type, table->view.size, &wanted->limits);
}

/* A constant may be of a type below; a variable is written too. */
static bool global_fits(const struct sv_global *global, const struct sv_artifact *artifact,
		const struct sv_global_record *wanted)
{
	struct value_type type = value_type_of((enum sv_type)wanted->type, artifact->types);
	if (global->is_mutable != (wanted->mutable != 0))
		return false;
	return global->is_mutable ? types_are_equal(&global->type, &type)
				  : value_type_matches(&global->type, &type);
}

static const struct backing *definition_backing(const struct definition *definition)
{
	return definition->shared ? &definition->shared->backing
				  : definition->value.memory->backing;
}

static bool memory_fits(const struct backing *backing, const struct sv_memory_record *wanted)
{
	return limits_fit(&backing->type, backing_pages(backing), &wanted->limits);
}

static bool definition_fits(const struct definition *definition,
		const struct sv_artifact *artifact, const struct sv_import_record *import)
{
	if (definition->value.kind != import->kind)
		return false;
	switch ((enum sv_extern_kind)import->kind) {
	case SV_EXTERN_FUNCTION: {
		const struct defined_type *type = definition->type;
		if (!definition->is_host_function)
			type = ((const struct function *)definition->value.function)->type;
		return defined_type_matches(type, artifact->types[import->index]);
	}
	case SV_EXTERN_TABLE:
		return table_fits(definition->value.table, artifact,
				&artifact_tables(artifact)[import->index]);
	case SV_EXTERN_MEMORY:
		return memory_fits(definition_backing(definition),
				&artifact_memories(artifact)[import->index]);
	case SV_EXTERN_GLOBAL:
		return global_fits(definition->value.global, artifact,
				&artifact_globals(artifact)[import->index]);
	case SV_EXTERN_TAG:
		return definition->value.tag->type ==
				artifact->types[artifact_tags(artifact)[import->index].type];
	default:
		return false;
	}
}

/* Memories made for code with checks lack the address space that code without them needs. */
static bool definition_reaches(const struct definition *definition,
		const struct sv_artifact *artifact, const struct sv_import_record *import)
{
	if (import->kind != SV_EXTERN_MEMORY || artifact->header->bounds != SV_BOUNDS_GUARD)
		return true;
	const struct backing *backing = definition_backing(definition);
	return sv_memory_needs_check(backing->type.is_64, backing->type.page_log2) ||
			backing->slot.reach >= SV_GUARD_RESERVATION;
}

/* Code without a look for exceptions behind its calls must never get one from others. */
static bool functions_agree(const struct function *function, const struct sv_artifact *artifact)
{
	const struct sv_instance *owner = function->reference.owner;
	bool propagates = artifact_propagates(artifact);
	if (!owner || artifact_propagates(owner->artifact) == propagates)
		return true;
	/* The other way round all is well, if no reference to a function can be handed over. */
	return propagates && !function->type->has_references;
}

/* What the host has put into a global of its own. */
static bool global_may_enter(const struct sv_global *global, const struct sv_artifact *artifact)
{
	union sv_value value = global_cell_get(global->cell, global->type.type);
	return reference_may_enter(global->store, artifact, &global->type, value.ref);
}

static bool definition_agrees(const struct definition *definition,
		const struct sv_artifact *artifact, const struct sv_import_record *import)
{
	enum propagation own = artifact_propagation(artifact), other = PROPAGATION_OPEN;
	switch ((enum sv_extern_kind)import->kind) {
	case SV_EXTERN_FUNCTION:
		return definition->is_host_function ||
				functions_agree((struct function *)definition->value.function,
						artifact);
	case SV_EXTERN_TABLE:
		other = definition->value.table->propagation;
		break;
	case SV_EXTERN_GLOBAL:
		if (sv_type_is_reference(definition->value.global->type.type))
			other = definition->value.global->propagation;
		if (other == PROPAGATION_OPEN)
			return global_may_enter(definition->value.global, artifact);
		break;
	default:
		break;
	}
	return other == PROPAGATION_OPEN || other == own;
}

/* ---- definitions by import ---- */

static struct import_name import_name(const struct sv_artifact *artifact, uint32_t index)
{
	const struct sv_import_record *import = &artifact_imports(artifact)[index];
	return (struct import_name){artifact_string(artifact, import->module),
			import->module.length, artifact_string(artifact, import->name),
			import->name.length};
}

static bool import_exists(const struct sv_artifact *artifact, uint32_t index,
		struct sv_error *error)
{
	if (index < artifact->header->imports.count)
		return true;
	return sv_fail(error, SV_ERROR_USAGE, "%s has no import %" PRIu32, artifact->name, index);
}

bool sv_linker_define_import_function(struct sv_linker *linker, const struct sv_artifact *artifact,
		uint32_t index, sv_host_function function, void *data, struct sv_error *error)
{
	TRY(import_exists(artifact, index, error));
	const struct sv_import_record *import = &artifact_imports(artifact)[index];
	if (!function || import->kind != SV_EXTERN_FUNCTION)
		return sv_fail(error, SV_ERROR_USAGE, "import %" PRIu32 " of %s %s", index,
				artifact->name, function ? "is no function" : "is defined as NULL");
	struct import_name name = import_name(artifact, index);
	const struct defined_type *type = artifact->types[import->index];
	return linker_define_host(linker, &name, type_table_use(&linker->engine->types, type),
			function, data, error);
}

bool sv_linker_define_import_value(struct sv_linker *linker, const struct sv_artifact *artifact,
		uint32_t index, struct sv_store *store, struct sv_error *error)
{
	TRY(import_exists(artifact, index, error));
	struct import_name name = import_name(artifact, index);
	struct sv_extern value;
	return import_make_value(store, artifact, index, &value, error) &&
			linker_define_value(linker, &name, value, error);
}

/* ---- look-up ---- */

/* A definition for import `index`, or NULL and why not. */
static const struct definition *linker_look_up(const struct sv_linker *linker,
		const struct sv_artifact *artifact, uint32_t index, const char **reason)
{
	const struct sv_import_record *import = &artifact_imports(artifact)[index];
	struct import_name name = import_name(artifact, index);
	const struct definition *definition =
			linker ? linker_find(linker, &name, name_hash(&name)) : NULL;
	*reason = "unknown import";
	if (!definition)
		return NULL;
	*reason = "incompatible import type";
	if (!definition_fits(definition, artifact, import))
		return NULL;
	*reason = "one of the modules throws or catches exceptions; compile the other with "
		  "--propagate-exceptions";
	if (!definition_agrees(definition, artifact, import))
		return NULL;
	*reason = "compiled with --bounds=guard, but the memory is from a module with "
	          "--bounds=check";
	return definition_reaches(definition, artifact, import) ? definition : NULL;
}

/* "module.name (function iI:f)" */
static void import_describe(const struct sv_artifact *artifact, uint32_t index, char *text,
		size_t size)
{
	struct sv_import import = {0};
	sv_artifact_import(artifact, index, &import);
	const int longest = 80; /* of each name in a message */
	int module = import.module_length < (size_t)longest ? (int)import.module_length : longest;
	int name = import.name_length < (size_t)longest ? (int)import.name_length : longest;
	snprintf(text, size, "%.*s.%.*s (%s%s%s)", module, import.module, name, import.name,
			sv_extern_kind_name(import.kind), import.signature[0] ? " " : "",
			import.signature);
}

const struct definition *linker_resolve(const struct sv_linker *linker,
		const struct sv_artifact *artifact, uint32_t index, struct sv_error *error)
{
	const char *reason;
	const struct definition *definition = linker_look_up(linker, artifact, index, &reason);
	if (definition)
		return definition;
	char text[256];
	import_describe(artifact, index, text, sizeof text);
	sv_fail(error, SV_ERROR_LINK, "%s: %s", reason, text);
	return NULL;
}

bool sv_linker_check(const struct sv_linker *linker, const struct sv_artifact *artifact,
		struct sv_error *error)
{
	/* Room for "and N more" behind the names. */
	char list[sizeof error->text - 80] = "";
	size_t length = 0;
	uint32_t missing = 0, named = 0;
	for (uint32_t i = 0; i < artifact->header->imports.count; i++) {
		const char *reason;
		char text[256];
		if (linker_look_up(linker, artifact, i, &reason))
			continue;
		import_describe(artifact, i, text, sizeof text);
		size_t need = strlen(reason) + strlen(text) + 4;
		if (named == missing && length + need < sizeof list) {
			length += (size_t)snprintf(list + length, sizeof list - length, "%s%s: %s",
					named ? ", " : "", reason, text);
			named++;
		}
		missing++;
	}
	if (missing == 0)
		return true;
	if (named == missing)
		return sv_fail(error, SV_ERROR_LINK, "%s", list);
	return sv_fail(error, SV_ERROR_LINK, "%s and %" PRIu32 " more", list, missing - named);
}

bool linker_check_hosted(const struct sv_linker *linker, const struct sv_artifact *artifact,
		struct sv_error *error)
{
	TRY(sv_linker_check(linker, artifact, error));
	for (uint32_t i = 0; i < artifact->header->imports.count; i++) {
		const struct definition *definition = linker_resolve(linker, artifact, i, error);
		if (definition->is_host_function)
			continue;
		char text[256];
		import_describe(artifact, i, text, sizeof text);
		return sv_fail(error, SV_ERROR_LINK,
				"%s cannot be pooled: it imports %s, which is not "
				"a host function",
				artifact->name, text);
	}
	return true;
}
