/*
 * compile.c: the whole compiler on one page.
 *
 *   bytes > read > validate > budget, effects, image, records
 *         > { lower > optimise > emit } > package > artifact
 *
 * The braces run once for each piece of the module, side by side (shard.c). Every stage takes
 * the previous product as const; --dump prints what a stage made.
 */
#include "compiler/compiler.h"

#include <stdlib.h>

#include "compiler/budget.h"
#include "compiler/dump.h"
#include "compiler/effects.h"
#include "compiler/fixed_table.h"
#include "compiler/module.h"
#include "compiler/package.h"
#include "compiler/profile_guide.h"
#include "compiler/profile_plan.h"
#include "compiler/records.h"
#include "compiler/shard.h"
#include "compiler/source_lines.h"
#include "compiler/target.h"

/* Products that outlive a stage; all zero is "not made yet", and finishing that is allowed. */
struct compilation {
	struct module module;
	struct image image;
	struct records records;
	struct target target;
	uint8_t *shapes; /* owned; by function: bits of enum body_shape */
	struct effects effects;
	struct fixed_tables tables;
	struct source_lines lines;
	struct profile_plan plan;
	struct profile_guide guide;
	struct shard_products products;
};

static void compile_finish(struct compilation *c)
{
	shard_products_finish(&c->products);
	profile_guide_finish(&c->guide);
	profile_plan_finish(&c->plan);
	source_lines_finish(&c->lines);
	fixed_tables_finish(&c->tables);
	effects_finish(&c->effects);
	free(c->shapes);
	records_finish(&c->records);
	image_finish(&c->image);
	module_finish(&c->module);
}

/* Counters, if code is to count or to fit what was counted. */
static bool compile_profile(struct compilation *c, const struct sv_compile_options *options,
		struct sv_error *error)
{
	if (!options->profile_generate && !options->profile_use.length)
		return true;
	TRY(profile_plan_make(&c->plan, &c->module, error));
	return !options->profile_use.length ||
			profile_guide_make(&c->guide, options->profile_use, &c->module, &c->plan,
					options->profile_fit, error);
}

static bool compile_stages(struct compilation *c, struct sv_bytes input,
		struct sv_compile_options *options, struct buffer *output, struct sv_error *error)
{
	TRY(target_find(&c->target, options->cpu, error));

	TRY(module_read(&c->module, input, options->features, error));
	if (options->dump == SV_STAGE_READ)
		dump_module(&c->module, options->dump_file);

	options->level = budget_level(&c->module, options->level);
	TRY(module_validate(&c->module, error));
	if (options->dump == SV_STAGE_VALIDATE)
		TRY(dump_bodies(&c->module, options->dump_file, error));

	c->shapes = calloc(c->module.function_count + 1, sizeof *c->shapes);
	if (!c->shapes)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the functions");
	TRY(budget_check(&c->module, c->shapes, error));
	TRY(effects_find(&c->effects, &c->module, options->propagate_exceptions, error));
	TRY(fixed_tables_find(&c->tables, &c->module, &c->effects, error));
	TRY(source_lines_read(&c->lines, &c->module, error));
	TRY(compile_profile(c, options, error));

	TRY(image_build(&c->image, &c->module, error));
	TRY(records_build(&c->records, &c->module, &c->image, &c->effects, &c->plan, options,
			error));

	const struct shard_job job = {&c->module, options, &c->target, &c->records, &c->image,
			c->shapes, &c->effects, &c->tables, &c->lines, &c->plan,
			options->profile_use.length ? &c->guide : NULL};
	TRY(shard_compile(&job, &c->products, error)); /* lower > optimise > emit */

	if (options->emit != SV_EMIT_ARTIFACT)
		return buffer_append(output, c->products.buffers[0].data,
				c->products.buffers[0].length, error);
	TRY(package_link(c->products.buffers, c->products.count, output, error));
	if (options->dump == SV_STAGE_PACKAGE)
		records_dump(&c->records, options->dump_file);
	return true;
}

bool sv_compile(struct sv_bytes module, const struct sv_compile_options *options,
		struct buffer *output, struct sv_error *error)
{
	struct compilation compilation = {0};
	struct sv_compile_options chosen = *options;
	bool done = compile_stages(&compilation, module, &chosen, output, error);
	compile_finish(&compilation);
	return done;
}
