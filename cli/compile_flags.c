/*
 * compile_flags.c: from flags to the compiler's options.
 */
#include "cli/compile_flags.h"

#include "cli/feature_list.h"
#include "cli/progress.h"

/* In the order of enum compile_tier. */
const char *const tier_names[] = {"release", "fast", NULL};

/* In the order of enum sv_bounds. */
const char *const bounds_names[] = {"guard", "check", NULL};

/* In the order of enum sv_relaxed_simd. */
const char *const relaxed_simd_names[] = {"native", "deterministic", NULL};

uint64_t compile_flags_level(const struct compile_flags *flags)
{
	return flags->tier == COMPILE_FAST ? SV_LEVEL_FAST : flags->level;
}

bool compile_flags_apply(const struct compile_flags *flags, struct sv_compile_options *options,
		struct sv_error *error)
{
	uint64_t level = compile_flags_level(flags);
	if (flags->tier != COMPILE_BY_LEVEL && flags->level != LEVEL_DEFAULT)
		return sv_fail(error, SV_ERROR_USAGE,
				"-O%u beside --tier=%s: a tier says the level",
				(unsigned)flags->level, tier_names[flags->tier]);
	options->bounds = (enum sv_bounds)flags->bounds;
	if (level != LEVEL_DEFAULT)
		options->level = (unsigned)level;
	options->cpu = flags->cpu;
	options->jobs = (unsigned)flags->jobs;
	options->strict_traps = flags->strict_traps;
	options->propagate_exceptions = flags->propagate_exceptions;
	options->fuel = flags->fuel;
	options->all_positions = flags->all_positions;
	options->relaxed_simd = (enum sv_relaxed_simd)flags->relaxed_simd;
	options->progress_data = "compiling";
	if (!flags->no_progress && progress_is_wanted())
		options->progress = progress_show;
	return feature_list_apply(flags->features, &options->features, error);
}
