/*
 * instance.c: make instances (Core 2.0, 4.5.4) and put them back to their initial state.
 */
#include "runtime/instance.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/artifact.h"
#include "runtime/call.h"
#include "runtime/counts.h"
#include "runtime/global.h"
#include "runtime/host_call.h"
#include "runtime/link.h"
#include "runtime/memory.h"
#include "runtime/pool.h"
#include "runtime/root_stack.h"
#include "runtime/segment.h"
#include "runtime/tag.h"
#include "runtime/table.h"
#include "runtime/trap.h"
#include "runtime/type.h"

/* All that is being put together; the instance's arena owns the rest. */
struct instance_draft {
	struct sv_instance *instance;
	const struct sv_linker *linker;
	const struct definition **imports; /* by import; in the arena */
	struct sv_error *error;
};

static bool instance_allocate(struct instance_draft *draft)
{
	struct sv_instance *instance = draft->instance;
	const struct sv_artifact_header *header = instance->artifact->header;
	struct arena *arena = &instance->arena;
	arena_init(arena, 0);
	instance->context = arena_new(arena, 1, instance->artifact->layout.size);
	instance->memories = arena_new(arena, header->memories.count, sizeof(void *));
	instance->tables = arena_new(arena, header->tables.count, sizeof(void *));
	instance->globals = arena_new(arena, header->globals.count, sizeof(void *));
	instance->tags = arena_new(arena, header->tags.count, sizeof(void *));
	instance->references = arena_new(arena, header->reference_count, sizeof(void *));
	instance->host_rows = arena_new(arena, header->imported_functions, sizeof(struct host_row));
	instance->dropped_data = arena_new(arena, header->data.count, sizeof(bool));
	instance->dropped_elements = arena_new(arena, header->elements.count, sizeof(bool));
	instance->pristine = arena_new(arena, header->globals.count, sizeof(struct sv_global_cell));
	if (header->constants.count)
		instance->items = arena_new(arena, header->items.count, sizeof(void *));
	draft->imports = arena_new(arena, header->imports.count, sizeof(void *));
	if (instance->context && instance->memories && instance->tables && instance->globals &&
			instance->tags && instance->references && instance->host_rows &&
			instance->dropped_data && instance->dropped_elements &&
			instance->pristine && draft->imports &&
			(!header->constants.count || instance->items))
		return true;
	return sv_fail(draft->error, SV_ERROR_NO_MEMORY, "no memory for an instance of %s",
			instance->artifact->name);
}

static void *instance_context_at(const struct sv_instance *instance, uint32_t offset)
{
	return (char *)instance->context + offset;
}

struct sv_global_cell *instance_cells(const struct sv_instance *instance)
{
	return instance_context_at(instance, instance->artifact->layout.globals);
}

/* ---- imports ---- */

static struct sv_store *definition_store(const struct definition *definition)
{
	switch (definition->value.kind) {
	case SV_EXTERN_FUNCTION:
		return ((const struct function *)definition->value.function)->store;
	case SV_EXTERN_TABLE:
		return definition->value.table->store;
	case SV_EXTERN_MEMORY:
		return definition->value.memory->store;
	case SV_EXTERN_GLOBAL:
		return definition->value.global->store;
	case SV_EXTERN_TAG:
		return definition->value.tag->store;
	default:
		return NULL;
	}
}

/* Find everything before anything is made. */
static bool instance_resolve(struct instance_draft *draft)
{
	const struct sv_artifact *artifact = draft->instance->artifact;
	for (uint32_t i = 0; i < artifact->header->imports.count; i++) {
		const struct definition *found =
				linker_resolve(draft->linker, artifact, i, draft->error);
		if (!found)
			return false;
		/* Host functions and shared memories are nobody's. */
		if (!found->is_host_function && !found->shared &&
				definition_store(found) != draft->instance->store)
			return sv_fail(draft->error, SV_ERROR_LINK,
					"import %u is defined by a value of another store", i);
		draft->imports[i] = found;
	}
	return true;
}

/* A function object of the instance, for host functions and own functions. */
static struct function *instance_add_function(struct instance_draft *draft, uint32_t index,
		void *code, void *context, struct sv_instance *owner)
{
	struct sv_instance *instance = draft->instance;
	const struct sv_artifact *artifact = instance->artifact;
	uint32_t type = artifact_functions(artifact)[index].type;
	struct function *function = arena_new(&instance->arena, 1, sizeof *function);
	if (!function) {
		sv_fail(draft->error, SV_ERROR_NO_MEMORY, "no memory for the functions of %s",
				artifact->name);
		return NULL;
	}
	*function = (struct function){
			.reference = {.code = code,
					.context = context,
					.type = &artifact->types[type]->info,
					.owner = owner},
			.store = instance->store,
			.type = artifact->types[type],
			.entry = artifact_entry(artifact, type),
	};
	return function;
}

