/*
 * validate_types.c: declarations of super-types (Core 3.0, 3.2.7 and 3.3).
 */
#include "compiler/validate.h"

static bool type_fail(const struct module *module, uint32_t index, const char *why,
		struct sv_error *error)
{
	return sv_fail_at(error, SV_ERROR_INVALID, (int64_t)module->types[index].offset,
			"sub type %u does not match super type %u: %s", index,
			module->types[index].supertype, why);
}

/* Values of packed types match only themselves. */
static bool field_matches(const struct module *module, const struct field_type *field,
		const struct field_type *above)
{
	if (field->mutable != above->mutable)
		return false;
	if (field->mutable)
		return field->type == above->type;
	return type_matches(module, field->type, above->type);
}

static bool function_matches(const struct module *module, const struct function_type *type,
		const struct function_type *above)
{
	if (type->parameter_count != above->parameter_count ||
			type->result_count != above->result_count)
		return false;
	for (uint32_t i = 0; i < type->parameter_count; i++) {
		if (!type_matches(module, above->parameters[i], type->parameters[i]))
			return false;
	}
	for (uint32_t i = 0; i < type->result_count; i++) {
		if (!type_matches(module, type->results[i], above->results[i]))
			return false;
	}
	return true;
}

static bool validate_declaration(const struct module *module, uint32_t index,
		struct sv_error *error)
{
	const struct defined_type *type = &module->types[index];
	const struct defined_type *above = &module->types[type->supertype];
	if (above->is_final)
		return type_fail(module, index, "that is final", error);
	if (above->kind != type->kind)
		return type_fail(module, index, "they are of different kinds", error);
	if (type->field_count < above->field_count)
		return type_fail(module, index, "it has fewer fields", error);
	for (uint32_t i = 0; i < above->field_count; i++) {
		if (!field_matches(module, &type->fields[i], &above->fields[i]))
			return type_fail(module, index, "a field has another type", error);
	}
	if (!function_matches(module, &type->function, &above->function))
		return type_fail(module, index, "parameters or results have other types", error);
	return true;
}

bool validate_types(const struct module *module, struct sv_error *error)
{
	for (uint32_t i = 0; i < module->type_count; i++) {
		struct defined_type *type = &module->types[i];
		if (type->supertype == SV_NO_INDEX)
			continue;
		TRY(validate_declaration(module, i, error));
		type->depth = module->types[type->supertype].depth + 1;
		if (type->depth > SV_MAX_TYPE_DEPTH)
			return sv_fail_at(error, SV_ERROR_LIMIT, (int64_t)type->offset,
					"type %u has more super-types than the limit "
					"SV_MAX_TYPE_DEPTH of %u",
					i, SV_MAX_TYPE_DEPTH);
	}
	return true;
}
