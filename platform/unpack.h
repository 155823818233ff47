/*
 * unpack.h: the files of an archive that a client sent, unpacked in a process of its own
 * (child.h), since formats of archives are many and their readers are old.
 */
#ifndef SELVAGE_PLATFORM_UNPACK_H
#define SELVAGE_PLATFORM_UNPACK_H

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

/* What `selvage builder` calls it, and its limits; times in seconds. */
#define UNPACK_WORK "unpack"
#define UNPACK_MEMORY (UINT64_C(1) << 30)
#define UNPACK_CPU_TIME 10
#define UNPACK_TIME 30
#define UNPACK_INPUT (UINT64_C(128) << 20)
#define UNPACK_OUTPUT (UINT64_C(64) << 20)

/* Append the files of a tar archive to `bundle` (bundle.h). */
SV_MUST_USE bool unpack_run(struct sv_bytes archive, struct buffer *bundle, struct sv_error *error);

#endif
