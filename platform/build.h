/*
 * build.h: the threads that build versions, each in a confined child process: two for new ones, and
 * one for the release tier of those that are served, so that nobody waits for that to deploy.
 * Tenants take turns, and each has one new version built at a time.
 */
#ifndef SELVAGE_PLATFORM_BUILD_H
#define SELVAGE_PLATFORM_BUILD_H

#include "base/check.h"
#include "base/error.h"

struct build;
struct platform_state;

/* Start the threads, which look for builds at once. NULL with `error`. */
struct build *build_start(struct platform_state *state, struct sv_error *error);

/* There is something to build. Any thread. */
void build_wake(struct build *build);

/*
 * End the thread; a build under way is cut short, and done again by the next start. NULL allowed.
 */
void build_stop(struct build *build);

#endif
