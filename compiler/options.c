/*
 * options.c: default options, and stages by name.
 */
#include "compiler/compiler.h"

#include <string.h>

void sv_compile_options_init(struct sv_compile_options *options)
{
	*options = (struct sv_compile_options){.bounds = SV_BOUNDS_GUARD,
			.level = SV_LEVEL_BY_SIZE,
			.emit = SV_EMIT_ARTIFACT,
			.dump = SV_STAGE_NONE,
#define SV_FEATURE(name, text, on) | (uint64_t)(on) << SV_FEATURE_##name
			.features = 0
#include "compiler/features.def"
#undef SV_FEATURE
	};
}

enum sv_stage sv_stage_of_name(const char *name)
{
	static const char *const names[] = {
#define SV_STAGE(name, text, meaning) [SV_STAGE_##name] = text,
#include "compiler/stages.def"
#undef SV_STAGE
	};
	for (int stage = SV_STAGE_NONE + 1; stage < SV_STAGE_COUNT; stage++) {
		if (strcmp(name, names[stage]) == 0)
			return (enum sv_stage)stage;
	}
	return SV_STAGE_NONE;
}
