/*
 * build.h: the thread that builds versions, one after the other, each in a confined child process.
 */
#ifndef SELVAGE_PLATFORM_BUILD_H
#define SELVAGE_PLATFORM_BUILD_H

#include "base/check.h"
#include "base/error.h"

struct build;
struct platform_state;

/* Start the thread, which looks for builds at once. NULL with `error`. */
struct build *build_start(struct platform_state *state, struct sv_error *error);

/* There is something to build. Any thread. */
void build_wake(struct build *build);

/*
 * End the thread; a build under way is cut short, and done again by the next start. NULL allowed.
 */
void build_stop(struct build *build);

#endif
