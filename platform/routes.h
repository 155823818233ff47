/*
 * routes.h: host names to deployments. A route is counted, so that what has begun ends well when
 * the deployment is removed. Any thread.
 */
#ifndef SELVAGE_PLATFORM_ROUTES_H
#define SELVAGE_PLATFORM_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"

struct gate;
struct journal;
struct kv;
struct live;
struct live_gauges;
struct metrics;
struct platform_state;
struct route;
struct routes;

/* A route for each deployment in the database. NULL with `error`. */
struct routes *routes_new(struct platform_state *state, struct sv_error *error);
void routes_free(struct routes *routes);

/*
 * The route of a deployment, made if there is none; counted. NULL with `error`: OVERTAKEN if the
 * deployment is not in the database any more. Under the lock of changes, except by routes_new.
 */
struct route *routes_make(struct routes *routes, int64_t id, const char *name,
		struct sv_error *error);

/* The route of a host name in lower case, counted, or NULL. */
struct route *routes_find(struct routes *routes, const char *host);

/* The route of a deployment if there is one: a name may be another's by now. */
struct route *routes_named(struct routes *routes, int64_t id, const char *name);

/* Take its route out and remove its journal. Requests that have begun go on. */
void routes_remove(struct routes *routes, int64_t id, const char *name);

/* Another host name of a route; one more time is none. Under the lock of changes. */
SV_MUST_USE bool routes_add_alias(struct routes *routes, const char *host, struct route *route,
		struct sv_error *error);

/* No longer, if it is this deployment's and not its own NAME.DOMAIN. Under the lock of changes. */
void routes_drop_alias(struct routes *routes, const char *host, int64_t id);

/* Let go of versions that answered nothing for `seconds`: the next request loads them again. */
void routes_unload_idle(struct routes *routes, int64_t seconds);

size_t routes_count(struct routes *routes);

struct route *route_take(struct route *route);
void route_release(struct route *route);

int64_t route_id(const struct route *route);
const char *route_name(const struct route *route);
const char *route_host(const struct route *route); /* "name.localhost" */
struct journal *route_journal(struct route *route);
struct gate *route_gate(struct route *route);
struct metrics *route_metrics(struct route *route);

/* Its key-value store, read by who asks first. NULL with `error`. */
struct kv *route_store(struct route *route, struct sv_error *error);

/* What answers now, counted; loaded if it is not. NULL with `error`. */
struct live *route_live(struct route *route, struct sv_error *error);

/* What its version has now; zeros if none is loaded. */
void route_look(struct route *route, struct live_gauges *gauges);

/* Whether what answered last takes the body of a request as it comes; waits for nobody. */
bool route_takes_intake(const struct route *route);

/*
 * Whether a version is loaded whose requests' first turns wait for nothing (live_is_quick); then it
 * stays so for some time.
 */
bool route_is_quick(struct route *route);

/* Exchange what answers for `live`, whose count is taken over; NULL: load when needed. */
void route_set_live(struct route *route, struct live *live);

#endif
