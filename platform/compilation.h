/*
 * compilation.h: one compilation in a process of its own (child.h): module in, artifact out.
 */
#ifndef SELVAGE_PLATFORM_COMPILATION_H
#define SELVAGE_PLATFORM_COMPILATION_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"
#include "platform/deployments.h"

/* Limits of a compilation; times in seconds. */
#define COMPILATION_MEMORY (UINT64_C(6) << 30)
#define COMPILATION_CPU_TIME 2400
#define COMPILATION_TIME 1500
#define COMPILATION_OUTPUT (UINT64_C(512) << 20)

/*
 * Compile the module in the file at `path` for `tier` and append the artifact to `artifact`. False
 * with the compiler's message in `error`, or when `stop`, a descriptor, became readable.
 */
SV_MUST_USE bool compilation_run(const char *path, enum tier tier, int stop,
		struct buffer *artifact, struct sv_error *error);

#endif
