/*
 * snapshot_values.c: globals, tables and segments of an instance as records. References are to
 * functions of the module, or null; nothing else has a name that outlives the process.
 */
#include "runtime/snapshot_draft.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/heap.h"
#include "runtime/artifact.h"
#include "runtime/global.h"
#include "runtime/instance.h"
#include "runtime/segment.h"
#include "runtime/table.h"

/* So many null entries in a row cost more as items than as the end of a segment. */
static const uint64_t null_run = 3;

/* ---- references ---- */

static int function_place_compare(const void *left, const void *right)
{
	const struct function_place *a = left, *b = right;
	uintptr_t first = (uintptr_t)a->reference, second = (uintptr_t)b->reference;
	if (first != second)
		return first < second ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

bool snapshot_find_functions(struct snapshot_draft *draft)
{
	const struct sv_artifact *artifact = draft->artifact;
	uint32_t count = artifact->header->functions.count;
	draft->functions = calloc((size_t)count + 1, sizeof *draft->functions);
	if (!draft->functions)
		return sv_fail(draft->error, SV_ERROR_NO_MEMORY, "no memory for %u functions",
				count);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t reference = artifact_functions(artifact)[i].reference;
		if (reference != SV_NO_INDEX)
			draft->functions[draft->function_count++] = (struct function_place){
					draft->instance->references[reference], i};
	}
	qsort(draft->functions, draft->function_count, sizeof *draft->functions,
			function_place_compare);
	return true;
}

/* The lowest index with this reference: a function may have been imported twice. */
static uint32_t snapshot_function(const struct snapshot_draft *draft, const void *reference)
{
	size_t low = 0, high = draft->function_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if ((uintptr_t)draft->functions[middle].reference < (uintptr_t)reference)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == draft->function_count || draft->functions[low].reference != reference)
		return SV_NO_INDEX;
	return draft->functions[low].index;
}

/* The first export of this thing, or NULL. */
static const struct sv_export_record *snapshot_export_of(const struct sv_artifact *artifact,
		enum sv_extern_kind kind, uint32_t index)
{
	for (uint32_t i = 0; i < artifact->header->exports.count; i++) {
		const struct sv_export_record *export = &artifact_exports(artifact)[i];
		if (export->kind == (uint32_t)kind && export->index == index)
			return export;
	}
	return NULL;
}

static uint32_t value_type_top(const struct value_type *type)
{
	return sv_heap_top(type->defined ? sv_heap_of_kind((enum sv_type_kind)
									   type->defined->info.kind)
					 : sv_type_heap(type->type));
}

static const char *reference_text(const struct value_type *type)
{
	switch (value_type_top(type)) {
	case SV_HEAP_FUNC:
		return "a function that is not of this module";
	case SV_HEAP_EXTERN:
		return "a reference of the host";
	case SV_HEAP_EXN:
		return "an exception";
	default:
		return "an object";
	}
}

/* Where a reference was found, for messages. */
struct reference_place {
	const char *kind; /* "global", "table", "element segment" */
	uint32_t index;
	enum sv_extern_kind export_kind; /* SV_EXTERN_KINDS: not a thing that has exports */
	bool has_entry;
	uint64_t entry;
};

static bool snapshot_refuse(struct snapshot_draft *draft, const struct value_type *type,
		const struct reference_place *place)
{
	const struct sv_artifact *artifact = draft->artifact;
	const struct sv_export_record *export =
			snapshot_export_of(artifact, place->export_kind, place->index);
	char name[80] = "", entry[40] = "";
	if (export)
		snprintf(name, sizeof name, " (\"%.*s\")",
				export->name.length < 60 ? (int)export->name.length : 60,
				artifact_string(artifact, export->name));
	if (place->has_entry)
		snprintf(entry, sizeof entry, ", entry %" PRIu64 ",", place->entry);
	return sv_fail(draft->error, SV_ERROR_UNSUPPORTED,
			"%s %u%s%s holds %s; a snapshot can hold no reference but null and the "
			"module's functions",
			place->kind, place->index, name, entry, reference_text(type));
}

