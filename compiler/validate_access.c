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
	if (!v->is_set[v->at.index])
		return validate_fail(v, "uninitialized local %u", v->at.index);
	return operand_push(v, type);
}

/* From here to the end of the block the local has a value. */
static void local_mark_set(struct validator *v)
{
	if (v->is_set[v->at.index])
		return;
	v->is_set[v->at.index] = true;
	v->set_order[v->set_count++] = v->at.index;
}

bool validate_local_set(struct validator *v)
{
	enum sv_type type = local_find(v);
	TRY(type);
	local_mark_set(v);
	return operand_pop(v, type);
}

bool validate_local_tee(struct validator *v)
{
	enum sv_type type = local_find(v);
	TRY(type);
	local_mark_set(v);
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

static const struct table *table_find(struct validator *v, uint32_t index)
{
	if (index < v->module->table_count)
		return &v->module->tables[index];
	validate_fail(v, "unknown table %u", index);
	return NULL;
}

bool element_find(struct validator *v, uint32_t index)
{
	if (index < v->module->element_count)
		return true;
	return validate_fail(v, "unknown elem segment %u", index);
}

static enum sv_type table_index_type(const struct table *table)
{
	return limits_index_type(&table->limits);
}

bool validate_table_get(struct validator *v)
{
	const struct table *table = table_find(v, v->at.index);
	TRY(table);
	TRY(operand_pop(v, table_index_type(table)));
	return operand_push(v, table->element);
}

bool validate_table_set(struct validator *v)
{
	const struct table *table = table_find(v, v->at.index);
	TRY(table);
	TRY(operand_pop(v, table->element));
	return operand_pop(v, table_index_type(table));
}

bool validate_table_size(struct validator *v)
{
	const struct table *table = table_find(v, v->at.index);
	TRY(table);
	return operand_push(v, table_index_type(table));
}

bool validate_table_grow(struct validator *v)
{
	const struct table *table = table_find(v, v->at.index);
	TRY(table);
	TRY(operand_pop(v, table_index_type(table)));
	TRY(operand_pop(v, table->element));
	return operand_push(v, table_index_type(table));
}

bool validate_table_fill(struct validator *v)
{
	const struct table *table = table_find(v, v->at.index);
	TRY(table);
	TRY(operand_pop(v, table_index_type(table)));
	TRY(operand_pop(v, table->element));
	return operand_pop(v, table_index_type(table));
}

/* The three operands of a copy: a length fits both sides, so it has the smaller type. */
static bool validate_copy(struct validator *v, const struct limits *to, const struct limits *from)
{
	TRY(operand_pop(v, limits_index_type(to->is_64 ? from : to)));
	TRY(operand_pop(v, limits_index_type(from)));
	return operand_pop(v, limits_index_type(to));
}

bool validate_table_copy(struct validator *v)
{
	const struct table *to = table_find(v, v->at.index);
	const struct table *from = table_find(v, v->at.index2);
	TRY(to && from);
	if (!type_matches(v->module, from->element, to->element))
		return validate_fail(v, "type mismatch: table.copy of %s to %s",
				sv_type_text(from->element).text, sv_type_text(to->element).text);
	return validate_copy(v, &to->limits, &from->limits);
}

bool validate_table_init(struct validator *v)
{
	const struct table *to = table_find(v, v->at.index2);
	TRY(to);
	TRY(element_find(v, v->at.index));
	enum sv_type from = v->module->elements[v->at.index].type;
	if (!type_matches(v->module, from, to->element))
		return validate_fail(v, "type mismatch: table.init of %s with %s",
				sv_type_text(to->element).text, sv_type_text(from).text);
	TRY(operand_apply(v, "ii:"));
	return operand_pop(v, table_index_type(to));
}

bool validate_elem_drop(struct validator *v)
{
	return element_find(v, v->at.index);
}

/* ---- memories ---- */

static const struct limits *memory_find(struct validator *v, uint32_t index)
{
	if (index < v->module->memory_count)
		return &v->module->memories[index].limits;
	validate_fail(v, "unknown memory %u", index);
	return NULL;
}

bool data_find(struct validator *v, uint32_t index)
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
	const struct limits *limits = memory_find(v, v->at.index);
	TRY(limits);
	return operand_push(v, limits_index_type(limits));
}

bool validate_memory_grow(struct validator *v)
{
	const struct limits *limits = memory_find(v, v->at.index);
	TRY(limits);
	TRY(operand_pop(v, limits_index_type(limits)));
	return operand_push(v, limits_index_type(limits));
}

bool validate_memory_fill(struct validator *v)
{
	const struct limits *limits = memory_find(v, v->at.index);
	TRY(limits);
	TRY(operand_pop(v, limits_index_type(limits)));
	TRY(operand_pop(v, SV_TYPE_I32));
	return operand_pop(v, limits_index_type(limits));
}

bool validate_memory_copy(struct validator *v)
{
	const struct limits *to = memory_find(v, v->at.index);
	const struct limits *from = memory_find(v, v->at.index2);
	TRY(to && from);
	return validate_copy(v, to, from);
}

bool validate_memory_init(struct validator *v)
{
	const struct limits *to = memory_find(v, v->at.index2);
	TRY(to);
	TRY(data_find(v, v->at.index));
	TRY(operand_apply(v, "ii:"));
	return operand_pop(v, limits_index_type(to));
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
	TRY(operand_pop_reference(v, &type));
	return operand_push(v, SV_TYPE_I32);
}

/* Its type is exactly the function's; without the feature, any function. */
bool validate_ref_func(struct validator *v)
{
	const struct module *module = v->module;
	if (v->at.index >= module->function_count)
		return validate_fail(v, "unknown function %u", v->at.index);
	const struct function *function = &module->functions[v->at.index];
	if (function->reference == SV_NO_INDEX)
		return validate_fail(v, "undeclared function reference: function %u", v->at.index);
	return operand_push(v, sv_ref(SV_HEAP_DEFINED + module->types[function->type].canonical));
}

bool validate_ref_as_non_null(struct validator *v)
{
	enum sv_type type;
	TRY(operand_pop_reference(v, &type));
	return operand_push(v, sv_ref(sv_type_heap(type)));
}
