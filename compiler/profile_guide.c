/*
 * profile_guide.c: see profile_guide.h. Counts say how code is to be laid out and never what it
 * does: one that is wrong, or another function's, costs time and nothing else.
 */
#include "compiler/profile_guide.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/profile_summary.h"

/* Hot are the counts that make up so much of all, largest first: 99 percent, as LLVM has it. */
static const uint64_t hot_share = 99;

/* ---- functions by name ---- */

static int name_compare(struct sv_bytes one, struct sv_bytes other)
{
	size_t shorter = one.length < other.length ? one.length : other.length;
	int order = shorter ? memcmp(one.data, other.data, shorter) : 0;
	if (order)
		return order;
	return one.length < other.length ? -1 : one.length > other.length;
}

/* By name, then by place. */
static int function_compare(const void *one, const void *other)
{
	const struct profile_function *a = *(const struct profile_function *const *)one;
	const struct profile_function *b = *(const struct profile_function *const *)other;
	int order = name_compare(a->name, b->name);
	return order ? order : a < b ? -1 : a > b;
}

static const struct profile_function **functions_sorted(const struct profile *file)
{
	const struct profile_function **sorted =
			calloc((size_t)file->function_count + 1, sizeof *sorted);
	for (uint32_t i = 0; sorted && i < file->function_count; i++)
		sorted[i] = &file->functions[i];
	if (sorted)
		qsort(sorted, file->function_count, sizeof *sorted, function_compare);
	return sorted;
}

/* The first of this name, or NULL. */
static const struct profile_function *functions_find(const struct profile_function **sorted,
		uint32_t count, struct sv_bytes name)
{
	uint32_t first = 0, last = count;
	while (first < last) {
		uint32_t middle = first + (last - first) / 2;
		if (name_compare(sorted[middle]->name, name) < 0)
			first = middle + 1;
		else
			last = middle;
	}
	return first < count && name_compare(sorted[first]->name, name) == 0 ? sorted[first] : NULL;
}

/* ---- which is whose ---- */

static bool function_fits(const struct profile_function *function,
		const struct profile_plan_part *part)
{
	return function->shape == part->shape && function->counter_count == part->size.counters &&
			function->target_count == part->size.targets;
}

/* The one at the same place if its name is the same, else the first one of the name. */
static const struct profile_function *guide_find(const struct profile_guide *guide,
		const struct profile_function **sorted, const struct module *module, uint32_t index)
{
	struct sv_bytes name = module->functions[module->imported_functions + index].name;
	const struct profile *file = &guide->file;
	if (index < file->function_count &&
			name_compare(file->functions[index].name, name) == 0)
		return &file->functions[index];
	return name.length ? functions_find(sorted, file->function_count, name) : NULL;
}

static void guide_match(struct profile_guide *guide, const struct profile_function **sorted,
		const struct module *module, const struct profile_plan *plan,
		struct sv_profile_fit *fit)
{
	*fit = (struct sv_profile_fit){.functions = plan->function_count};
	for (uint32_t i = 0; i < plan->function_count; i++) {
		const struct profile_function *found = guide_find(guide, sorted, module, i);
		bool is_fit = found && function_fits(found, &plan->functions[i]);
		if (is_fit)
			guide->functions[i] = found;
		fit->used += is_fit;
		fit->changed += found && !is_fit;
		fit->unknown += !found;
	}
}

/* ---- heat ---- */

static int count_descends(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
	return a > b ? -1 : a < b;
}