/* A value as a constant; false if it is a reference that no file can hold. */
static bool snapshot_constant(struct snapshot_draft *draft, uint32_t code, union sv_value value,
		const struct reference_place *place, struct sv_constant *constant)
{
	const struct value_type value_type =
			value_type_of((enum sv_type)code, draft->artifact->types);
	const struct value_type *type = &value_type;
	*constant = (struct sv_constant){.kind = SV_CONSTANT_BITS, .type = code};
	if (!sv_type_is_reference(type->type)) {
		memcpy(&constant->value, value.v128, sizeof constant->value);
		memcpy(&constant->high, value.v128 + 8, sizeof constant->high);
		return true;
	}
	constant->kind = SV_CONSTANT_NULL;
	if (!value.ref)
		return true;
	uint32_t function = value_type_top(type) == SV_HEAP_FUNC
			? snapshot_function(draft, value.ref)
			: SV_NO_INDEX;
	if (function == SV_NO_INDEX)
		return snapshot_refuse(draft, type, place);
	constant->kind = SV_CONSTANT_FUNCTION;
	constant->value = function;
	return true;
}

/* ---- globals ---- */

bool snapshot_globals(struct snapshot_draft *draft)
{
	const struct sv_artifact *artifact = draft->artifact;
	for (uint32_t i = 0; i < artifact->header->globals.count; i++) {
		const struct sv_global *global = draft->instance->globals[i];
		const struct reference_place place = {
				.kind = "global", .index = i, .export_kind = SV_EXTERN_GLOBAL};
		struct sv_global_record record = artifact_globals(artifact)[i];
		TRY(snapshot_constant(draft, record.type,
				global_cell_get(global->cell, global->type.type), &place,
				&record.initial));
		TRY(buffer_append(&draft->globals, &record, sizeof record, draft->error));
	}
	return true;
}

/* ---- segments ---- */

/*
 * Segments that a module has by itself. Those of a snapshot that come behind, its only active
 * ones, hold what is in memories and tables.
 */
static uint32_t snapshot_own_data(const struct sv_artifact *artifact)
{
	const struct sv_artifact_header *header = artifact->header;
	uint32_t count = 0;
	if (!(header->flags & SV_ARTIFACT_SNAPSHOT))
		return header->data.count;
	while (count < header->data.count &&
			artifact_data(artifact)[count].mode != SV_SEGMENT_ACTIVE)
		count++;
	return count;
}

static uint32_t snapshot_own_elements(const struct sv_artifact *artifact)
{
	const struct sv_artifact_header *header = artifact->header;
	uint32_t count = 0;
	if (!(header->flags & SV_ARTIFACT_SNAPSHOT))
		return header->elements.count;
	while (count < header->elements.count &&
			artifact_elements(artifact)[count].mode != SV_SEGMENT_ACTIVE)
		count++;
	return count;
}

/* One that is dropped has the mode of those that are so from the start. */
static bool snapshot_data_segment(struct snapshot_draft *draft, uint32_t index)
{
	const struct sv_artifact *artifact = draft->artifact;
	const struct sv_data_record *old = &artifact_data(artifact)[index];
	struct sv_data_record record = {
			.mode = SV_SEGMENT_IMAGE, .offset = (uint32_t)draft->segment_bytes.length};
	if (!draft->instance->dropped_data[index]) {
		check(old->mode == SV_SEGMENT_PASSIVE);
		record.mode = SV_SEGMENT_PASSIVE;
		record.length = old->length;
		TRY(buffer_append(&draft->segment_bytes,
				artifact_segment_bytes(artifact) + old->offset, old->length,
				draft->error));
	}
	return buffer_append(&draft->data, &record, sizeof record, draft->error);
}

static uint32_t snapshot_item_count(const struct snapshot_draft *draft)
{
	return (uint32_t)(draft->items.length / sizeof(struct sv_constant));
}

static union sv_value reference_value(void *reference)
{
	union sv_value value = {.v128 = {0}};
	value.ref = reference;
	return value;
}

static bool snapshot_add_item(struct snapshot_draft *draft, uint32_t code, void *reference,
		const struct reference_place *place)
{
	struct sv_constant item;
	TRY(snapshot_constant(draft, code, reference_value(reference), place, &item));
	return buffer_append(&draft->items, &item, sizeof item, draft->error);
}

