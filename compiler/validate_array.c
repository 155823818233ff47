/*
 * validate_array.c: handlers for arrays (Core 3.0, 3.4.10).
 */
#include "compiler/validate_object.h"

#include "abi/limits.h"

static const struct defined_type *array_find(struct validator *v)
{
	return object_type_find(v, v->at.index, SV_KIND_ARRAY);
}

/* The same, of one whose elements may be written. */
static const struct defined_type *array_find_mutable(struct validator *v)
{
	const struct defined_type *type = array_find(v);
	if (!type || type->fields->mutable)
		return type;
	validate_fail(v, "immutable array: type %u", v->at.index);
	return NULL;
}

/* ---- making arrays ---- */

bool validate_array_new(struct validator *v)
{
	const struct defined_type *type = array_find(v);
	TRY(type);
	TRY(operand_pop(v, SV_TYPE_I32));
	TRY(operand_pop(v, field_value_type(type->fields)));
	return operand_push(v, object_reference(type));
}

bool validate_array_new_default(struct validator *v)
{
	const struct defined_type *type = array_find(v);
	TRY(type);
	TRY(field_check_default(v, type->fields));
	TRY(operand_pop(v, SV_TYPE_I32));
	return operand_push(v, object_reference(type));
}

bool validate_array_new_fixed(struct validator *v)
{
	const struct defined_type *type = array_find(v);
	TRY(type);
	if (v->at.index2 > SV_MAX_FIELDS)
		return sv_fail_at(v->error, SV_ERROR_LIMIT, (int64_t)v->at.offset,
				"array.new_fixed has %u operands; the limit SV_MAX_FIELDS is %u",
				v->at.index2, SV_MAX_FIELDS);
	const struct frame *frame = &v->frames[v->frame_count - 1];
	for (uint32_t i = 0; i < v->at.index2; i++) {
		if (frame->unreachable && v->depth == frame->height)
			break;
		TRY(operand_pop(v, field_value_type(type->fields)));
	}
	return operand_push(v, object_reference(type));
}

static bool array_check_data(struct validator *v, const struct defined_type *type)
{
	if (sv_type_is_reference(type->fields->type))
		return validate_fail(v, "array type is not numeric or vector: type %u",
				v->at.index);
	return data_find(v, v->at.index2);
}

static bool array_check_elements(struct validator *v, const struct defined_type *type)
{
	TRY(element_find(v, v->at.index2));
	enum sv_type from = v->module->elements[v->at.index2].type;
	if (type_matches(v->module, from, type->fields->type))
		return true;
	return validate_fail(v, "type mismatch: array of %s from a segment of %s",
			sv_type_text(type->fields->type).text, sv_type_text(from).text);
}

bool validate_array_new_data(struct validator *v)
{
	const struct defined_type *type = array_find(v);
	TRY(type);
	TRY(array_check_data(v, type));
	TRY(operand_apply(v, "ii:"));
	return operand_push(v, object_reference(type));
}

bool validate_array_new_elem(struct validator *v)
{
	const struct defined_type *type = array_find(v);
	TRY(type);
	TRY(array_check_elements(v, type));
	TRY(operand_apply(v, "ii:"));
	return operand_push(v, object_reference(type));
}

/* ---- elements ---- */

static bool array_get(struct validator *v, bool is_packed)
{
	const struct defined_type *type = array_find(v);
	TRY(type);
	TRY(field_check_packed(v, type->fields, is_packed));
	TRY(operand_pop(v, SV_TYPE_I32));
	TRY(operand_pop(v, object_reference_null(type)));
	return operand_push(v, field_value_type(type->fields));
}

bool validate_array_get(struct validator *v)
{
	return array_get(v, false);
}

bool validate_array_get_s(struct validator *v)
{
	return array_get(v, true);
}

bool validate_array_get_u(struct validator *v)
{
	return array_get(v, true);
}

bool validate_array_set(struct validator *v)
{
	const struct defined_type *type = array_find_mutable(v);
	TRY(type);
	TRY(operand_pop(v, field_value_type(type->fields)));
	TRY(operand_pop(v, SV_TYPE_I32));
	return operand_pop(v, object_reference_null(type));
}

bool validate_array_len(struct validator *v)
{
	return operand_apply(v, "y:i");
}

/* ---- many elements ---- */

bool validate_array_fill(struct validator *v)
{
	const struct defined_type *type = array_find_mutable(v);
	TRY(type);
	TRY(operand_pop(v, SV_TYPE_I32));
	TRY(operand_pop(v, field_value_type(type->fields)));
	TRY(operand_pop(v, SV_TYPE_I32));
	return operand_pop(v, object_reference_null(type));
}

bool validate_array_copy(struct validator *v)
{
	const struct defined_type *to = array_find_mutable(v);
	TRY(to);
	const struct defined_type *from = object_type_find(v, v->at.index2, SV_KIND_ARRAY);
	TRY(from);
	if (!type_matches(v->module, from->fields->type, to->fields->type))
		return validate_fail(v, "array types do not match: array.copy of %s to %s",
				sv_type_text(from->fields->type).text,
				sv_type_text(to->fields->type).text);
	TRY(operand_apply(v, "ii:"));
	TRY(operand_pop(v, object_reference_null(from)));
	TRY(operand_pop(v, SV_TYPE_I32));
	return operand_pop(v, object_reference_null(to));
}

bool validate_array_init_data(struct validator *v)
{
	const struct defined_type *type = array_find_mutable(v);
	TRY(type);
	TRY(array_check_data(v, type));
	TRY(operand_apply(v, "iii:"));
	return operand_pop(v, object_reference_null(type));
}

bool validate_array_init_elem(struct validator *v)
{
	const struct defined_type *type = array_find_mutable(v);
	TRY(type);
	TRY(array_check_elements(v, type));
	TRY(operand_apply(v, "iii:"));
	return operand_pop(v, object_reference_null(type));
}
