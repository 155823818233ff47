/*
 * validate_exception.c: handlers for throwing and catching (Core 3.0, 3.4), and for the
 * instructions of the proposal before it, which many modules still have.
 */
#include "compiler/validate.h"

/* The values that an exception of a tag carries; NULL if a fault has been reported. */
static const struct function_type *tag_find(struct validator *v, uint32_t index)
{
	if (index < v->module->tag_count)
		return &v->module->types[v->module->tags[index].type].function;
	validate_fail(v, "unknown tag %u", index);
	return NULL;
}

bool validate_throw(struct validator *v)
{
	const struct function_type *type = tag_find(v, v->at.index);
	TRY(type);
	TRY(operand_pop_all(v, type->parameters, type->parameter_count));
	frame_set_unreachable(v);
	return true;
}

bool validate_throw_ref(struct validator *v)
{
	TRY(operand_pop(v, SV_TYPE_EXNREF));
	frame_set_unreachable(v);
	return true;
}

/* ---- try_table ---- */

/* What a clause leaves for its label, piece by piece, is what the label takes. */
static bool clause_matches(struct validator *v, const struct catch_clause *clause,
		const struct function_type *carried, const struct label *label)
{
	uint32_t count = carried ? carried->parameter_count : 0;
	bool has_reference = clause->kind == CATCH_TAG_REF || clause->kind == CATCH_ALL_REF;
	if (label->count != count + has_reference)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (!type_matches(v->module, carried->parameters[i], label->types[i]))
			return false;
	}
	return !has_reference ||
			type_matches(v->module, sv_ref(SV_HEAP_EXN), label->types[count]);
}

static bool validate_clause(struct validator *v, const struct catch_clause *clause)
{
	const struct function_type *carried = NULL;
	struct label label = {0};
	if (clause->kind <= CATCH_TAG_REF) {
		carried = tag_find(v, clause->tag);
		TRY(carried);
	}
	TRY(label_find(v, clause->label, &label));
	if (clause_matches(v, clause, carried, &label))
		return true;
	return validate_fail(v, "type mismatch: a catch clause does not leave what label %u takes",
			clause->label);
}

bool validate_try_table(struct validator *v)
{
	for (uint32_t i = 0; i < v->at.catch_count; i++)
		TRY(validate_clause(v, &v->at.catches[i]));
	return validate_block(v);
}

/* ---- the earlier proposal ---- */

bool validate_try(struct validator *v)
{
	return validate_block(v);
}

/* End the part before, of a try or of a catch, and begin one with the values caught. */
static bool catch_begin(struct validator *v, const struct function_type *carried)
{
	enum op before = v->frames[v->frame_count - 1].op;
	struct frame frame;
	if (before != OP_try && before != OP_catch)
		return sv_fail_at(v->error, SV_ERROR_MALFORMED, (int64_t)v->at.offset,
				"%s outside of a try, in function %u", op_info(v->at.op)->name,
				v->body.function);
	TRY(frame_close(v, &frame));
	struct function_type type = {
			.results = frame.type.results, .result_count = frame.type.result_count};
	if (carried) {
		type.parameters = carried->parameters;
		type.parameter_count = carried->parameter_count;
	}
	return frame_open(v, v->at.op, type);
}

bool validate_catch(struct validator *v)
{
	const struct function_type *carried = tag_find(v, v->at.index);
	return carried && catch_begin(v, carried);
}

bool validate_catch_all(struct validator *v)
{
	return catch_begin(v, NULL);
}

/* Closes the try; its label is counted from outside. */
bool validate_delegate(struct validator *v)
{
	struct frame frame;
	if (v->frames[v->frame_count - 1].op != OP_try)
		return sv_fail_at(v->error, SV_ERROR_MALFORMED, (int64_t)v->at.offset,
				"delegate outside of a try, in function %u", v->body.function);
	TRY(frame_close(v, &frame));
	if (v->at.index >= v->frame_count)
		return validate_fail(v, "unknown label %u: %u blocks are open", v->at.index,
				v->frame_count);
	return operand_push_all(v, frame.type.results, frame.type.result_count);
}

bool validate_rethrow(struct validator *v)
{
	struct label label = {0};
	TRY(label_find(v, v->at.index, &label));
	enum op op = v->frames[v->frame_count - 1 - v->at.index].op;
	if (op != OP_catch && op != OP_catch_all)
		return validate_fail(v, "invalid rethrow label: label %u is no catch", v->at.index);
	frame_set_unreachable(v);
	return true;
}
