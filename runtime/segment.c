/*
 * segment.c: data and element segments.
 */
#include "runtime/segment.h"

#include <string.h>

#include "runtime/artifact.h"
#include "runtime/global.h"
#include "runtime/memory.h"
#include "runtime/table.h"

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
		return global_cell_get(global->cell, global->type);
	}
	case SV_CONSTANT_FUNCTION: {
		uint32_t reference =
				artifact_functions(instance->artifact)[constant->value].reference;
		check(reference != SV_NO_INDEX);
		value.ref = instance->references[reference];
		break;
	}
	case SV_CONSTANT_NULL:
		break;
	}
	return value;
}

/* An address or index, without sign. */
static uint64_t segment_offset(const struct sv_instance *instance,
		const struct sv_constant *constant, const struct sv_limits_record *target)
{
	union sv_value value = segment_constant(instance, constant);
	return target->is_64 ? (uint64_t)value.i64 : (uint32_t)value.i32;
}

enum sv_trap segment_init_memory(struct sv_instance *instance, uint32_t segment, uint32_t memory,
		uint64_t to, uint64_t from, uint64_t length)
{
	const struct sv_data_record *record = &artifact_data(instance->artifact)[segment];
	struct sv_memory *target = instance->memories[memory];
	uint64_t size = instance->dropped_data[segment] ? 0 : record->length;
	if (length > size || from > size - length || !memory_holds(target, to, length))
		return SV_TRAP_MEMORY_BOUNDS;
	if (length)
		memcpy(memory_base(target) + to, artifact_segment_bytes(instance->artifact) +
				record->offset + from, length);
	return SV_TRAP_NONE;
}

enum sv_trap segment_init_table(struct sv_instance *instance, uint32_t segment, uint32_t table,
		uint64_t to, uint64_t from, uint64_t count)
{
	const struct sv_element_record *record = &artifact_elements(instance->artifact)[segment];
	struct sv_table_object *target = instance->tables[table];
	uint64_t size = instance->dropped_elements[segment] ? 0 : record->item_count;
	if (count > size || from > size - count || !table_holds(target, to, count))
		return SV_TRAP_TABLE_BOUNDS;
	const struct sv_constant *items = artifact_items(instance->artifact) + record->first_item;
	for (uint64_t i = 0; i < count; i++)
		table_set(target, to + i, segment_constant(instance, &items[from + i]).ref);
	return SV_TRAP_NONE;
}

/* Skipped (but dropped) if the tables of a pooled instance already hold them. */
static enum sv_trap segment_run_elements(struct sv_instance *instance)
{
	const struct sv_artifact *artifact = instance->artifact;
	for (uint32_t i = 0; i < artifact->header->elements.count; i++) {
		const struct sv_element_record *record = &artifact_elements(artifact)[i];
		if (record->mode != SV_SEGMENT_ACTIVE)
			continue;
		enum sv_trap trap = SV_TRAP_NONE;
		if (!instance->tables_ready)
			trap = segment_init_table(instance, i, record->table,
					segment_offset(instance, &record->index,
							&instance->tables[record->table]->type),
					0, record->item_count);
		if (trap)
			return trap;
		instance->dropped_elements[i] = true;
	}
	instance->tables_ready = true;
	return SV_TRAP_NONE;
}

static enum sv_trap segment_run_data(struct sv_instance *instance)
{
	const struct sv_artifact *artifact = instance->artifact;
	for (uint32_t i = 0; i < artifact->header->data.count; i++) {
		const struct sv_data_record *record = &artifact_data(artifact)[i];
		if (record->mode != SV_SEGMENT_ACTIVE)
			continue;
		uint64_t address = segment_offset(instance, &record->address,
				&instance->memories[record->memory]->backing->type);
		enum sv_trap trap = segment_init_memory(
				instance, i, record->memory, address, 0, record->length);
		if (trap)
			return trap;
		instance->dropped_data[i] = true;
	}
	return SV_TRAP_NONE;
}

enum sv_trap segment_run_active(struct sv_instance *instance)
{
	enum sv_trap trap = segment_run_elements(instance);
	return trap ? trap : segment_run_data(instance);
}

void segment_reset_dropped(struct sv_instance *instance)
{
	const struct sv_artifact *artifact = instance->artifact;
	for (uint32_t i = 0; i < artifact->header->data.count; i++)
		instance->dropped_data[i] = artifact_data(artifact)[i].mode == SV_SEGMENT_IMAGE;
	for (uint32_t i = 0; i < artifact->header->elements.count; i++)
		instance->dropped_elements[i] =
				artifact_elements(artifact)[i].mode == SV_SEGMENT_DECLARED;
}