static bool instance_import_function(struct instance_draft *draft, uint32_t index,
		const struct definition *definition)
{
	struct sv_instance *instance = draft->instance;
	const struct sv_artifact *artifact = instance->artifact;
	const struct sv_function_record *record = &artifact_functions(artifact)[index];
	struct sv_function_row *row = (struct sv_function_row *)instance_context_at(instance,
			artifact->layout.functions) + index;
	struct function *function = (struct function *)definition->value.function;
	if (definition->is_host_function) {
		struct host_row *host = &instance->host_rows[index];
		const struct sv_context *context = instance->context;
		*host = (struct host_row){.head = {.enter = switch_host_stub,
							  .store = context->store,
							  .stack_limit = context->stack_limit,
							  .view = context->view},
				.instance = instance,
				.type = artifact->types[record->type],
				.function = definition->function,
				.data = definition->data};
		function = instance_add_function(draft, index,
				artifact_thunk(artifact, record->type), host, NULL);
		if (!function)
			return false;
	}
	*row = (struct sv_function_row){function->reference.code, function->reference.context};
	if (record->reference != SV_NO_INDEX)
		instance->references[record->reference] = function;
	return true;
}

static bool instance_import(struct instance_draft *draft)
{
	struct sv_instance *instance = draft->instance;
	const struct sv_artifact *artifact = instance->artifact;
	uint32_t functions = 0;
	for (uint32_t i = 0; i < artifact->header->imports.count; i++) {
		const struct sv_import_record *import = &artifact_imports(artifact)[i];
		const struct sv_extern *value = &draft->imports[i]->value;
		switch ((enum sv_extern_kind)import->kind) {
		case SV_EXTERN_FUNCTION:
			TRY(instance_import_function(draft, functions++, draft->imports[i]));
			break;
		case SV_EXTERN_TABLE:
			instance->tables[import->index] = value->table;
			break;
		case SV_EXTERN_MEMORY:
			instance->memories[import->index] = value->memory;
			if (draft->imports[i]->shared)
				instance->memories[import->index] = memory_share(instance->store,
						draft->imports[i]->shared, draft->error);
			TRY(instance->memories[import->index]);
			break;
		case SV_EXTERN_GLOBAL:
			instance->globals[import->index] = value->global;
			value->global->propagation = artifact_propagation(artifact);
			instance_cells(instance)[import->index].owner = value->global->cell;
			break;
		case SV_EXTERN_TAG:
			instance->tags[import->index] = value->tag;
			break;
		default:
			break;
		}
	}
	return true;
}

/* ---- what the instance makes itself ---- */

static bool instance_make_memories(struct instance_draft *draft)
{
	struct sv_instance *instance = draft->instance;
	const struct sv_artifact *artifact = instance->artifact;
	const struct sv_pool *pool = instance->store->pool;
	struct sv_memory_row *rows = instance_context_at(instance, artifact->layout.memories);
	for (uint32_t i = 0; i < artifact->header->memories.count; i++) {
		struct memory_plan plan = {
				.type = artifact_memories(artifact)[i].limits,
				.bounds = artifact->header->bounds,
				.artifact = artifact,
				.index = i,
				.is_leased = pool != NULL,
				.is_dense = pool && pool->is_dense};
		if (pool && pool->has_slab)
			plan.place = instance->store->slot + pool->slab.stack_size;
		if (i >= artifact->header->imported_memories)
			instance->memories[i] = memory_new(instance->store, &plan, draft->error);
		if (!instance->memories[i])
			return false;
		struct sv_memory_view *view = &instance->memories[i]->backing->view;
		rows[i] = (struct sv_memory_row){view->base, view};
	}
	return true;
}

static bool instance_make_tables(struct instance_draft *draft)
{
	struct sv_instance *instance = draft->instance;
	const struct sv_artifact *artifact = instance->artifact;
	struct sv_table **rows = instance_context_at(instance, artifact->layout.tables);
	for (uint32_t i = 0; i < artifact->header->tables.count; i++) {
		const struct sv_table_record *record = &artifact_tables(artifact)[i];
		struct value_type element =
				value_type_of((enum sv_type)record->element_type, artifact->types);
		if (i >= artifact->header->imported_tables)
			instance->tables[i] = table_new(instance->store, &element, &record->limits,
					draft->error);
		if (!instance->tables[i])
			return false;
		instance->tables[i]->propagation = artifact_propagation(artifact);
		rows[i] = &instance->tables[i]->view;
	}
	return true;
}

