/*
 * segment.c: data and element segments.
 */
#include "runtime/segment.h"

#include <string.h>

#include "runtime/artifact.h"
#include "runtime/call.h"
#include "runtime/global.h"
#include "runtime/memory.h"
#include "runtime/table.h"
#include "runtime/trap.h"

union sv_value segment_constant(const struct sv_instance *instance,
		const struct sv_constant *constant)
{
	union sv_value value = {.v128 = {0}};
	switch ((enum sv_constant_kind)constant->kind) {
	case SV_CONSTANT_BITS:
		value.i64 = (int64_t)constant->value;
		memcpy(value.v128 + 8, &constant->high, sizeof constant->high);
		break;
	case SV_CONSTANT_GLOBAL: {
		const struct sv_global *global = instance->globals[constant->value];
		return global_cell_get(global->cell, global->type.type);
	}
	case SV_CONSTANT_FUNCTION: {
		uint32_t reference =
				artifact_functions(instance->artifact)[constant->value].reference;
		check(reference != SV_NO_INDEX);
		value.ref = instance->references[reference];
		break;
	}
	case SV_CONSTANT_NULL:
	case SV_CONSTANT_CODE: /* computed when the instance starts */
		break;
	}
	return value;
}

enum sv_outcome segment_evaluate(struct sv_instance *instance, const struct sv_constant *constant,
		union sv_value *value, struct sv_error *error)
{
	if (constant->kind != SV_CONSTANT_CODE) {
		*value = segment_constant(instance, constant);
		return SV_RETURNED;
	}
	const struct call_target target = {
			.entry = artifact_expression(instance->artifact, (uint32_t)constant->value),
			.context = instance->context};
	return call_run(instance->store, &target, value, error);
}

/* An address or index, without sign. */
static enum sv_outcome segment_offset(struct sv_instance *instance,
		const struct sv_constant *constant, const struct sv_limits_record *target,
		uint64_t *offset, struct sv_error *error)
{
	union sv_value value;
	enum sv_outcome outcome = segment_evaluate(instance, constant, &value, error);
	*offset = target->is_64 ? (uint64_t)value.i64 : (uint32_t)value.i32;
	return outcome;
}

void *segment_item(const struct sv_instance *instance, uint32_t item)
{
	if (instance->items)
		return instance->items[item];
	return segment_constant(instance, &artifact_items(instance->artifact)[item]).ref;
}

const uint8_t *segment_bytes(const struct sv_instance *instance, uint32_t segment, uint64_t from,
		uint64_t length)
{
	const struct sv_data_record *record = &artifact_data(instance->artifact)[segment];
	uint64_t size = instance->dropped_data[segment] ? 0 : record->length;
	if (length > size || from > size - length)
		return NULL;
	return artifact_segment_bytes(instance->artifact) + record->offset + from;
}

uint32_t segment_items(const struct sv_instance *instance, uint32_t segment, uint64_t from,
		uint64_t count)
{
	const struct sv_element_record *record = &artifact_elements(instance->artifact)[segment];
	uint64_t size = instance->dropped_elements[segment] ? 0 : record->item_count;
	if (count > size || from > size - count)
		return SV_NO_INDEX;
	return (uint32_t)(record->first_item + from);
}

enum sv_trap segment_init_memory(struct sv_instance *instance, uint32_t segment, uint32_t memory,
		uint64_t to, uint64_t from, uint64_t length)
{
	struct sv_memory *target = instance->memories[memory];
	const uint8_t *bytes = segment_bytes(instance, segment, from, length);
	if (!bytes || !memory_holds(target, to, length))
		return SV_TRAP_MEMORY_BOUNDS;
	/* When an instance starts, no handler would open the page. */
	if (!memory_open(target, to, length))
		return SV_TRAP_MEMORY_LIMIT;
	if (length)
		memcpy(memory_base(target) + to, bytes, length);
	return SV_TRAP_NONE;
}

enum sv_trap segment_init_table(struct sv_instance *instance, uint32_t segment, uint32_t table,
		uint64_t to, uint64_t from, uint64_t count)
{
	struct sv_table_object *target = instance->tables[table];
	uint32_t first = segment_items(instance, segment, from, count);
	if (first == SV_NO_INDEX || !table_holds(target, to, count))
		return SV_TRAP_TABLE_BOUNDS;
	for (uint64_t i = 0; i < count; i++)
		table_set(target, to + i, segment_item(instance, (uint32_t)(first + i)));
	return SV_TRAP_NONE;
}

static enum sv_outcome segment_trap(struct sv_instance *instance, enum sv_trap trap)
{
	if (!trap)
		return SV_RETURNED;
	trap_record_outside(instance->store, trap);
	return SV_TRAPPED;
}

/* If any expression is code, the items are values of this run and computed once. */
static enum sv_outcome segment_evaluate_items(struct sv_instance *instance, struct sv_error *error)
{
	const struct sv_artifact *artifact = instance->artifact;
	enum sv_outcome outcome = SV_RETURNED;
	for (uint32_t i = 0; instance->items && i < artifact->header->items.count; i++) {
		union sv_value value;
		outcome = segment_evaluate(instance, &artifact_items(artifact)[i], &value, error);
		if (outcome != SV_RETURNED)
			return outcome;
		instance->items[i] = value.ref;
	}
	return outcome;
}

