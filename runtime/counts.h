/*
 * counts.h: what code compiled with --profile-generate counts. Each instance has counters of its
 * own, so that no thread disturbs another; they are added to the artifact's when it ends.
 */
#ifndef SELVAGE_RUNTIME_COUNTS_H
#define SELVAGE_RUNTIME_COUNTS_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

struct sv_artifact;
struct sv_instance;

/* True if its code counts. */
bool counts_are_kept(const struct sv_artifact *artifact);

/* Room for what instances of a checked artifact count; and its end. */
SV_MUST_USE bool counts_open(struct sv_artifact *artifact, struct sv_error *error);
void counts_close(struct sv_artifact *artifact);

/* Counters for an instance, whose context is made; and their end. */
SV_MUST_USE bool counts_begin(struct sv_instance *instance, struct sv_error *error);
void counts_end(struct sv_instance *instance);

/*
 * Append the profile of all instances that have ended, as a file (base/profile.h). The artifact's
 * code must count. Any thread.
 */
SV_MUST_USE bool counts_write(struct sv_artifact *artifact, struct buffer *output,
		struct sv_error *error);

#endif
