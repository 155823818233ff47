/*
 * profile_guide.h: a profile, brought together with the module that it is used for.
 */
#ifndef SELVAGE_COMPILER_PROFILE_GUIDE_H
#define SELVAGE_COMPILER_PROFILE_GUIDE_H

#include "compiler/compiler.h"
#include "compiler/profile_plan.h"

struct profile_summary;

/* How much functions matter, hottest first. */
enum heat { HEAT_HOT, HEAT_WARM, HEAT_COLD };

struct profile_guide {
	struct profile file;
	/* Owned; by function index less the imported ones: what is known of each, or NULL. */
	const struct profile_function **functions;
	uint8_t *heats;  /* owned; the same: enum heat */
	uint32_t *order; /* owned; function indices by heat, and within one as in the module */
	uint32_t function_count;
	struct profile_summary *summary; /* owned; of the functions that are known */
};

/*
 * Read `file` and find each function's part: that of the same name, or without names of the same
 * index, if its shape is the same. `fit` (may be NULL) says how many have one. False with MALFORMED
 * or LIMIT if the file is no good, and with USAGE if it fits no function of the module.
 */
SV_MUST_USE bool profile_guide_make(struct profile_guide *guide, struct sv_bytes file,
		const struct module *module, const struct profile_plan *plan,
		struct sv_profile_fit *fit, struct sv_error *error);
void profile_guide_finish(struct profile_guide *guide);

#endif