static enum sv_outcome segment_fill_tables(struct sv_instance *instance, struct sv_error *error)
{
	const struct sv_artifact *artifact = instance->artifact;
	const struct sv_artifact_header *header = artifact->header;
	for (uint32_t i = header->imported_tables; i < header->tables.count; i++) {
		const struct sv_table_record *record = &artifact_tables(artifact)[i];
		union sv_value value;
		if (!record->has_initial)
			continue;
		enum sv_outcome outcome =
				segment_evaluate(instance, &record->initial, &value, error);
		if (outcome != SV_RETURNED)
			return outcome;
		for (uint64_t k = 0; k < instance->tables[i]->view.size; k++)
			table_set(instance->tables[i], k, value.ref);
	}
	return SV_RETURNED;
}

static enum sv_outcome segment_run_element(struct sv_instance *instance, uint32_t index,
		struct sv_error *error)
{
	const struct sv_element_record *record = &artifact_elements(instance->artifact)[index];
	uint64_t to;
	enum sv_outcome outcome = segment_offset(instance, &record->index,
			&instance->tables[record->table]->type, &to, error);
	if (outcome != SV_RETURNED)
		return outcome;
	return segment_trap(instance,
			segment_init_table(instance, index, record->table, to, 0,
					record->item_count));
}

void segment_drop_elements(struct sv_instance *instance, uint32_t segment)
{
	const struct sv_element_record *record = &artifact_elements(instance->artifact)[segment];
	if (instance->dropped_elements[segment])
		return;
	instance->dropped_elements[segment] = true;
	instance->is_segment_dropped = true;
	for (uint32_t i = 0; instance->items && i < record->item_count; i++)
		instance->items[record->first_item + i] = NULL;
}

void segment_drop_data(struct sv_instance *instance, uint32_t segment)
{
	instance->dropped_data[segment] = true;
	instance->is_segment_dropped = true;
}

/* For the next lease, unless they hold references of this run, which will be gone. */
static void segment_seal_tables(struct sv_instance *instance)
{
	instance->tables_ready = instance->store->pool && !instance->items;
	for (uint32_t i = 0; instance->tables_ready &&
			i < instance->artifact->header->tables.count; i++)
		table_seal(instance->tables[i]);
}

/* Nothing is left to do if the tables of a pooled instance already hold them. */
static enum sv_outcome segment_run_elements(struct sv_instance *instance, struct sv_error *error)
{
	const struct sv_artifact *artifact = instance->artifact;
	if (instance->tables_ready)
		return SV_RETURNED;
	enum sv_outcome outcome = segment_evaluate_items(instance, error);
	if (outcome == SV_RETURNED)
		outcome = segment_fill_tables(instance, error);
	for (uint32_t i = 0; outcome == SV_RETURNED && i < artifact->header->elements.count; i++) {
		if (artifact_elements(artifact)[i].mode != SV_SEGMENT_ACTIVE)
			continue;
		outcome = segment_run_element(instance, i, error);
		if (outcome == SV_RETURNED)
			segment_drop_elements(instance, i);
	}
	if (outcome == SV_RETURNED)
		segment_seal_tables(instance);
	return outcome;
}

static enum sv_outcome segment_run_data(struct sv_instance *instance, struct sv_error *error)
{
	const struct sv_artifact *artifact = instance->artifact;
	/* Modules have thousands of segments that are all in the image. */
	uint32_t count = artifact->has_active_data ? artifact->header->data.count : 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct sv_data_record *record = &artifact_data(artifact)[i];
		uint64_t to;
		if (record->mode != SV_SEGMENT_ACTIVE)
			continue;
		enum sv_outcome outcome = segment_offset(instance, &record->address,
				&instance->memories[record->memory]->backing->type, &to, error);
		if (outcome == SV_RETURNED)
			outcome = segment_trap(instance,
					segment_init_memory(instance, i, record->memory, to, 0,
							record->length));
		if (outcome != SV_RETURNED)
			return outcome;
		segment_drop_data(instance, i);
	}
	return SV_RETURNED;
}

enum sv_outcome segment_run_active(struct sv_instance *instance, struct sv_error *error)
{
	enum sv_outcome outcome = segment_run_elements(instance, error);
	return outcome == SV_RETURNED ? segment_run_data(instance, error) : outcome;
}

void segment_reset_dropped(struct sv_instance *instance)
{
	const struct sv_artifact *artifact = instance->artifact;
	for (uint32_t i = 0; i < artifact->header->data.count; i++)
		instance->dropped_data[i] = artifact_data(artifact)[i].mode == SV_SEGMENT_IMAGE;
	for (uint32_t i = 0; i < artifact->header->elements.count; i++) {
		uint32_t mode = artifact_elements(artifact)[i].mode;
		instance->dropped_elements[i] = mode == SV_SEGMENT_DECLARED ||
				(mode == SV_SEGMENT_ACTIVE && instance->tables_ready);
	}
	instance->is_segment_dropped = false;
}
