/*
 * keeper.h: the thread that does what time asks for: removes deployments whose time is over, lets
 * go of versions that nobody asks for, removes files that nothing refers to.
 */
#ifndef SELVAGE_PLATFORM_KEEPER_H
#define SELVAGE_PLATFORM_KEEPER_H

#include "base/error.h"

struct keeper;
struct platform_state;

/* Start the thread. NULL with `error`. */
struct keeper *keeper_start(struct platform_state *state, struct sv_error *error);

/* End it. NULL is allowed. */
void keeper_stop(struct keeper *keeper);

#endif
