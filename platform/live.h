/*
 * live.h: a version that can answer: its artifact, mapped, with a pool of instances and its
 * environment. Counted: the route holds one, each request another, and the last one to let go
 * releases it.
 */
#ifndef SELVAGE_PLATFORM_LIVE_H
#define SELVAGE_PLATFORM_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "server/executor.h"

/* What a version has now. */
struct live_gauges {
	uint32_t slots, used; /* instances that there are, and of these in use */
	uint64_t memory;      /* bytes that are mapped, and that instances keep */
};

struct asset;
struct caps;
struct live;
struct platform_state;
struct route;
struct version;

/*
 * Load the artifact of `version`, link it and try one instance. `route` is held as long as this
 * lives. NULL with `error`.
 */
struct live *live_open(struct platform_state *state, struct route *route,
		const struct version *version, struct sv_error *error);

struct live *live_take(struct live *live);
void live_release(struct live *live); /* NULL is allowed */

/* Its guests begin before a body is whole; not where the deployment limits bodies. */
bool live_takes_intake(const struct live *live);

/* A request's first turn waits for no disk: it is neither for static files nor for kept values. */
bool live_is_quick(const struct live *live);

void live_look(struct live *live, struct live_gauges *gauges);

const struct caps *live_caps(const struct live *live);
struct route *live_route(const struct live *live);

/* The static file for a path, which lives as long as this; NULL if there is none. */
const struct asset *live_asset(const struct live *live, struct sv_bytes path);

/* Its handler, and a desk of that for one request; NULL with `error`. Any thread. */
const struct handler *live_handler(const struct live *live);
void *live_desk_take(struct live *live, struct sv_error *error);
void live_desk_give(struct live *live, void *desk);

/*
 * Have it answer GET `path`, on this thread, which must not have entered the engine. False with
 * `error` saying how it failed: a trap, a limit, a status of 500 or more.
 */
bool live_probe(struct live *live, const char *path, struct sv_error *error);

#endif
