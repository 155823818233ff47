/*
 * profile.h: how often the parts of a program ran, as a file. Who made it and who reads it agree
 * on what a counter means; here they are numbers, in order of functions. A file may come from
 * anywhere: what is read is checked to be whole before any of it is used.
 */
#ifndef SELVAGE_BASE_PROFILE_H
#define SELVAGE_BASE_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

/* Most that a profile has; far above what the largest programs need. */
#define PROFILE_MAX_FUNCTIONS 1000000u
#define PROFILE_MAX_COUNTERS  (UINT32_C(1) << 24)
#define PROFILE_MAX_TARGETS   (UINT32_C(1) << 22)
#define PROFILE_MAX_NAMES     (UINT32_C(64) << 20) /* bytes */
#define PROFILE_MAX_BYTES     (UINT64_C(320) << 20)

#define PROFILE_DIGEST 32

/*
 * A place that goes to one of many: how often, and where it went mostly. `votes` is how often it
 * went to `index` beyond all that did not, pair by pair: at least that often it went there.
 */
struct profile_target {
	uint64_t calls, index, votes;
};

struct profile_function {
	uint64_t shape; /* of its code: what counts are of another shape are not its */
	struct sv_bytes name; /* borrowed from the profile, or from who made that; may be empty */
	uint64_t *counters; /* the same; the first one counts how often it began */
	struct profile_target *targets;
	uint32_t counter_count, target_count;
};

/* All zero is one of nothing. */
struct profile {
	uint8_t program[PROFILE_DIGEST]; /* digest of what was run */
	uint32_t first_function; /* number of the first one in the program */
	uint32_t function_count, counter_count, target_count;
	struct profile_function *functions; /* owned */
	uint64_t *counters; /* owned; of all functions, in their order */
	struct profile_target *targets; /* owned; the same */
	uint8_t *names; /* owned */
};

/* True if a file that begins so is to be a profile. */
bool profile_is_one(struct sv_bytes bytes);

/*
 * Room for so many functions, counters and targets, all zero; over the limits is an error that
 * names them. Where those of each function are is for the caller to say.
 */
SV_MUST_USE bool profile_init(struct profile *profile, uint32_t functions, uint64_t counters,
		uint64_t targets, struct sv_error *error);

/* Read a whole file. False with MALFORMED or LIMIT; there is nothing to finish then. */
SV_MUST_USE bool profile_read(struct profile *profile, struct sv_bytes file,
		struct sv_error *error);

/* Append the file to `output`. */
SV_MUST_USE bool profile_write(const struct profile *profile, struct buffer *output,
		struct sv_error *error);

/* Add what another run of the same program counted. False, with nothing added, if it is not. */
SV_MUST_USE bool profile_add(struct profile *profile, const struct profile *other,
		struct sv_error *error);

/* Add up two counts of the same place; counters stay at the largest number. */
uint64_t profile_sum(uint64_t one, uint64_t other);
void profile_target_add(struct profile_target *target, const struct profile_target *other);

void profile_finish(struct profile *profile);

#endif