/* The least count that is hot; more than any if nothing ran. */
static bool guide_hot_count(const struct profile_guide *guide, uint64_t *hot,
		struct sv_error *error)
{
	struct buffer counts = {0};
	bool done = true;
	for (uint32_t i = 0; done && i < guide->function_count; i++) {
		const struct profile_function *function = guide->functions[i];
		for (uint32_t k = 0; done && function && k < function->counter_count; k++) {
			if (function->counters[k])
				done = buffer_append(&counts, &function->counters[k],
						sizeof(uint64_t), error);
		}
	}
	uint64_t *sorted = (uint64_t *)counts.data;
	size_t count = done ? counts.length / sizeof *sorted : 0;
	unsigned __int128 all = 0, some = 0;
	*hot = UINT64_MAX;
	if (count)
		qsort(sorted, count, sizeof *sorted, count_descends);
	for (size_t i = 0; i < count; i++)
		all += sorted[i];
	for (size_t i = 0; i < count && some * 100 < all * hot_share; i++) {
		*hot = sorted[i];
		some += sorted[i];
	}
	buffer_finish(&counts);
	return done;
}

/* What nothing is known of may run as well as not. */
static enum heat function_heat(const struct profile_function *function, uint64_t hot)
{
	if (!function)
		return HEAT_WARM;
	bool has_run = false;
	for (uint32_t i = 0; i < function->counter_count; i++) {
		if (function->counters[i] >= hot)
			return HEAT_HOT;
		has_run |= function->counters[i] != 0;
	}
	return has_run ? HEAT_WARM : HEAT_COLD;
}

static bool guide_order(struct profile_guide *guide, const struct module *module,
		struct sv_error *error)
{
	uint64_t hot;
	uint32_t count = 0;
	TRY(guide_hot_count(guide, &hot, error));
	for (uint32_t i = 0; i < guide->function_count; i++)
		guide->heats[i] = (uint8_t)function_heat(guide->functions[i], hot);
	for (enum heat heat = HEAT_HOT; heat <= HEAT_COLD; heat++) {
		for (uint32_t i = 0; i < guide->function_count; i++) {
			if (guide->heats[i] == heat)
				guide->order[count++] = module->imported_functions + i;
		}
	}
	return true;
}

static void guide_summarise(struct profile_guide *guide)
{
	guide->summary = profile_summary_new();
	for (uint32_t i = 0; i < guide->function_count; i++) {
		const struct profile_function *function = guide->functions[i];
		if (function)
			profile_summary_add(guide->summary, function->counters,
					function->counter_count);
	}
	profile_summary_complete(guide->summary);
}

/* ---- all of it ---- */

static bool guide_build(struct profile_guide *guide, const struct module *module,
		const struct profile_plan *plan, struct sv_profile_fit *fit, struct sv_error *error)
{
	size_t room = (size_t)plan->function_count + 1;
	guide->function_count = plan->function_count;
	guide->functions = calloc(room, sizeof *guide->functions);
	guide->heats = calloc(room, sizeof *guide->heats);
	guide->order = calloc(room, sizeof *guide->order);
	const struct profile_function **sorted = functions_sorted(&guide->file);
	bool done = guide->functions && guide->heats && guide->order && sorted;
	if (done)
		guide_match(guide, sorted, module, plan, fit);
	free(sorted);
	if (!done)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a profile");
	if (fit->functions && !fit->used)
		return sv_fail(error, SV_ERROR_USAGE,
				"the profile is of another module: of %" PRIu32
				" functions it has none",
				fit->functions);
	guide_summarise(guide);
	return guide_order(guide, module, error);
}

bool profile_guide_make(struct profile_guide *guide, struct sv_bytes file,
		const struct module *module, const struct profile_plan *plan,
		struct sv_profile_fit *fit, struct sv_error *error)
{
	struct sv_profile_fit unseen;
	*guide = (struct profile_guide){0};
	TRY(profile_read(&guide->file, file, error));
	if (guide_build(guide, module, plan, fit ? fit : &unseen, error))
		return true;
	profile_guide_finish(guide);
	return false;
}

void profile_guide_finish(struct profile_guide *guide)
{
	free(guide->functions);
	free(guide->heats);
	free(guide->order);
	profile_summary_free(guide->summary);
	profile_finish(&guide->file);
	*guide = (struct profile_guide){0};
}
