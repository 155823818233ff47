/*
 * validate_control.c: handlers for control flow, calls, drop and select.
 */
#include "compiler/validate.h"

#include "abi/limits.h"

bool validate_unreachable(struct validator *v)
{
	frame_set_unreachable(v);
	return true;
}

bool validate_nop(struct validator *v)
{
	(void)v;
	return true;
}

/* ---- blocks ---- */

static bool block_open(struct validator *v)
{
	struct function_type type = v->at.block;
	TRY(operand_pop_all(v, type.parameters, type.parameter_count));
	return frame_open(v, v->at.op, type);
}

bool validate_block(struct validator *v)
{
	return block_open(v);
}

bool validate_loop(struct validator *v)
{
	return block_open(v);
}

bool validate_if(struct validator *v)
{
	TRY(operand_pop(v, SV_TYPE_I32));
	return block_open(v);
}

bool validate_else(struct validator *v)
{
	struct frame frame;
	if (v->frames[v->frame_count - 1].op != OP_if)
		return sv_fail_at(v->error, SV_ERROR_MALFORMED, (int64_t)v->at.offset,
				"END opcode expected: else outside of an if, in function %u",
				v->body.function);
	TRY(frame_close(v, &frame));
	return frame_open(v, OP_else, frame.type);
}

static bool parameters_pass(const struct validator *v, const struct function_type *type)
{
	if (type->parameter_count != type->result_count)
		return false;
	for (uint32_t i = 0; i < type->result_count; i++) {
		if (!type_matches(v->module, type->parameters[i], type->results[i]))
			return false;
	}
	return true;
}

bool validate_end(struct validator *v)
{
	struct frame frame;
	TRY(frame_close(v, &frame));
	/* A missing else passes the parameters on. */
	if (frame.op == OP_if && !parameters_pass(v, &frame.type))
		return validate_fail(v,
				"type mismatch: an if without else must yield what it takes");
	if (frame.op == OP_NONE)
		return true;
	return operand_push_all(v, frame.type.results, frame.type.result_count);
}

/* ---- branches ---- */

bool label_find(struct validator *v, uint32_t index, struct label *label)
{
	if (index >= v->frame_count)
		return validate_fail(v, "unknown label %u: %u blocks are open", index,
				v->frame_count);
	const struct frame *frame = &v->frames[v->frame_count - 1 - index];
	if (frame->op == OP_loop)
		*label = (struct label){frame->type.parameters, frame->type.parameter_count};
	else
		*label = (struct label){frame->type.results, frame->type.result_count};
	return true;
}

bool validate_br(struct validator *v)
{
	struct label label = {0};
	TRY(label_find(v, v->at.index, &label));
	TRY(operand_check(v, label.types, label.count));
	frame_set_unreachable(v);
	return true;
}

bool validate_br_if(struct validator *v)
{
	struct label label = {0};
	TRY(label_find(v, v->at.index, &label));
	TRY(operand_pop(v, SV_TYPE_I32));
	TRY(operand_pop_all(v, label.types, label.count));
	return operand_push_all(v, label.types, label.count);
}

bool validate_br_table(struct validator *v)
{
	struct label last = {0}, label = {0};
	TRY(operand_pop(v, SV_TYPE_I32));
	TRY(label_find(v, v->at.labels[v->at.label_count], &last));
	for (uint32_t i = 0; i < v->at.label_count; i++) {
		TRY(label_find(v, v->at.labels[i], &label));
		if (label.count != last.count)
			return validate_fail(v,
					"type mismatch: labels of br_table carry %u and %u values",
					label.count, last.count);
		TRY(operand_check(v, label.types, label.count));
	}
	TRY(operand_check(v, last.types, last.count));
	frame_set_unreachable(v);
	return true;
}

/* Falls through with a reference that is not null. */
bool validate_br_on_null(struct validator *v)
{
	struct label label = {0};
	enum sv_type type;
	TRY(operand_pop_reference(v, &type));
	TRY(label_find(v, v->at.index, &label));
	TRY(operand_pop_all(v, label.types, label.count));
	TRY(operand_push_all(v, label.types, label.count));
	return operand_push(v, sv_ref(sv_type_heap(type)));
}

/* Branches with the reference, which is not null, on top of the label's other values. */
bool validate_br_on_non_null(struct validator *v)
{
	struct label label = {0};
	TRY(label_find(v, v->at.index, &label));
	if (label.count == 0 || !sv_type_is_reference(label.types[label.count - 1]))
		return validate_fail(v,
				"type mismatch: br_on_non_null to a label without a reference");
	TRY(operand_pop(v, sv_ref_null(sv_type_heap(label.types[label.count - 1]))));
	TRY(operand_pop_all(v, label.types, label.count - 1));
	return operand_push_all(v, label.types, label.count - 1);
}

bool validate_return(struct validator *v)
{
	const struct function_type *type = &v->frames[0].type;
	TRY(operand_check(v, type->results, type->result_count));
	frame_set_unreachable(v);
	return true;
}