static bool instance_make_tags(struct instance_draft *draft)
{
	struct sv_instance *instance = draft->instance;
	const struct sv_artifact *artifact = instance->artifact;
	const struct sv_artifact_header *header = artifact->header;
	struct sv_tag **rows = instance_context_at(instance, artifact->layout.tags);
	uint32_t own = header->tags.count - header->imported_tags;
	struct sv_tag *tags = arena_new(&instance->arena, own, sizeof *tags);
	if (!tags)
		return sv_fail(draft->error, SV_ERROR_NO_MEMORY, "no memory for %u tags", own);
	for (uint32_t i = 0; i < own; i++) {
		uint32_t index = header->imported_tags + i;
		tags[i] = (struct sv_tag){.store = instance->store,
				.type = artifact->types[artifact_tags(artifact)[index].type]};
		instance->tags[index] = &tags[i];
	}
	for (uint32_t i = 0; i < header->tags.count; i++)
		rows[i] = instance->tags[i];
	return true;
}

static bool instance_make_functions(struct instance_draft *draft)
{
	struct sv_instance *instance = draft->instance;
	const struct sv_artifact *artifact = instance->artifact;
	const struct sv_type_info **types = instance_context_at(instance, artifact->layout.types);
	for (uint32_t i = 0; i < artifact->header->types.count; i++)
		types[i] = &artifact->types[i]->info;
	for (uint32_t i = artifact->header->imported_functions;
			i < artifact->header->functions.count; i++) {
		uint32_t reference = artifact_functions(artifact)[i].reference;
		if (reference == SV_NO_INDEX)
			continue;
		instance->references[reference] = instance_add_function(draft, i,
				artifact_function_code(artifact, i), instance->context, instance);
		if (!instance->references[reference])
			return false;
	}
	return true;
}

/* In order: an initial value may name a global before it. */
static bool instance_make_globals(struct instance_draft *draft)
{
	struct sv_instance *instance = draft->instance;
	const struct sv_artifact_header *header = instance->artifact->header;
	uint32_t own = header->globals.count - header->imported_globals;
	struct sv_global *objects = arena_new(&instance->arena, own, sizeof *objects);
	struct sv_global_cell *cells = instance_cells(instance);
	if (!objects)
		return sv_fail(draft->error, SV_ERROR_NO_MEMORY, "no memory for %u globals", own);
	for (uint32_t i = 0; i < own; i++) {
		uint32_t index = header->imported_globals + i;
		const struct sv_global_record *record =
				&artifact_globals(instance->artifact)[index];
		objects[i] = (struct sv_global){.store = instance->store,
				.type = value_type_of((enum sv_type)record->type,
						instance->artifact->types),
				.is_mutable = record->mutable != 0,
				.cell = &cells[index],
				.propagation = artifact_propagation(instance->artifact)};
		instance->globals[index] = &objects[i];
		global_cell_set(&cells[index], record->type,
				segment_constant(instance, &record->initial));
	}
	if (header->globals.count)
		memcpy(instance->pristine, cells, header->globals.count * sizeof *cells);
	return true;
}

/* Places in the store's view that a call of this type uses. */
static uint32_t type_wide_values(const struct sv_type_record *type, const enum sv_type *codes)
{
	struct sv_parameter_registers left = SV_PARAMETER_REGISTERS;
	uint32_t count = 0;
	for (uint32_t i = 0; i < type->parameter_count; i++)
		count += !sv_parameter_takes_register(&left, codes[i]);
	if (sv_results_are_wide(codes + type->parameter_count, type->result_count) &&
			type->result_count > count)
		count = type->result_count;
	return count;
}

static bool instance_reserve_values(struct instance_draft *draft)
{
	const struct sv_artifact *artifact = draft->instance->artifact;
	uint32_t most = 0;
	for (uint32_t i = 0; i < artifact->header->types.count; i++) {
		const struct sv_type_record *type = &artifact_types(artifact)[i];
		const uint32_t *codes = artifact_type_codes(artifact) + type->offset;
		if (type->kind != SV_KIND_FUNCTION)
			continue;
		uint32_t count = type_wide_values(type, (const enum sv_type *)codes);
		most = count > most ? count : most;
	}
	return store_reserve_values(draft->instance->store, most) ||
			sv_fail(draft->error, SV_ERROR_NO_MEMORY, "no memory for %u values", most);
}

