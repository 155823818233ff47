/*
 * confine.h: what a process may still do once it reads what a stranger sent. For the whole process
 * and its threads to come, and for good.
 */
#ifndef SELVAGE_PLATFORM_CONFINE_H
#define SELVAGE_PLATFORM_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"

struct confinement {
	uint64_t memory;  /* bytes of address space, besides what is mapped already */
	uint64_t seconds; /* of CPU time, all threads */
	uint64_t output;  /* bytes of any one file it writes */
};

/*
 * Give up: opening any file that has a name (landlock(7)), all system calls that are not in
 * confine.def (seccomp(2)): no sockets, no other programs, no other processes; core dumps; more
 * than `limits`. What is open stays open. UNSUPPORTED if the kernel cannot do one of these: then
 * nothing that strangers sent may be read.
 */
SV_MUST_USE bool confine(const struct confinement *limits, struct sv_error *error);

/* Where compilers of sources work. */
struct workplace {
	const char *folder;            /* all of it is theirs */
	const char *const
			*readable; /* paths of what they may read and run; those not there: none */
	size_t readable_count;
};

/*
 * The same for a process that runs such compilers, and for them: of files with a name only those
 * of `place`, and none of the calls of confine_tools.def. `memory` is of data that is written,
 * since some reserve much more address space than they use. UNSUPPORTED as above.
 */
SV_MUST_USE bool confine_tools(const struct confinement *limits, const struct workplace *place,
		struct sv_error *error);

#endif
