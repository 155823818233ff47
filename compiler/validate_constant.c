/*
 * validate_constant.c: constant expressions (Core 3.0, 3.3.13), as bodies of a few operators.
 */
#include "compiler/validate.h"

#include "compiler/feature.h"

/* Feature that an operator needs in a constant expression; -2 if it may not stand in one. */
enum { NOT_CONSTANT = -2 };

static int constant_feature(enum op op)
{
	switch (op) {
#define SV_CONSTANT_OP(name, feature) \
	case OP_##name: \
		return (int)(feature);
#include "compiler/constant.def"
#undef SV_CONSTANT_OP
	case OP_end:
		return OP_CORE;
	default:
		return NOT_CONSTANT;
	}
}

static bool constant_check_op(struct validator *v, uint32_t globals)
{
	const struct module *module = v->module;
	int feature = constant_feature(v->at.op);
	if (feature == NOT_CONSTANT)
		return validate_fail(v, "constant expression required: %s is not constant",
				op_info(v->at.op)->name);
	if (feature != OP_CORE)
		TRY(feature_require(module->features, (enum sv_feature)feature, v->at.offset,
				op_info(v->at.op)->name, v->error));
	if (v->at.op != OP_global_get)
		return true;
	/* Own globals before came with later versions. */
	if (v->at.index >= globals ||
			(v->at.index >= module->imported_globals &&
					!feature_is_on(module->features, SV_FEATURE_GC)))
		return validate_fail(v, "unknown global %u: the expression may use the first %u",
				v->at.index, globals);
	if (module->globals[v->at.index].mutable)
		return validate_fail(v, "constant expression required: global %u is mutable",
				v->at.index);
	return true;
}

/* An item of an element segment that is a function index. */
static bool constant_check_index(struct validator *v, const struct constant *constant)
{
	v->at.offset = constant->offset;
	if (constant->value.value < v->module->function_count)
		return true;
	return validate_fail(v, "unknown function %llu", (unsigned long long)constant->value.value);
}

bool validate_constant(struct validator *v, const struct constant *constant, enum sv_type expected,
		uint32_t globals)
{
	struct function_type type = {.results = &expected, .result_count = 1};
	v->body = (struct body){.module = v->module,
			.function = SV_NO_INDEX,
			.arena = &v->scratch,
			.at = constant->code.data,
			.end = constant->code.data + constant->code.length};
	v->at = (struct instruction){.op = OP_end, .offset = constant->offset};
	if (!constant->code.length)
		return constant_check_index(v, constant);
	v->depth = v->frame_count = v->set_count = 0;
	TRY(frame_open(v, OP_NONE, type));
	while (v->frame_count > 0) {
		TRY(body_next(&v->body, &v->at, v->error));
		TRY(constant_check_op(v, globals));
		TRY(validate_op(v));
	}
	arena_reset(&v->scratch);
	return true;
}
