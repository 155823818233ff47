/*
 * acme.h: challenges of ACME clients (RFC 8555, 8.3): files of a folder, served to whoever proves
 * to an authority that a name leads here.
 */
#ifndef SELVAGE_PLATFORM_ACME_H
#define SELVAGE_PLATFORM_ACME_H

#include "base/bytes.h"
#include "base/check.h"

/* Whether this is the path of a challenge. */
bool acme_is_challenge(struct sv_bytes path);

/*
 * Append the file of the challenge in `path`, the path of a request, to `text`; false if that is no
 * path of a challenge, or there is no such file in `folder`.
 */
SV_MUST_USE bool acme_challenge(const char *folder, struct sv_bytes path, struct buffer *text);

#endif
