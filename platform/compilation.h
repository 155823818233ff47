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

/* nice(2) of a compilation that somebody waits for, and of one that only makes code better. */
#define COMPILATION_NICE 5
#define COMPILATION_NICE_LATER 15

/* What is compiled, and how. */
struct compilation {
	const char *path; /* of the module; borrowed */
	enum tier tier;
	bool is_later; /* nobody waits: everything else comes first */
	int stop;      /* descriptor that becomes readable to cut it short */
	/* Pieces that there are, and afterwards what the builder left (pieces.h); NULL: without. */
	struct buffer *pieces;
};

/*
 * Compile, and append the artifact to `artifact`. False with the compiler's message in `error`;
 * SYSTEM if it was cut short or killed, which says nothing of the module.
 */
SV_MUST_USE bool compilation_run(const struct compilation *compilation, struct buffer *artifact,
		struct sv_error *error);

#endif
