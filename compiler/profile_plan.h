/*
 * profile_plan.h: which counters each function of a module has, and what tells its code from
 * another's. It is the same where counters are made and where what they counted is used.
 */
#ifndef SELVAGE_COMPILER_PROFILE_PLAN_H
#define SELVAGE_COMPILER_PROFILE_PLAN_H

#include "base/profile.h"
#include "compiler/body.h"
#include "compiler/module.h"

/* What an operator takes of its function's counters and targets. */
struct profile_site {
	uint32_t counters, targets;
};

struct profile_site profile_plan_site(const struct instruction *at);

struct profile_plan_part {
	uint64_t shape; /* of operators and labels, without constants and other indices */
	uint32_t first_counter, first_target;
	struct profile_site size;
};

struct profile_plan {
	struct profile_plan_part *functions; /* owned; by function index less the imported ones */
	uint32_t function_count;
	struct profile_site size; /* of all */
	uint8_t module[PROFILE_DIGEST]; /* digest of its bytes */
};

/* For a valid module. False with LIMIT if a profile cannot have so many counters. */
SV_MUST_USE bool profile_plan_make(struct profile_plan *plan, const struct module *module,
		struct sv_error *error);
void profile_plan_finish(struct profile_plan *plan);

#endif
