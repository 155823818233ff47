/*
 * artifact_values.c: are the records of an artifact right about types? Declared super-types are
 * some, constants fit where they are put, and flags say what types need. Code relies on all of
 * it without looking.
 */
#include "runtime/artifact.h"

static bool values_fail(struct sv_error *error, const char *what)
{
	return sv_fail(error, SV_ERROR_ARTIFACT, "has inconsistent records: %s", what);
}

static struct value_type value_of_code(const struct sv_artifact *artifact, uint32_t code)
{
	return value_type_of((enum sv_type)code, artifact->types);
}

/* ---- super-types (Core 3.0, 3.3) ---- */

static bool value_types_are_equal(const struct value_type *a, const struct value_type *b)
{
	return a->type == b->type && a->defined == b->defined;
}

/* Values of packed types match only themselves. */
static bool field_matches(const struct value_type *field, const struct value_type *above)
{
	if (field->mutable != above->mutable)
		return false;
	return field->mutable ? value_types_are_equal(field, above)
			      : value_type_matches(field, above);
}

static bool function_matches(const struct defined_type *type, const struct defined_type *above)
{
	if (type->parameter_count != above->parameter_count ||
			type->result_count != above->result_count)
		return false;
	for (uint32_t i = 0; i < type->parameter_count; i++) {
		if (!value_type_matches(&above->values[i], &type->values[i]))
			return false;
	}
	for (uint32_t i = type->parameter_count; i < type->parameter_count + type->result_count;
			i++) {
		if (!value_type_matches(&type->values[i], &above->values[i]))
			return false;
	}
	return true;
}

static bool declaration_holds(const struct defined_type *type, const struct defined_type *above)
{
	if (above->is_final || type->info.kind != above->info.kind)
		return false;
	if (type->info.kind == SV_KIND_FUNCTION)
		return function_matches(type, above);
	if (type->field_count < above->field_count)
		return false;
	for (uint32_t i = 0; i < above->field_count; i++) {
		if (!field_matches(&type->values[i], &above->values[i]))
			return false;
	}
	return true;
}

static bool values_check_types(const struct sv_artifact *artifact, struct sv_error *error)
{
	for (uint32_t i = 0; i < artifact->header->types.count; i++) {
		const struct defined_type *type = artifact->types[i];
		if (type->supertype && !declaration_holds(type, type->supertype))
			return values_fail(error, "super-type");
	}
	return true;
}

/* ---- constants ---- */

/* Which globals and functions there are has been checked. */
static bool constant_fits(const struct sv_artifact *artifact, const struct sv_constant *constant,
		const struct value_type *place)
{
	const bool is_global = constant->kind == SV_CONSTANT_GLOBAL;
	const struct value_type type = value_of_code(artifact,
			is_global ? artifact_globals(artifact)[constant->value].type
				  : constant->type);
	switch ((enum sv_constant_kind)constant->kind) {
	case SV_CONSTANT_BITS:
		return !sv_type_is_reference(type.type) && type.type == place->type;
	case SV_CONSTANT_NULL:
		return sv_type_is_reference(type.type) && sv_type_is_nullable(type.type) &&
				value_type_matches(&type, place);
	case SV_CONSTANT_GLOBAL:
		return !artifact_globals(artifact)[constant->value].mutable &&
				value_type_matches(&type, place);
	case SV_CONSTANT_FUNCTION: {
		uint32_t own = artifact_functions(artifact)[constant->value].type;
		const struct value_type function = {.type = sv_ref(SV_HEAP_DEFINED),
				.defined = artifact->types[own]};
		return value_type_matches(&function, &type) && value_type_matches(&function, place);
	}
	case SV_CONSTANT_CODE:
		return value_type_matches(&type, place);
	}
	return false;
}

/* An address or index. What is computed has no type of its own here. */
static bool offset_fits(const struct sv_artifact *artifact, const struct sv_constant *constant,
		const struct sv_limits_record *limits)
{
	const struct value_type place = {.type = limits->is_64 ? SV_TYPE_I64 : SV_TYPE_I32};
	return constant->kind == SV_CONSTANT_CODE || constant_fits(artifact, constant, &place);
}

static bool values_check_globals(const struct sv_artifact *artifact, struct sv_error *error)
{
	const struct sv_artifact_header *header = artifact->header;
	for (uint32_t i = header->imported_globals; i < header->globals.count; i++) {
		const struct sv_global_record *global = &artifact_globals(artifact)[i];
		struct value_type type = value_of_code(artifact, global->type);
		if (!constant_fits(artifact, &global->initial, &type))
			return values_fail(error, "type of a global's initial value");
	}
	return true;
}

