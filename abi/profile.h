/*
 * profile.h: what artifacts whose code counts for a profile say of their counters.
 */
#ifndef SELVAGE_ABI_PROFILE_H
#define SELVAGE_ABI_PROFILE_H

#include <stdint.h>

/*
 * What code that counts for a profile counts in an own function. The words that a context's
 * `profile` points to are the counters of all functions in their order, behind them three words
 * for each target: calls, index, votes (base/profile.h).
 */
struct sv_profile_record {
	uint64_t shape;
	uint32_t counters; /* one at least: how often the function began */
	uint32_t targets;
};

#define SV_PROFILE_DIGEST 32u

#endif