/* ---- calls ---- */

static bool validate_call_of(struct validator *v, const struct function_type *type)
{
	TRY(operand_pop_all(v, type->parameters, type->parameter_count));
	return operand_push_all(v, type->results, type->result_count);
}

/* The function type of this index; NULL if that has been reported. */
static const struct function_type *function_type_find(struct validator *v, uint32_t index)
{
	if (index >= v->module->type_count) {
		validate_fail(v, "unknown type %u", index);
		return NULL;
	}
	if (v->module->types[index].kind == SV_KIND_FUNCTION)
		return &v->module->types[index].function;
	validate_fail(v, "type mismatch: type %u is no function type", index);
	return NULL;
}

bool validate_call(struct validator *v)
{
	if (v->at.index >= v->module->function_count)
		return validate_fail(v, "unknown function %u", v->at.index);
	return validate_call_of(v, module_function_type(v->module, v->at.index));
}

/* The type of a call through a table, its index popped; NULL if a fault has been reported. */
static const struct function_type *indirect_callee(struct validator *v)
{
	if (v->at.index2 >= v->module->table_count) {
		validate_fail(v, "unknown table %u", v->at.index2);
		return NULL;
	}
	const struct table *table = &v->module->tables[v->at.index2];
	if (!type_matches(v->module, table->element, SV_TYPE_FUNCREF)) {
		validate_fail(v, "type mismatch: call_indirect through a table of %s",
				sv_type_text(table->element).text);
		return NULL;
	}
	const struct function_type *type = function_type_find(v, v->at.index);
	if (!type || !operand_pop(v, limits_index_type(&table->limits)))
		return NULL;
	return type;
}

bool validate_call_indirect(struct validator *v)
{
	const struct function_type *type = indirect_callee(v);
	return type && validate_call_of(v, type);
}

/* In the place of a return: the results are those of the function at hand. */
static bool validate_tail_call_of(struct validator *v, const struct function_type *type)
{
	const struct function_type *own = &v->frames[0].type;
	TRY(operand_pop_all(v, type->parameters, type->parameter_count));
	if (type->result_count != own->result_count)
		return validate_fail(v,
				"type mismatch: %s of a function with %u results in one with %u",
				op_info(v->at.op)->name, type->result_count, own->result_count);
	for (uint32_t i = 0; i < type->result_count; i++) {
		if (!type_matches(v->module, type->results[i], own->results[i]))
			return validate_fail(v, "type mismatch: %s yields %s where %s is due",
					op_info(v->at.op)->name,
					sv_type_text(type->results[i]).text,
					sv_type_text(own->results[i]).text);
	}
	frame_set_unreachable(v);
	return true;
}

bool validate_return_call(struct validator *v)
{
	if (v->at.index >= v->module->function_count)
		return validate_fail(v, "unknown function %u", v->at.index);
	return validate_tail_call_of(v, module_function_type(v->module, v->at.index));
}

bool validate_return_call_indirect(struct validator *v)
{
	const struct function_type *type = indirect_callee(v);
	return type && validate_tail_call_of(v, type);
}

/* The reference that call_ref takes is on top of the arguments. */
static const struct function_type *referred_callee(struct validator *v)
{
	const struct function_type *type = function_type_find(v, v->at.index);
	if (!type)
		return NULL;
	uint32_t canonical = v->module->types[v->at.index].canonical;
	return operand_pop(v, sv_ref_null(SV_HEAP_DEFINED + canonical)) ? type : NULL;
}

bool validate_call_ref(struct validator *v)
{
	const struct function_type *type = referred_callee(v);
	return type && validate_call_of(v, type);
}

bool validate_return_call_ref(struct validator *v)
{
	const struct function_type *type = referred_callee(v);
	return type && validate_tail_call_of(v, type);
}

/* ---- parametric ---- */

bool validate_drop(struct validator *v)
{
	enum sv_type type;
	return operand_pop_any(v, &type);
}

bool validate_select(struct validator *v)
{
	enum sv_type second, first;
	TRY(operand_pop(v, SV_TYPE_I32));
	TRY(operand_pop_any(v, &second));
	TRY(operand_pop_any(v, &first));
	if (sv_type_is_reference(first) || sv_type_is_reference(second))
		return validate_fail(v, "type mismatch: select of references must name their type");
	if (first != second && first != SV_TYPE_NONE && second != SV_TYPE_NONE)
		return validate_fail(v, "type mismatch: select between %s and %s",
				sv_type_text(first).text, sv_type_text(second).text);
	return operand_push(v, first == SV_TYPE_NONE ? second : first);
}

bool validate_select_typed(struct validator *v)
{
	if (v->at.type_count != 1)
		return validate_fail(v, "invalid result arity: select names %u types",
				v->at.type_count);
	enum sv_type type = v->at.types[0];
	TRY(operand_pop(v, SV_TYPE_I32));
	TRY(operand_pop(v, type));
	TRY(operand_pop(v, type));
	return operand_push(v, type);
}
