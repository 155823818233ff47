/*
 * tar.h: the files of an archive that a client sent.
 */
#ifndef SELVAGE_PLATFORM_TAR_H
#define SELVAGE_PLATFORM_TAR_H

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

/* Most of what an archive may have: more than a project has. */
#define TAR_ENTRIES_MOST 10000
#define TAR_BYTES_MOST (INT64_C(1) << 30) /* of all files together, as they are declared */
#define TAR_PATH_MOST 1024
#define TAR_FOLDERS_MOST 32 /* one in the other */

/* Have what it needs from files, so that no file has to be opened later. */
SV_MUST_USE bool tar_load(struct sv_error *error);

/*
 * Append the regular files of an uncompressed tar archive to `bundle` (bundle.h), whose limit
 * holds. Nothing is written anywhere; all the same, what could mean harm to who unpacks it
 * refuses the whole archive: links, devices, paths that lead out of it, and more than the
 * limits above. INVALID or LIMIT; INVALID too if it is damaged.
 */
SV_MUST_USE bool tar_unpack(struct sv_bytes archive, struct buffer *bundle, struct sv_error *error);

#endif
