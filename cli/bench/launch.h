/*
 * launch.h: this program again, as a process of its own: from exec to its exit, or to its first
 * answer over HTTP.
 */
#ifndef SELVAGE_CLI_BENCH_LAUNCH_H
#define SELVAGE_CLI_BENCH_LAUNCH_H

#include "cli/bench/subject.h"

/* `selvage run` with the subject's call; `*times` gets nanoseconds until it has exited. */
SV_MUST_USE bool launch_run(const struct subject *subject, uint64_t *time, struct sv_error *error);

/*
 * `selvage serve`; nanoseconds until it says where it listens, and until the first byte of the
 * answer to GET /, which must not be an error of the server.
 */
SV_MUST_USE bool launch_serve(const struct subject *subject, uint64_t *listening,
		uint64_t *answer, struct sv_error *error);

#endif
