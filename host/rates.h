/*
 * rates.h: how often things happen, and who has been put aside for a while: counters and penalty
 * boxes, in memory, shared by all guests of a service. Every operation is atomic; any thread.
 * Times are nanoseconds of CLOCK_MONOTONIC, given by the caller.
 */
#ifndef SELVAGE_HOST_RATES_H
#define SELVAGE_HOST_RATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

/* Bytes of the name of a counter or box, and of an entry. */
#define RATES_MAX_NAME 512u

/* Entries of counters, and of boxes; beyond, the one that was idle the longest is forgotten. */
#define RATES_MAX_ENTRIES 100000u

/* The longest time that is looked back on, in seconds. */
#define RATES_MAX_WINDOW 60u

/* An entry of a counter or of a box. */
struct rates_key {
	struct sv_bytes name, entry;
};

struct rates;

/* NULL: no memory. rates_free takes NULL. */
struct rates *rates_new(void);
void rates_free(struct rates *rates);

/* It has happened so often now. False: no memory. */
SV_MUST_USE bool rates_add(struct rates *rates, struct rates_key counter, uint32_t times,
		uint64_t now);

/* How often it has happened in the last `seconds`; the oldest second counts in part. */
uint64_t rates_count(struct rates *rates, struct rates_key counter, uint32_t seconds, uint64_t now);

/* Put aside until then, or longer if it is already. False: no memory. */
SV_MUST_USE bool rates_punish(struct rates *rates, struct rates_key box, uint64_t until);

bool rates_is_punished(struct rates *rates, struct rates_key box, uint64_t now);

#endif