static bool instance_build(struct instance_draft *draft)
{
	struct sv_instance *instance = draft->instance;
	TRY(instance_allocate(draft));
	instance->store->propagations |= 1u << artifact_propagation(instance->artifact);
	TRY(instance_resolve(draft));
	*instance->context = (struct sv_context){
			.store = instance->store,
			.helpers = switch_helpers,
			.instance = instance,
			.stack_limit = stack_limit(&instance->store->stack),
			.view = &instance->store->view,
	};
	TRY(counts_begin(instance, draft->error) && instance_reserve_values(draft));
	if (instance->artifact->header->flags & SV_ARTIFACT_OBJECTS)
		TRY(root_stack_reserve(instance->store, draft->error));
	TRY(instance_import(draft));
	TRY(instance_make_memories(draft));
	TRY(instance_make_tables(draft));
	TRY(instance_make_tags(draft));
	TRY(instance_make_functions(draft));
	TRY(instance_make_globals(draft));
	segment_reset_dropped(instance);
	return true;
}

/* Take back what a failed instantiation made: nothing refers to it yet. */
static void store_rewind(struct sv_store *store, struct sv_memory *memories,
		struct sv_table_object *tables)
{
	while (store->memories != memories) {
		struct sv_memory *memory = store->memories;
		store->memories = memory->next;
		memory_free(memory);
	}
	while (store->tables != tables) {
		struct sv_table_object *table = store->tables;
		store->tables = table->next;
		table_free(table);
	}
}

struct sv_instance *instance_prepare(struct sv_store *store, struct sv_artifact *artifact,
		const struct sv_linker *linker, struct sv_error *error)
{
	struct sv_instance *instance = calloc(1, sizeof *instance);
	if (!instance) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for an instance");
		return NULL;
	}
	*instance = (struct sv_instance){.store = store, .artifact = artifact};
	struct instance_draft draft = {.instance = instance, .linker = linker, .error = error};
	struct sv_memory *memories = store->memories;
	struct sv_table_object *tables = store->tables;
	if (!instance_build(&draft)) {
		store_rewind(store, memories, tables);
		instance_free(instance);
		return NULL;
	}
	/* Handlers walk the list: complete before it is in. */
	instance->next = store->instances;
	atomic_signal_fence(memory_order_seq_cst);
	store->instances = instance;
	return instance;
}

void instance_free(struct sv_instance *instance)
{
	counts_end(instance);
	arena_finish(&instance->arena);
	free(instance);
}

/* ---- the guest's part ---- */

static enum sv_outcome instance_run_start(struct sv_instance *instance, struct sv_error *error)
{
	const struct sv_artifact *artifact = instance->artifact;
	uint32_t index = artifact->header->start;
	if (index == SV_NO_INDEX)
		return SV_RETURNED;
	struct call_target target = {.entry = artifact_entry(artifact,
						     artifact_functions(artifact)[index].type)};
	if (index < artifact->header->imported_functions) {
		const struct sv_function_row *row = (struct sv_function_row *)instance_context_at(
				instance, artifact->layout.functions) + index;
		target.code = row->code;
		target.context = row->context;
	} else {
		target.code = artifact_function_code(artifact, index);
		target.context = instance->context;
	}
	union sv_value none;
	return call_run(instance->store, &target, &none, error);
}

/* Values of own globals that are code, or copies of such, in order. */
static enum sv_outcome instance_evaluate_globals(struct sv_instance *instance,
		struct sv_error *error)
{
	const struct sv_artifact *artifact = instance->artifact;
	const struct sv_artifact_header *header = artifact->header;
	if (!header->constants.count)
		return SV_RETURNED;
	for (uint32_t i = header->imported_globals; i < header->globals.count; i++) {
		const struct sv_global_record *record = &artifact_globals(artifact)[i];
		union sv_value value;
		enum sv_outcome outcome =
				segment_evaluate(instance, &record->initial, &value, error);
		if (outcome != SV_RETURNED)
			return outcome;
		global_cell_set(instance->globals[i]->cell, instance->globals[i]->type.type, value);
	}
	return SV_RETURNED;
}

enum sv_outcome instance_start(struct sv_instance *instance, struct sv_error *error)
{
	struct sv_store *store = instance->store;
	bool may_suspend = store->may_suspend;
	if (instance->is_started) {
		sv_fail(error, SV_ERROR_USAGE, "the instance of %s has been started already",
				instance->artifact->name);
		return SV_REFUSED;
	}
	instance->is_started = true;
	store->is_trapped = false;
	/* Expressions are short, and nobody could go on in the middle of this. */
	store->may_suspend = false;
	enum sv_outcome outcome = instance_evaluate_globals(instance, error);
	if (outcome == SV_RETURNED)
		outcome = segment_run_active(instance, error);
	store->may_suspend = may_suspend;
	instance->is_whole = outcome == SV_RETURNED;
	if (outcome == SV_RETURNED)
		outcome = instance_run_start(instance, error);
	instance->is_failed = outcome != SV_RETURNED && !store->suspension.at;
	return outcome;
}

