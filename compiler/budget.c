/*
 * budget.c: bounds on work that the size of a module does not bound.
 */
#include "compiler/budget.h"

#include "compiler/body.h"

/* Modules in the wild have less than one local and one branched value for each byte of code. */
static const uint64_t locals_least = 1000000;
static const uint64_t values_least = 2000000;

/* Of one function; above these it is compiled without optimisation. */
static const size_t plain_bytes = 200 * 1024;
static const uint32_t plain_locals = 5000;
static const uint32_t plain_depth = 500;
static const uint32_t plain_arity = 64;
static const uint64_t plain_stores = 4000; /* to fields of new objects */

/* LLVM's analyses of loops are quadratic in how deeply they are nested, at every level. */
static const uint32_t loops_most = 1000;

/* Marks the arity of a loop's label. */
static const uint32_t loop_mark = UINT32_C(1) << 31;
static const uint64_t plain_values = 200000;

/* Bytes of code above which a module is compiled at level 1 unless the user wants otherwise. */
static const uint64_t quick_bytes = 6 * 1024 * 1024;

unsigned budget_level(const struct module *module, unsigned level)
{
	if (level != SV_LEVEL_BY_SIZE)
		return level;
	return module->code_size > quick_bytes ? 1 : 2;
}

struct budget {
	const struct module *module;
	struct arena arena; /* one function at a time */
	uint64_t locals, values;
	uint64_t stores; /* of the function at hand */
	uint32_t depth, deepest, widest; /* of the function at hand */
	bool has_tail_calls;
	uint32_t loops;                  /* open ones */
	uint32_t *arities;               /* of the open labels; in the arena */
	uint32_t capacity;
};

static bool budget_open(struct budget *budget, uint32_t arity, struct sv_error *error)
{
	if (budget->depth == budget->capacity) {
		uint32_t grown = budget->capacity ? budget->capacity * 2 : 64;
		uint32_t *arities = arena_new(&budget->arena, grown, sizeof *arities);
		if (!arities)
			return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for nested blocks");
		for (uint32_t i = 0; i < budget->depth; i++)
			arities[i] = budget->arities[i];
		budget->arities = arities;
		budget->capacity = grown;
	}
	budget->arities[budget->depth++] = arity;
	if (budget->depth > budget->deepest)
		budget->deepest = budget->depth;
	return true;
}

static void budget_add_values(struct budget *budget, uint64_t count)
{
	budget->values += count;
	if (count > budget->widest)
		budget->widest = count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
}

static void budget_branch(struct budget *budget, uint32_t label)
{
	budget_add_values(budget, budget->arities[budget->depth - 1 - label] & ~loop_mark);
}

static void budget_call(struct budget *budget, uint32_t type_index)
{
	const struct function_type *type = &budget->module->types[type_index].function;
	budget_add_values(budget, (uint64_t)type->parameter_count + type->result_count);
}

static bool budget_block(struct budget *budget, const struct instruction *at,
		struct sv_error *error)
{
	const struct function_type *type = &at->block;
	budget_add_values(budget, (uint64_t)type->parameter_count + type->result_count);
	if (at->op != OP_loop)
		return budget_open(budget, type->result_count, error);
	if (++budget->loops > loops_most)
		return sv_fail_at(error, SV_ERROR_LIMIT, (int64_t)at->offset,
				"loops are nested deeper than the limit of %u", loops_most);
	return budget_open(budget, type->parameter_count | loop_mark, error);
}

/* New objects take their fields from the stack, in a row that LLVM has no good way with. */
static void budget_add_stores(struct budget *budget, const struct instruction *at)
{
	if (at->op == OP_struct_new)
		budget->stores += budget->module->types[at->index].field_count;
	if (at->op == OP_array_new_fixed)
		budget->stores += at->index2;
}

static void budget_close(struct budget *budget)
{
	budget->loops -= (budget->arities[--budget->depth] & loop_mark) != 0;
}

static bool budget_is_tail_call(enum op op)
{
	return op == OP_return_call || op == OP_return_call_indirect || op == OP_return_call_ref;
}

static bool budget_operator(struct budget *budget, const struct instruction *at,
		struct sv_error *error)
{
	budget_add_stores(budget, at);
	budget->has_tail_calls |= budget_is_tail_call(at->op);
	switch (op_info(at->op)->immediate) {
	case IMM_TRY_TABLE:
		for (uint32_t i = 0; i < at->catch_count; i++)
			budget_branch(budget, at->catches[i].label);
		return budget_block(budget, at, error);
	case IMM_BLOCK:
		return budget_block(budget, at, error);
	case IMM_LABEL:
		if (at->op == OP_delegate)
			budget_close(budget);
		else
			budget_branch(budget, at->index);
		return true;
	case IMM_CAST:
		budget_branch(budget, at->cast.label);
		return true;
	case IMM_LABELS:
		for (uint32_t i = 0; i <= at->label_count; i++)
			budget_branch(budget, at->labels[i]);
		return true;
	case IMM_TYPE_TABLE:
	case IMM_TYPE:
		budget_call(budget, at->index);
		return true;
	case IMM_FUNCTION:
		budget_call(budget, budget->module->functions[at->index].type);
		return true;
	default:
		if (at->op == OP_end)
			budget_close(budget);
		return true;
	}
}

static bool budget_function(struct budget *budget, uint32_t index, uint8_t *shape,
		struct sv_error *error)
{
	const struct module *module = budget->module;
	struct body body;
	struct instruction at;
	uint64_t before = budget->values;
	budget->stores = 0;
	budget->has_tail_calls = false;
	budget->depth = budget->deepest = budget->widest = budget->capacity = budget->loops = 0;
	TRY(body_begin(&body, module, index, &budget->arena, error));
	budget->locals += body.local_count;
	budget_add_values(budget, module_function_type(module, index)->result_count);
	TRY(budget_open(budget, module_function_type(module, index)->result_count, error));
	while (!body_at_end(&body)) {
		TRY(body_next(&body, &at, error));
		TRY(budget_operator(budget, &at, error));
	}
	bool is_plain = module->functions[index].body.length > plain_bytes ||
			body.local_count > plain_locals || budget->deepest > plain_depth ||
			budget->widest > plain_arity || budget->values - before > plain_values ||
			budget->stores > plain_stores;
	*shape = (is_plain ? BODY_PLAIN : 0) | (budget->has_tail_calls ? BODY_TAIL_CALLS : 0);
	if (budget->locals > locals_least + module->code_size)
		return sv_fail_at(error, SV_ERROR_LIMIT, (int64_t)module->functions[index].offset,
				"locals of all functions together exceed the limit of 1,000,000 "
		                "and one a byte "
				"of code");
	if (budget->values > values_least + 2 * module->code_size)
		return sv_fail_at(error, SV_ERROR_LIMIT, (int64_t)module->functions[index].offset,
				"values on branches and calls exceed the limit of 2,000,000 and "
		                "two a byte of "
				"code");
	return true;
}

bool budget_check(const struct module *module, uint8_t *shapes, struct sv_error *error)
{
	struct budget budget = {.module = module};
	arena_init(&budget.arena, 0);
	bool done = true;
	for (uint32_t i = module->imported_functions; done && i < module->function_count; i++) {
		done = budget_function(&budget, i, &shapes[i], error);
		arena_reset(&budget.arena);
	}
	arena_finish(&budget.arena);
	return done;
}
