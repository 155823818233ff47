/*
 * watch.h: looks at files, and calls back when one of them was written or replaced.
 */
#ifndef SELVAGE_CLI_WATCH_H
#define SELVAGE_CLI_WATCH_H

#include <stddef.h>

#include "base/check.h"
#include "base/error.h"

/* Files of one watch. */
#define WATCH_MOST 4u

struct watch;

/*
 * Watch `count` files, whose paths are borrowed, from now on: `changed` is called on a thread of
 * the watch, once for changes that come together. NULL with `error`.
 */
struct watch *watch_start(const char *const *paths, size_t count, void (*changed)(void *data),
		void *data, struct sv_error *error);

/*
 * No more calls. False if one is under way, which may take its time: what it uses must stay.
 * NULL is allowed.
 */
SV_MUST_USE bool watch_stop(struct watch *watch);

#endif
