/*
 * validate_access.c: handlers for locals, globals, tables, memories and references.
 */
#include "compiler/validate.h"

/* ---- locals and globals ---- */

/* The finders below give SV_TYPE_NONE or NULL when they have reported a bad index. */

static enum sv_type local_find(struct validator *v)
{
	if (v->at.index < v->body.local_count)
		return v->body.locals[v->at.index];
	validate_fail(v, "unknown local %u: there are %u", v->at.index, v->body.local_count);
	return SV_TYPE_NONE;
}

bool validate_local_get(struct validator *v)
{
	enum sv_type type = local_find(v);
	TRY(type);
	return operand_push(v, type);
}

bool validate_local_set(struct validator *v)
{
	enum sv_type type = local_find(v);
	TRY(type);
	return operand_pop(v, type);
}

bool validate_local_tee(struct validator *v)
{
	enum sv_type type = local_find(v);
	TRY(type);
	TRY(operand_pop(v, type));
	return operand_push(v, type);
}

static const struct global *global_find(struct validator *v)
{
	if (v->at.index < v->module->global_count)
		return &v->module->globals[v->at.index];
	validate_fail(v, "unknown global %u", v->at.index);
	return NULL;
}

bool validate_global_get(struct validator *v)
{
	const struct global *global = global_find(v);
	TRY(global);
	return operand_push(v, global->type);
}

bool validate_global_set(struct validator *v)
{
	const struct global *global = global_find(v);
	TRY(global);
	if (!global->mutable)
		return validate_fail(v, "global is immutable: global %u", v->at.index);
	return operand_pop(v, global->type);
}

/* ---- tables ---- */

/* Type of a table's entries. */
static enum sv_type table_find(struct validator *v, uint32_t index)
{
	if (index < v->module->table_count)
		return v->module->tables[index].element;
	validate_fail(v, "unknown table %u", index);
	return SV_TYPE_NONE;
}

static bool element_find(struct validator *v, uint32_t index)
{
	if (index < v->module->element_count)
		return true;
	return validate_fail(v, "unknown elem segment %u", index);
}

bool validate_table_get(struct validator *v)
{
	enum sv_type element = table_find(v, v->at.index);
	TRY(element);
	TRY(operand_pop(v, SV_TYPE_I32));
	return operand_push(v, element);
}

bool validate_table_set(struct validator *v)
{
	enum sv_type element = table_find(v, v->at.index);
	TRY(element);
	TRY(operand_pop(v, element));
	return operand_pop(v, SV_TYPE_I32);
}

bool validate_table_size(struct validator *v)
{
	enum sv_type element = table_find(v, v->at.index);
	TRY(element);
	return operand_push(v, SV_TYPE_I32);
}

bool validate_table_grow(struct validator *v)
{
	enum sv_type element = table_find(v, v->at.index);
	TRY(element);
	TRY(operand_pop(v, SV_TYPE_I32));
	TRY(operand_pop(v, element));
	return operand_push(v, SV_TYPE_I32);
}

bool validate_table_fill(struct validator *v)
{
	enum sv_type element = table_find(v, v->at.index);
	TRY(element);
	TRY(operand_pop(v, SV_TYPE_I32));
	TRY(operand_pop(v, element));
	return operand_pop(v, SV_TYPE_I32);
}

bool validate_table_copy(struct validator *v)
{
	enum sv_type to = table_find(v, v->at.index);
	enum sv_type from = table_find(v, v->at.index2);
	TRY(to && from);
	if (to != from)
		return validate_fail(v, "type mismatch: table.copy of %s to %s", sv_type_name(from),
				sv_type_name(to));
	return operand_apply(v, "iii:");
}

bool validate_table_init(struct validator *v)
{
	enum sv_type to = table_find(v, v->at.index2);
	TRY(to);
	TRY(element_find(v, v->at.index));
	enum sv_type from = v->module->elements[v->at.index].type;
	if (to != from)
		return validate_fail(v, "type mismatch: table.init of %s with %s", sv_type_name(to),
				sv_type_name(from));
	return operand_apply(v, "iii:");
}

bool validate_elem_drop(struct validator *v)
{
	return element_find(v, v->at.index);
}

/* ---- memories ---- */

static bool memory_find(struct validator *v, uint32_t index)
{
	if (index < v->module->memory_count)
		return true;
	return validate_fail(v, "unknown memory %u", index);
}

/* The code may come before the data, so operators on segments need their count before it. */
static bool data_find(struct validator *v, uint32_t index)
{
	if (!v->module->has_data_count)
		return sv_fail_at(v->error, SV_ERROR_MALFORMED, (int64_t)v->at.offset,
				"data count section required, in function %u", v->body.function);
	if (index < v->module->data_count)
		return true;
	return validate_fail(v, "unknown data segment %u", index);
}

bool validate_memory_size(struct validator *v)
{
	TRY(memory_find(v, v->at.index));
	return operand_push(v, SV_TYPE_I32);
}

bool validate_memory_grow(struct validator *v)
{
	TRY(memory_find(v, v->at.index));
	return operand_apply(v, "i:i");
}

bool validate_memory_fill(struct validator *v)
{
	TRY(memory_find(v, v->at.index));
	return operand_apply(v, "iii:");
}

bool validate_memory_copy(struct validator *v)
{
	TRY(memory_find(v, v->at.index));
	TRY(memory_find(v, v->at.index2));
	return operand_apply(v, "iii:");
}

bool validate_memory_init(struct validator *v)
{
	TRY(memory_find(v, v->at.index2));
	TRY(data_find(v, v->at.index));
	return operand_apply(v, "iii:");
}

bool validate_data_drop(struct validator *v)
{
	return data_find(v, v->at.index);
}

/* ---- references ---- */

bool validate_ref_null(struct validator *v)
{
	return operand_push(v, v->at.reference);
}

bool validate_ref_is_null(struct validator *v)
{
	enum sv_type type;
	TRY(operand_pop_any(v, &type));
	if (type != SV_TYPE_NONE && !sv_type_is_reference(type))
		return validate_fail(v, "type mismatch: ref.is_null takes a reference, not %s",
				sv_type_name(type));
	return operand_push(v, SV_TYPE_I32);
}

bool validate_ref_func(struct validator *v)
{
	if (v->at.index >= v->module->function_count)
		return validate_fail(v, "unknown function %u", v->at.index);
	if (v->module->functions[v->at.index].reference == SV_NO_INDEX)
		return validate_fail(v, "undeclared function reference: function %u", v->at.index);
	return operand_push(v, SV_TYPE_FUNCREF);
}
