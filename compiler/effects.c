/*
 * effects.c: one walk over all bodies collects what each function does itself and whom it
 * calls; then effects flow from callees to callers until nothing changes.
 */
#include "compiler/effects.h"

#include <stdlib.h>

#include "abi/heap.h"
#include "compiler/body.h"

static uint8_t effect_of(enum op op)
{
	switch (op) {
#define SV_EFFECT(name, effects) \
	case OP_##name: \
		return (effects);
#include "compiler/effects.def"
#undef SV_EFFECT
	default:
		return 0;
	}
}

bool type_is_object(const struct module *module, enum sv_type type)
{
	return sv_type_is_reference(type) && heap_top(module, sv_type_heap(type)) != SV_HEAP_FUNC;
}

/* ---- the walk ---- */

static void walk_table(struct effects *effects, const struct instruction *at)
{
	switch (at->op) {
	case OP_table_set:
	case OP_table_grow:
	case OP_table_fill:
	case OP_table_copy:
		effects->written_tables[at->index] = true;
		return;
	case OP_table_init:
		effects->written_tables[at->index2] = true;
		return;
	default:
		return;
	}
}

/* Calls between functions of the module, in the order they were met. */
struct call_edge {
	uint32_t caller, callee;
};

struct effects_walk {
	struct effects *effects;
	const struct module *module;
	struct arena arena; /* one body at a time */
	struct buffer edges; /* struct call_edge */
};

static bool walk_operator(struct effects_walk *walk, uint32_t function,
		const struct instruction *at, struct sv_error *error)
{
	struct effects *effects = walk->effects;
	uint8_t own = effect_of(at->op);
	effects->functions[function] |= own;
	walk_table(effects, at);
	/* What makes or catches objects holds them, whatever its types say. */
	effects->has_objects |= own & EFFECT_HANDLES ||
			(own & (EFFECT_COLLECTS | EFFECT_THROWS)) == EFFECT_COLLECTS;
	if (at->op == OP_ref_null)
		effects->has_objects |= type_is_object(walk->module, at->reference);
	if (at->op != OP_call && at->op != OP_return_call)
		return true;
	if (at->index < walk->module->imported_functions) {
		effects->functions[function] |= EFFECT_THROWS | EFFECT_COLLECTS;
		return true;
	}
	const struct call_edge edge = {function, at->index};
	return buffer_append(&walk->edges, &edge, sizeof edge, error);
}

static bool walk_body(struct effects_walk *walk, uint32_t function, struct sv_error *error)
{
	struct body body;
	struct instruction at;
	TRY(body_begin(&body, walk->module, function, &walk->arena, error));
	for (uint32_t i = 0; i < body.local_count; i++)
		walk->effects->has_objects |= type_is_object(walk->module, body.locals[i]);
	while (!body_at_end(&body)) {
		TRY(body_next(&body, &at, error));
		TRY(walk_operator(walk, function, &at, error));
	}
	arena_reset(&walk->arena);
	return true;
}

static bool list_has_objects(const struct module *module, const enum sv_type *types, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (type_is_object(module, types[i]))
			return true;
	}
	return false;
}

/* References to objects come from types, globals, tables, tags, or are made in bodies. */
static bool module_has_objects(const struct module *module)
{
	for (uint32_t i = 0; i < module->type_count; i++) {
		const struct function_type *type = &module->types[i].function;
		if (module->types[i].kind != SV_KIND_FUNCTION ||
				list_has_objects(module, type->parameters, type->parameter_count) ||
				list_has_objects(module, type->results, type->result_count))
			return true;
	}
	for (uint32_t i = 0; i < module->global_count; i++) {
		if (type_is_object(module, module->globals[i].type))
			return true;
	}
	for (uint32_t i = 0; i < module->table_count; i++) {
		if (type_is_object(module, module->tables[i].element))
			return true;
	}
	return module->tag_count > 0;
}

/* ---- from callees to callers ---- */

/* Callers of each function, one behind the other: those of f from first[f] to first[f + 1]. */
struct callers {
	uint32_t *first, *list;
};

static bool callers_sort(struct callers *callers, const struct effects_walk *walk,
		struct sv_error *error)
{
	const struct call_edge *edges = (const void *)walk->edges.data;
	size_t count = walk->edges.length / sizeof *edges;
	uint32_t functions = walk->module->function_count;
	callers->first = calloc((size_t)functions + 2, sizeof *callers->first);
	callers->list = calloc(count + 1, sizeof *callers->list);
	if (!callers->first || !callers->list)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the calls");
	/* Counted one place up, so that placing moves each start to where it belongs. */
	for (size_t i = 0; i < count; i++)
		callers->first[edges[i].callee + 2]++;
	for (uint32_t i = 2; i <= functions; i++)
		callers->first[i] += callers->first[i - 1];
	for (size_t i = 0; i < count; i++)
		callers->list[callers->first[edges[i].callee + 1]++] = edges[i].caller;
	return true;
}

static bool effects_flow(struct effects_walk *walk, const struct callers *callers,
		struct sv_error *error)
{
	const uint8_t passed_on = EFFECT_THROWS | EFFECT_COLLECTS;
	uint8_t *functions = walk->effects->functions;
	uint32_t count = walk->module->function_count, pending_count = 0;
	/* Each function is added when it gains an effect: at most once for each of the two. */
	uint32_t *pending = calloc(3 * (size_t)count + 1, sizeof *pending);
	if (!pending)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the calls");
	for (uint32_t i = 0; i < count; i++) {
		if (functions[i] & passed_on)
			pending[pending_count++] = i;
	}
	while (pending_count > 0) {
		uint32_t callee = pending[--pending_count];
		for (uint32_t i = callers->first[callee]; i < callers->first[callee + 1]; i++) {
			uint32_t caller = callers->list[i];
			uint8_t gained = functions[callee] & passed_on & ~functions[caller];
			if (!gained)
				continue;
			functions[caller] |= gained;
			pending[pending_count++] = caller;
		}
	}
	free(pending);
	return true;
}

static bool effects_walk_all(struct effects_walk *walk, struct sv_error *error)
{
	const struct module *module = walk->module;
	struct callers callers = {0};
	for (uint32_t i = module->imported_functions; i < module->function_count; i++)
		TRY(walk_body(walk, i, error));
	bool done = callers_sort(&callers, walk, error) && effects_flow(walk, &callers, error);
	free(callers.first);
	free(callers.list);
	return done;
}

bool effects_find(struct effects *effects, const struct module *module, bool propagates,
		struct sv_error *error)
{
	*effects = (struct effects){.propagates = propagates || module->tag_count > 0};
	effects->functions = calloc((size_t)module->function_count + 1, 1);
	effects->written_tables = calloc((size_t)module->table_count + 1, 1);
	if (!effects->functions || !effects->written_tables)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the functions");
	effects->has_objects = module_has_objects(module);
	struct effects_walk walk = {.effects = effects, .module = module};
	arena_init(&walk.arena, 0);
	bool done = effects_walk_all(&walk, error);
	arena_finish(&walk.arena);
	buffer_finish(&walk.edges);
	for (uint32_t i = 0; i < module->function_count; i++)
		effects->propagates |= (effects->functions[i] & EFFECT_HANDLES) != 0;
	return done;
}

void effects_finish(struct effects *effects)
{
	free(effects->functions);
	free(effects->written_tables);
	*effects = (struct effects){0};
}
