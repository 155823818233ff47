/*
 * validate_object.c: handlers for structs and for references that are small integers
 * (Core 3.0, 3.4.8 and 3.4.9), and what arrays share with structs: types, fields.
 */
#include "compiler/validate_object.h"

const struct defined_type *object_type_find(struct validator *v, uint32_t index,
		enum sv_type_kind kind)
{
	const char *noun = kind == SV_KIND_STRUCT ? "struct" : "array";
	if (index >= v->module->type_count) {
		validate_fail(v, "unknown type %u", index);
		return NULL;
	}
	if (v->module->types[index].kind == kind)
		return &v->module->types[index];
	validate_fail(v, "type mismatch: type %u is no %s type", index, noun);
	return NULL;
}

enum sv_type object_reference(const struct defined_type *type)
{
	return sv_ref(SV_HEAP_DEFINED + type->canonical);
}

enum sv_type object_reference_null(const struct defined_type *type)
{
	return sv_ref_null(SV_HEAP_DEFINED + type->canonical);
}

bool field_is_packed(const struct field_type *field)
{
	return field->type == SV_TYPE_I8 || field->type == SV_TYPE_I16;
}

enum sv_type field_value_type(const struct field_type *field)
{
	return field_is_packed(field) ? SV_TYPE_I32 : field->type;
}

bool field_check_default(struct validator *v, const struct field_type *field)
{
	if (field_has_default(field))
		return true;
	return validate_fail(v, "field type is not defaultable: %s",
			sv_type_text(field->type).text);
}

bool field_check_packed(struct validator *v, const struct field_type *field, bool is_packed)
{
	if (field_is_packed(field) == is_packed)
		return true;
	return validate_fail(v, is_packed ? "field is unpacked: %s" : "field is packed: %s",
			sv_type_text(field->type).text);
}

/* ---- structs ---- */

static const struct defined_type *struct_find(struct validator *v)
{
	return object_type_find(v, v->at.index, SV_KIND_STRUCT);
}

bool validate_struct_new(struct validator *v)
{
	const struct defined_type *type = struct_find(v);
	TRY(type);
	/* In code that is not reached, no more than what the stack has is looked at. */
	const struct frame *frame = &v->frames[v->frame_count - 1];
	for (uint32_t i = type->field_count; i-- > 0;) {
		if (frame->unreachable && v->depth == frame->height)
			break;
		TRY(operand_pop(v, field_value_type(&type->fields[i])));
	}
	return operand_push(v, object_reference(type));
}

bool validate_struct_new_default(struct validator *v)
{
	const struct defined_type *type = struct_find(v);
	TRY(type);
	if (type->first_without_default < type->field_count)
		return field_check_default(v, &type->fields[type->first_without_default]);
	return operand_push(v, object_reference(type));
}

/* The field that the operator names, and its struct; NULL if a fault has been reported. */
static const struct field_type *field_find(struct validator *v, const struct defined_type **type)
{
	*type = struct_find(v);
	if (!*type)
		return NULL;
	if (v->at.index2 < (*type)->field_count)
		return &(*type)->fields[v->at.index2];
	validate_fail(v, "unknown field %u: type %u has %u", v->at.index2, v->at.index,
			(*type)->field_count);
	return NULL;
}

static bool struct_get(struct validator *v, bool is_packed)
{
	const struct defined_type *type;
	const struct field_type *field = field_find(v, &type);
	TRY(field);
	TRY(field_check_packed(v, field, is_packed));
	TRY(operand_pop(v, object_reference_null(type)));
	return operand_push(v, field_value_type(field));
}

bool validate_struct_get(struct validator *v)
{
	return struct_get(v, false);
}

bool validate_struct_get_s(struct validator *v)
{
	return struct_get(v, true);
}

bool validate_struct_get_u(struct validator *v)
{
	return struct_get(v, true);
}

bool validate_struct_set(struct validator *v)
{
	const struct defined_type *type;
	const struct field_type *field = field_find(v, &type);
	TRY(field);
	if (!field->mutable)
		return validate_fail(v, "immutable field: field %u of type %u", v->at.index2,
				v->at.index);
	TRY(operand_pop(v, field_value_type(field)));
	return operand_pop(v, object_reference_null(type));
}

/* ---- small integers, equality ---- */

bool validate_ref_i31(struct validator *v)
{
	TRY(operand_pop(v, SV_TYPE_I32));
	return operand_push(v, sv_ref(SV_HEAP_I31));
}

bool validate_i31_get_s(struct validator *v)
{
	return operand_apply(v, "j:i");
}

bool validate_i31_get_u(struct validator *v)
{
	return operand_apply(v, "j:i");
}

bool validate_ref_eq(struct validator *v)
{
	return operand_apply(v, "qq:i");
}