bool instance_may_run(const struct sv_instance *instance, struct sv_error *error)
{
	if (instance->is_whole)
		return true;
	return sv_fail(error, SV_ERROR_USAGE, "the instance of %s %s", instance->artifact->name,
			instance->is_failed ? "was not instantiated" : "has not been started");
}

struct sv_instance *sv_instance_new(struct sv_store *store, struct sv_artifact *artifact,
		struct sv_linker *linker, enum sv_outcome *outcome, struct sv_error *error)
{
	enum sv_outcome result = SV_RETURNED;
	struct sv_instance *instance = instance_prepare(store, artifact, linker, error);
	bool may_suspend = store->may_suspend;
	store->may_suspend = false; /* the start function's end is the end of this */
	if (instance)
		result = instance_start(instance, error);
	store->may_suspend = may_suspend;
	if (outcome)
		*outcome = result;
	if (result == SV_RETURNED)
		return instance;
	/* The instance stays in the store: tables of others may refer to its functions. */
	if (store->is_trapped)
		sv_fail(error, SV_ERROR_TRAP, "%s: trap while instantiating: %s", artifact->name,
				store->trap.text);
	else
		sv_fail(error, SV_ERROR_TRAP, "%s: the start function ended the guest",
				artifact->name);
	return NULL;
}

/* All tables, whatever the first of them says. Items of the last run are not those of the next. */
static bool instance_reset_tables(struct sv_instance *instance)
{
	bool are_sealed = !instance->items;
	for (uint32_t i = 0; i < instance->artifact->header->tables.count; i++)
		are_sealed = table_reset(instance->tables[i]) && are_sealed;
	return are_sealed;
}

bool instance_reset(struct sv_instance *instance, struct sv_error *error)
{
	const struct sv_artifact_header *header = instance->artifact->header;
	for (uint32_t i = 0; i < header->memories.count; i++)
		TRY(memory_reset(instance->memories[i], error));
	bool were_ready = instance->tables_ready;
	instance->tables_ready = instance_reset_tables(instance);
	if (header->globals.count)
		memcpy(instance_cells(instance), instance->pristine,
				header->globals.count * sizeof *instance->pristine);
	if (instance->items)
		memset(instance->items, 0, header->items.count * sizeof *instance->items);
	if (instance->is_segment_dropped || instance->tables_ready != were_ready)
		segment_reset_dropped(instance);
	instance->is_started = instance->is_whole = instance->is_failed = false;
	return true;
}

/* ---- exports ---- */

bool sv_instance_export(struct sv_instance *instance, const char *name, size_t length,
		struct sv_extern *value)
{
	const struct sv_artifact *artifact = instance->artifact;
	const struct sv_export_record *export = artifact_find_export(artifact, name, length, -1);
	if (!export || instance->is_failed)
		return false;
	*value = (struct sv_extern){.kind = export->kind};
	switch (value->kind) {
	case SV_EXTERN_FUNCTION:
		value->function = &instance->references[artifact_functions(artifact)[export->index]
									 .reference]->reference;
		break;
	case SV_EXTERN_TABLE:
		value->table = instance->tables[export->index];
		break;
	case SV_EXTERN_MEMORY:
		value->memory = instance->memories[export->index];
		break;
	case SV_EXTERN_GLOBAL:
		value->global = instance->globals[export->index];
		break;
	case SV_EXTERN_TAG:
		value->tag = instance->tags[export->index];
		break;
	default:
		return false;
	}
	return true;
}

struct sv_funcref *sv_instance_function(struct sv_instance *instance, const char *name)
{
	struct sv_extern value;
	if (!sv_instance_export(instance, name, strlen(name), &value) ||
			value.kind != SV_EXTERN_FUNCTION)
		return NULL;
	return value.function;
}

struct sv_memory *sv_instance_memory(struct sv_instance *instance, uint32_t index)
{
	return index < instance->artifact->header->memories.count ? instance->memories[index]
								  : NULL;
}

struct sv_table_object *sv_instance_table(struct sv_instance *instance, uint32_t index)
{
	return index < instance->artifact->header->tables.count ? instance->tables[index] : NULL;
}
