/*
 * compile_flags.h: options of every command that may compile, and what they mean to the compiler.
 */
#ifndef SELVAGE_CLI_COMPILE_FLAGS_H
#define SELVAGE_CLI_COMPILE_FLAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/options.h"
#include "compiler/compiler.h"

/* In the order of tier_names, behind which is what nobody says. */
enum compile_tier { COMPILE_RELEASE, COMPILE_FAST, COMPILE_BY_LEVEL };

struct compile_flags {
	uint64_t level; /* LEVEL_DEFAULT: not given */
	unsigned tier;  /* enum compile_tier */
	unsigned bounds;
	const char *cpu;
	const char *features; /* NULL: the default ones */
	uint64_t jobs;
	bool strict_traps;
	bool propagate_exceptions;
	unsigned relaxed_simd; /* enum sv_relaxed_simd */
	bool fuel;
	bool no_progress;
	bool all_positions; /* has no option */
};

#define LEVEL_DEFAULT UINT64_MAX
#define COMPILE_FLAGS_INIT {.level = LEVEL_DEFAULT, .tier = COMPILE_BY_LEVEL}

extern const char *const tier_names[];
extern const char *const bounds_names[];
extern const char *const relaxed_simd_names[];

/* Rows for an option table whose struct `type` has a struct compile_flags `field`. */
#define COMPILE_FLAG_ROWS(type, field) \
	{.letter = 'O', \
			.kind = OPTION_NUMBER, \
			.offset = offsetof(type, field.level), \
			.argument = "LEVEL", \
			.maximum = 3, \
			.help = "optimise: 0 (compile fast) to 3"}, \
			{.name = "tier", \
					.kind = OPTION_CHOICE, \
					.offset = offsetof(type, field.tier), \
					.argument = "fast|release", \
					.choices = tier_names, \
					.help = "fast: -O0; release (default): the level that " \
						"goes with the size"}, \
			{.name = "bounds", \
					.kind = OPTION_CHOICE, \
					.offset = offsetof(type, field.bounds), \
					.argument = "guard|check", \
					.choices = bounds_names, \
					.help = "keep accesses inside memory by guard pages, or " \
						"by comparing"}, \
			{.name = "target-cpu", \
					.kind = OPTION_TEXT, \
					.offset = offsetof(type, field.cpu), \
					.argument = "NAME", \
					.help = "CPU to compile for; native: this one (default)"}, \
			{.name = "jobs", \
					.letter = 'j', \
					.kind = OPTION_NUMBER, \
					.offset = offsetof(type, field.jobs), \
					.argument = "N", \
					.maximum = 1024, \
					.minimum = 1, \
					.help = "threads of code generation (default: all CPUs)"}, \
			{.name = "features", \
					.kind = OPTION_TEXT, \
					.offset = offsetof(type, field.features), \
					.argument = "LIST", \
					.help = "switch proposals on or off: -gc,-threads or " \
	                                        "-all,+simd"}, \
			{.name = "strict-traps", \
					.kind = OPTION_FLAG, \
					.offset = offsetof(type, field.strict_traps), \
					.help = "keep every load, even where it costs " \
						"vectorisation"}, \
			{.name = "propagate-exceptions", \
					.kind = OPTION_FLAG, \
					.offset = offsetof(type, field.propagate_exceptions), \
					.help = "let exceptions of other modules through this " \
						"one"}, \
			{.name = "relaxed-simd", \
					.kind = OPTION_CHOICE, \
					.offset = offsetof(type, field.relaxed_simd), \
					.argument = "native|deterministic", \
					.choices = relaxed_simd_names, \
					.help = "relaxed SIMD: as the CPU does it, or the same " \
						"on every CPU"}, \
			{.name = "no-progress", \
					.kind = OPTION_FLAG, \
					.offset = offsetof(type, field.no_progress), \
					.help = "no progress bar on a terminal"}

/* The level that flags ask for, by number or by tier; LEVEL_DEFAULT: the compiler's own. */
uint64_t compile_flags_level(const struct compile_flags *flags);

/*
 * Carry the flags over to `options`, which the compiler has filled with its defaults. False
 * with USAGE for an unknown feature, or for a level beside a tier.
 */
SV_MUST_USE bool compile_flags_apply(const struct compile_flags *flags,
		struct sv_compile_options *options, struct sv_error *error);

#endif
