/*
 * tar.h: one file out of an archive that a client sent.
 */
#ifndef SELVAGE_PLATFORM_TAR_H
#define SELVAGE_PLATFORM_TAR_H

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

/* Entries that are looked at: more than a project has. */
#define TAR_ENTRIES_MOST 10000

/*
 * Append the regular file `name` of an uncompressed tar archive to `file`, whose limit holds; the
 * first one if there are several. Nothing is written anywhere, so paths, links and devices in the
 * archive mean nothing. INVALID if the archive is damaged or has no such file.
 */
SV_MUST_USE bool tar_extract(struct sv_bytes archive, const char *name, struct buffer *file,
		struct sv_error *error);

#endif