/* A table whose entries are never null must say what they are at first. */
static bool values_check_tables(const struct sv_artifact *artifact, struct sv_error *error)
{
	const struct sv_artifact_header *header = artifact->header;
	for (uint32_t i = header->imported_tables; i < header->tables.count; i++) {
		const struct sv_table_record *table = &artifact_tables(artifact)[i];
		struct value_type type = value_of_code(artifact, table->element_type);
		if (table->has_initial ? !constant_fits(artifact, &table->initial, &type)
				       : !sv_type_is_nullable(type.type))
			return values_fail(error, "type of a table's initial value");
	}
	return true;
}

static bool element_fits(const struct sv_artifact *artifact,
		const struct sv_element_record *element)
{
	struct value_type type = value_of_code(artifact, element->type);
	for (uint32_t i = 0; i < element->item_count; i++) {
		const struct sv_constant *item =
				&artifact_items(artifact)[element->first_item + i];
		if (!constant_fits(artifact, item, &type))
			return false;
	}
	if (element->mode != SV_SEGMENT_ACTIVE)
		return true;
	const struct sv_table_record *table = &artifact_tables(artifact)[element->table];
	struct value_type entry = value_of_code(artifact, table->element_type);
	return value_type_matches(&type, &entry) &&
			offset_fits(artifact, &element->index, &table->limits);
}

static bool values_check_segments(const struct sv_artifact *artifact, struct sv_error *error)
{
	const struct sv_artifact_header *header = artifact->header;
	for (uint32_t i = 0; i < header->elements.count; i++) {
		if (!element_fits(artifact, &artifact_elements(artifact)[i]))
			return values_fail(error, "types of an element segment");
	}
	for (uint32_t i = 0; i < header->data.count; i++) {
		const struct sv_data_record *data = &artifact_data(artifact)[i];
		if (data->mode == SV_SEGMENT_ACTIVE &&
				!offset_fits(artifact, &data->address,
						&artifact_memories(artifact)[data->memory].limits))
			return values_fail(error, "type of a data segment's address");
	}
	return true;
}

/* ---- functions and flags ---- */

static bool values_check_start(const struct sv_artifact *artifact, struct sv_error *error)
{
	uint32_t start = artifact->header->start;
	if (start == SV_NO_INDEX)
		return true;
	const struct defined_type *type = artifact->types[artifact_functions(artifact)[start].type];
	if (type_value_count(type) != 0)
		return values_fail(error, "type of the start function");
	return true;
}

/* As the compiler has it, but for what only bodies tell. */
static bool needs_objects(const struct sv_artifact *artifact)
{
	const struct sv_artifact_header *header = artifact->header;
	struct value_type type;
	for (uint32_t i = 0; i < header->types.count; i++) {
		const struct defined_type *defined = artifact->types[i];
		if (defined->info.kind != SV_KIND_FUNCTION)
			return true;
		for (uint32_t k = 0; k < type_value_count(defined); k++) {
			if (value_type_is_traced(&defined->values[k]))
				return true;
		}
	}
	for (uint32_t i = 0; i < header->globals.count; i++) {
		type = value_of_code(artifact, artifact_globals(artifact)[i].type);
		if (value_type_is_traced(&type))
			return true;
	}
	for (uint32_t i = 0; i < header->tables.count; i++) {
		type = value_of_code(artifact, artifact_tables(artifact)[i].element_type);
		if (value_type_is_traced(&type))
			return true;
	}
	return header->tags.count > 0;
}

static bool values_check_flags(const struct sv_artifact *artifact, struct sv_error *error)
{
	const struct sv_artifact_header *header = artifact->header;
	if (header->tags.count && !(header->flags & SV_ARTIFACT_PROPAGATES))
		return values_fail(error, "tags without a look for exceptions");
	if (!(header->flags & SV_ARTIFACT_OBJECTS) && needs_objects(artifact))
		return values_fail(error, "objects without a root stack");
	return true;
}

bool artifact_values_check(const struct sv_artifact *artifact, struct sv_error *error)
{
	TRY(values_check_types(artifact, error));
	TRY(values_check_start(artifact, error));
	TRY(values_check_globals(artifact, error));
	TRY(values_check_tables(artifact, error));
	TRY(values_check_segments(artifact, error));
	return values_check_flags(artifact, error);
}
