/*
 * validate_cast.c: handlers for tests, casts and conversions of references (Core 3.0, 3.4.5,
 * 3.4.7 and 3.4.11).
 */
#include "compiler/validate.h"

/* A reference that a test for `type` may be asked of: any of its hierarchy. */
static bool cast_pop(struct validator *v, enum sv_type type)
{
	return operand_pop(v, sv_ref_null(heap_top(v->module, sv_type_heap(type))));
}

static bool validate_test(struct validator *v)
{
	TRY(cast_pop(v, v->at.reference));
	return operand_push(v, SV_TYPE_I32);
}

bool validate_ref_test(struct validator *v)
{
	return validate_test(v);
}

bool validate_ref_test_null(struct validator *v)
{
	return validate_test(v);
}

static bool validate_cast(struct validator *v)
{
	TRY(cast_pop(v, v->at.reference));
	return operand_push(v, v->at.reference);
}

bool validate_ref_cast(struct validator *v)
{
	return validate_cast(v);
}

bool validate_ref_cast_null(struct validator *v)
{
	return validate_cast(v);
}

/* What is left of `from` when the cast to `to` has failed: null is not, if it would have passed. */
static enum sv_type cast_difference(enum sv_type from, enum sv_type to)
{
	return sv_type_is_nullable(to) ? sv_ref(sv_type_heap(from)) : from;
}

/* Branch with a `carried` on top of the label's other values, go on with a `kept` there. */
static bool validate_cast_branch(struct validator *v, enum sv_type carried, enum sv_type kept)
{
	enum sv_type from = v->at.cast.from, to = v->at.cast.to;
	struct label label = {0};
	TRY(label_find(v, v->at.cast.label, &label));
	if (!type_matches(v->module, to, from))
		return validate_fail(v, "type mismatch: cast from %s to %s, which is not below",
				sv_type_text(from).text, sv_type_text(to).text);
	if (label.count == 0)
		return validate_fail(v, "type mismatch: %s to a label without a reference",
				op_info(v->at.op)->name);
	if (!type_matches(v->module, carried, label.types[label.count - 1]))
		return validate_fail(v, "type mismatch: %s with %s to a label that takes %s",
				op_info(v->at.op)->name, sv_type_text(carried).text,
				sv_type_text(label.types[label.count - 1]).text);
	TRY(operand_pop(v, from));
	TRY(operand_pop_all(v, label.types, label.count - 1));
	TRY(operand_push_all(v, label.types, label.count - 1));
	return operand_push(v, kept);
}

bool validate_br_on_cast(struct validator *v)
{
	enum sv_type from = v->at.cast.from, to = v->at.cast.to;
	return validate_cast_branch(v, to, cast_difference(from, to));
}

bool validate_br_on_cast_fail(struct validator *v)
{
	enum sv_type from = v->at.cast.from, to = v->at.cast.to;
	return validate_cast_branch(v, cast_difference(from, to), to);
}

/* From one hierarchy to the other, null if and only if it was. */
static bool validate_convert(struct validator *v, uint32_t from, uint32_t to)
{
	enum sv_type type;
	TRY(operand_pop_reference(v, &type));
	if (!type_matches(v->module, type, sv_ref_null(from)))
		return validate_fail(v, "type mismatch: %s takes %s, not %s",
				op_info(v->at.op)->name, sv_type_text(sv_ref_null(from)).text,
				sv_type_text(type).text);
	return operand_push(v, sv_type_is_nullable(type) ? sv_ref_null(to) : sv_ref(to));
}

bool validate_any_convert_extern(struct validator *v)
{
	return validate_convert(v, SV_HEAP_EXTERN, SV_HEAP_ANY);
}

bool validate_extern_convert_any(struct validator *v)
{
	return validate_convert(v, SV_HEAP_ANY, SV_HEAP_EXTERN);
}
