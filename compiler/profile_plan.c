/*
 * profile_plan.c: see profile_plan.h. Operators that cannot be reached have counters too, so that
 * numbers depend on nothing but the order of the operators.
 */
#include "compiler/profile_plan.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/arena.h"
#include "compiler/shard_key.h"

enum site_kind { SITE_NONE, SITE_HEAD, SITE_TWO, SITE_LABELS, SITE_TARGET };

static const uint8_t site_kinds[OP_COUNT] = {
#define SV_SITE(op, kind) [OP_##op] = SITE_##kind,
#include "compiler/profile.def"
#undef SV_SITE
};

struct profile_site profile_plan_site(const struct instruction *at)
{
	switch ((enum site_kind)site_kinds[at->op]) {
	case SITE_HEAD:
		return (struct profile_site){.counters = 1};
	case SITE_TWO:
		return (struct profile_site){.counters = 2};
	case SITE_LABELS:
		return (struct profile_site){.counters = at->label_count + 1};
	case SITE_TARGET:
		return (struct profile_site){.targets = 1};
	case SITE_NONE:
		break;
	}
	return (struct profile_site){0};
}

/* Two functions with the same one would only be given each other's weights: it need not be safe. */
static uint64_t shape_add(uint64_t shape, uint64_t word)
{
	shape = (shape ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return shape ^ shape >> 29;
}

static uint64_t shape_add_operator(uint64_t shape, const struct instruction *at)
{
	shape = shape_add(shape, op_info(at->op)->code);
	if (at->op == OP_br || at->op == OP_br_if)
		return shape_add(shape, at->index);
	if (at->op != OP_br_table)
		return shape;
	for (uint32_t i = 0; i <= at->label_count; i++)
		shape = shape_add(shape, at->labels[i]);
	return shape;
}

static bool plan_function(struct profile_plan *plan, const struct module *module, uint32_t index,
		struct arena *arena, struct sv_error *error)
{
	struct profile_plan_part *part = &plan->functions[index];
	struct instruction at;
	struct body body;
	*part = (struct profile_plan_part){
			.first_counter = plan->size.counters,
			.first_target = plan->size.targets,
			.size.counters = 1,
	};
	TRY(body_begin(&body, module, module->imported_functions + index, arena, error));
	while (!body_at_end(&body)) {
		TRY(body_next(&body, &at, error));
		struct profile_site site = profile_plan_site(&at);
		part->shape = shape_add_operator(part->shape, &at);
		part->size.counters += site.counters;
		part->size.targets += site.targets;
	}
	/* No body has so many that these sums leave 32 bits: it is at most SV_MAX_BODY_BYTES. */
	if (part->size.counters > PROFILE_MAX_COUNTERS - plan->size.counters ||
			part->size.targets > PROFILE_MAX_TARGETS - plan->size.targets)
		return sv_fail(error, SV_ERROR_LIMIT,
				"a profile of this module would have more than %" PRIu32
				" counters or %" PRIu32 " indirect calls",
				PROFILE_MAX_COUNTERS, PROFILE_MAX_TARGETS);
	plan->size.counters += part->size.counters;
	plan->size.targets += part->size.targets;
	return true;
}

bool profile_plan_make(struct profile_plan *plan, const struct module *module,
		struct sv_error *error)
{
	struct arena arena;
	bool done = true;
	*plan = (struct profile_plan){
			.function_count = module->function_count - module->imported_functions};
	plan->functions = calloc((size_t)plan->function_count + 1, sizeof *plan->functions);
	if (!plan->functions)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a profile");
	arena_init(&arena, 0);
	for (uint32_t i = 0; done && i < plan->function_count; i++) {
		done = plan_function(plan, module, i, &arena, error);
		arena_reset(&arena);
	}
	arena_finish(&arena);
	if (done)
		shard_digest(module->input, plan->module);
	else
		profile_plan_finish(plan);
	return done;
}

void profile_plan_finish(struct profile_plan *plan)
{
	free(plan->functions);
	*plan = (struct profile_plan){0};
}
