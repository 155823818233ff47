/*
 * seal.h: secrets at rest: AES-256-GCM under a key in a file that only the daemon's user reads.
 * What is sealed is bound to a place (deployment and name), so that it cannot be moved to another.
 */
#ifndef SELVAGE_PLATFORM_SEAL_H
#define SELVAGE_PLATFORM_SEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

struct seal_key {
	uint8_t bytes[32];
};

/*
 * Read the key at `path`; `found` false if there is none. A file that others may read is refused.
 */
SV_MUST_USE bool seal_key_read(struct seal_key *key, const char *path, bool *found,
		struct sv_error *error);

/* Make a key, in the file `path`, which is not on the disk for sure before its folder is. */
SV_MUST_USE bool seal_key_make(struct seal_key *key, const char *path, struct sv_error *error);

/* Append `text`, sealed for `place`, to `sealed`. */
SV_MUST_USE bool seal_close(const struct seal_key *key, const char *place, struct sv_bytes text,
		struct buffer *sealed, struct sv_error *error);

/* Append the text of what was sealed for `place`; false if it is damaged or from elsewhere. */
SV_MUST_USE bool seal_open(const struct seal_key *key, const char *place, struct sv_bytes sealed,
		struct buffer *text, struct sv_error *error);

#endif