static bool snapshot_element_segment(struct snapshot_draft *draft, uint32_t index)
{
	const struct sv_artifact *artifact = draft->artifact;
	const struct sv_element_record *old = &artifact_elements(artifact)[index];
	struct sv_element_record record = {.mode = SV_SEGMENT_DECLARED,
			.type = old->type,
			.first_item = snapshot_item_count(draft)};
	if (!draft->instance->dropped_elements[index]) {
		check(old->mode == SV_SEGMENT_PASSIVE);
		record.mode = SV_SEGMENT_PASSIVE;
		record.item_count = old->item_count;
	}
	for (uint32_t i = 0; i < record.item_count; i++) {
		const struct reference_place place = {.kind = "element segment",
				.index = index,
				.export_kind = SV_EXTERN_KINDS,
				.has_entry = true,
				.entry = i};
		TRY(snapshot_add_item(draft, old->type,
				segment_item(draft->instance, old->first_item + i), &place));
	}
	return buffer_append(&draft->elements, &record, sizeof record, draft->error);
}

bool snapshot_segments(struct snapshot_draft *draft)
{
	uint32_t data = snapshot_own_data(draft->artifact);
	uint32_t elements = snapshot_own_elements(draft->artifact);
	for (uint32_t i = 0; i < data; i++)
		TRY(snapshot_data_segment(draft, i));
	for (uint32_t i = 0; i < elements; i++)
		TRY(snapshot_element_segment(draft, i));
	return true;
}

/* ---- tables ---- */

/* Entries [first, end) as an active segment. */
static bool snapshot_table_run(struct snapshot_draft *draft, uint32_t index, uint64_t first,
		uint64_t end)
{
	const struct sv_table_object *table = draft->instance->tables[index];
	struct sv_element_record record = {
			.mode = SV_SEGMENT_ACTIVE,
			.table = index,
			.index = {.kind = SV_CONSTANT_BITS,
					.type = table->type.is_64 ? SV_TYPE_I64 : SV_TYPE_I32,
					.value = first},
			.type = artifact_tables(draft->artifact)[index].element_type,
			.first_item = snapshot_item_count(draft),
			.item_count = (uint32_t)(end - first),
	};
	for (uint64_t i = first; i < end; i++) {
		const struct reference_place place = {.kind = "table",
				.index = index,
				.export_kind = SV_EXTERN_TABLE,
				.has_entry = true,
				.entry = i};
		TRY(snapshot_add_item(draft, record.type, table_get(table, i), &place));
	}
	return buffer_append(&draft->elements, &record, sizeof record, draft->error);
}

static bool snapshot_table_runs(struct snapshot_draft *draft, uint32_t index)
{
	const struct sv_table_object *table = draft->instance->tables[index];
	uint64_t size = table->view.size, first = 0, end = 0;
	for (uint64_t i = 0; i < size; i++) {
		if (!table_get(table, i))
			continue;
		if (first < end && i - end >= null_run)
			TRY(snapshot_table_run(draft, index, first, end));
		if (first == end || i - end >= null_run)
			first = i;
		end = i + 1;
	}
	return first == end || snapshot_table_run(draft, index, first, end);
}

/*
 * Entries begin as null, for their values come from segments. Only a table that can have no
 * null keeps a value of its own: that of its first entry, or, while it has none, the old one.
 */
static bool snapshot_table(struct snapshot_draft *draft, uint32_t index)
{
	const struct sv_table_object *table = draft->instance->tables[index];
	struct sv_table_record record = artifact_tables(draft->artifact)[index];
	record.limits.minimum = table->view.size;
	if (sv_type_is_nullable(table->element.type)) {
		record.has_initial = 0;
		record.initial = (struct sv_constant){0};
	} else if (table->view.size) {
		const struct reference_place place = {.kind = "table",
				.index = index,
				.export_kind = SV_EXTERN_TABLE,
				.has_entry = true};
		TRY(snapshot_constant(draft, record.element_type,
				reference_value(table_get(table, 0)), &place, &record.initial));
	}
	draft->needs_constants |= record.has_initial && record.initial.kind == SV_CONSTANT_CODE;
	return buffer_append(&draft->tables, &record, sizeof record, draft->error);
}

bool snapshot_tables(struct snapshot_draft *draft)
{
	for (uint32_t i = 0; i < draft->artifact->header->tables.count; i++)
		TRY(snapshot_table(draft, i) && snapshot_table_runs(draft, i));
	return true;
}
