/*
 * density.h: how many instances there can be at once.
 */
#ifndef SELVAGE_CLI_BENCH_DENSITY_H
#define SELVAGE_CLI_BENCH_DENSITY_H

#include "cli/bench/subject.h"

/*
 * Lease instances and call each until there can be no more, or --count. With `waiting` they stay
 * suspended in their calls until then, and are resumed afterwards, which adds a row. What there was
 * is in bench->details.
 */
SV_MUST_USE bool density_measure(struct bench *bench, bool waiting, struct sv_error *error);

#endif
