/*
 * routes.c: see routes.h. A table of chains, which grows with what is in it; readers share a lock.
 */
#include "platform/routes.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "platform/build.h"
#include "platform/deployments.h"
#include "platform/gate.h"
#include "platform/hosts.h"
#include "platform/journal.h"
#include "platform/live.h"
#include "platform/metrics.h"
#include "platform/state.h"
#include "platform/values.h"
#include "server/loop.h"

/* A host name in the table. */
struct entry {
	struct entry *next; /* in its chain */
	struct route *route;
	const char *host;
};

/* One besides a route's own; its route is counted. */
struct alias {
	struct entry entry; /* first: entries are cast to aliases */
	char host[];
};

struct route {
	struct entry own;
	atomic_uint count;
	struct platform_state *state; /* borrowed */
	int64_t id;
	char name[64];
	char host[200];
	struct journal journal;
	struct metrics metrics;
	struct gate gate;
	struct values values;
	pthread_mutex_t lock;
	struct live *live;       /* counted; NULL: not loaded */
	atomic_bool takes_intake; /* of `live`; readable without the lock */
	_Atomic uint64_t used;   /* when it was last asked, nanoseconds of CLOCK_MONOTONIC */
	uint64_t failed_until;   /* loading failed: not again before this time */
	struct sv_error failure;
};

struct routes {
	struct platform_state *state; /* borrowed */
	pthread_rwlock_t lock;
	struct hash_key key;
	struct entry **chains; /* owned; a power of two of them */
	size_t chain_count, count; /* chains, entries */
	size_t route_count;
};

/* A version that cannot be loaded is not tried with each request. */
static const uint64_t failure_time = UINT64_C(1000000000);

/* ---- one route ---- */

struct route *route_take(struct route *route)
{
	atomic_fetch_add(&route->count, 1);
	return route;
}

void route_release(struct route *route)
{
	if (!route || atomic_fetch_sub(&route->count, 1) != 1)
		return;
	check(!route->live);
	journal_finish(&route->journal);
	values_finish(&route->values);
	pthread_mutex_destroy(&route->lock);
	free(route);
}

int64_t route_id(const struct route *route)
{
	return route->id;
}

const char *route_name(const struct route *route)
{
	return route->name;
}

const char *route_host(const struct route *route)
{
	return route->host;
}

struct journal *route_journal(struct route *route)
{
	return &route->journal;
}

struct gate *route_gate(struct route *route)
{
	return &route->gate;
}

struct kv *route_store(struct route *route, struct sv_error *error)
{
	return values_store(&route->values, error);
}

struct metrics *route_metrics(struct route *route)
{
	return &route->metrics;
}

/*
 * The artifact is damaged, or of another version of Selvage or another machine; the module is
 * there, so it is compiled again. Not if that was done and has failed: the state says so; nor what
 * was sent compiled.
 */
static void route_build_again(struct route *route, const struct version *version,
		const struct sv_error *reason)
{
	struct sv_error error = SV_ERROR_INIT;
	bool is_of_artifact = reason->code == SV_ERROR_ARTIFACT || reason->code == SV_ERROR_CPU;
	if (!is_of_artifact || version->state != VERSION_READY || version->signature[0])
		return;
	if (version_build_again(route->state->db, version, reason->text, &error)) {
		journal_event(&route->journal, "version %" PRId64 " is compiled again",
				version->number);
		build_wake(route->state->build);
	} else {
		journal_event(&route->journal, "version %" PRId64 " cannot be compiled again: %s",
				version->number, error.text);
	}
}

/* Under the route's lock: the version that is current, loaded. */
static struct live *route_load(struct route *route, struct sv_error *error)
{
	struct deployment deployment;
	struct version version;
	bool found = false;
	struct db *db = route->state->db;
	if (!deployment_get(db, route->id, &deployment, &found, error))
		return NULL;
	if (found && deployment.current &&
			!version_find(db, route->id, deployment.current, &version, &found, error))
		return NULL;
	if (!found || !deployment.current) {
		sv_fail(error, SV_ERROR_USAGE, "%s is being built for the first time", route->name);
		return NULL;
	}
	struct live *live = live_open(route->state, route, &version, error);
	if (!live)
		route_build_again(route, &version, error);
	return live;
}

struct live *route_live(struct route *route, struct sv_error *error)
{
	uint64_t now = clock_now();
	struct live *live = NULL;
	atomic_store(&route->used, now);
	pthread_mutex_lock(&route->lock);
	if (!route->live && now >= route->failed_until) {
		sv_error_clear(&route->failure);
		route->live = route_load(route, &route->failure);
		if (!route->live)
			route->failed_until = now + failure_time;
	}
	if (route->live) {
		live = live_take(route->live);
		atomic_store(&route->takes_intake, live_takes_intake(live));
	} else
		sv_fail(error, route->failure.code, "%s", route->failure.text);
	pthread_mutex_unlock(&route->lock);
	return live;
}

void route_look(struct route *route, struct live_gauges *gauges)
{
	*gauges = (struct live_gauges){0};
	pthread_mutex_lock(&route->lock);
	struct live *live = route->live ? live_take(route->live) : NULL;
	pthread_mutex_unlock(&route->lock);
	if (live)
		live_look(live, gauges);
	live_release(live);
}

bool route_is_quick(struct route *route)
{
	/* Who unloads what is not used leaves it from now on. */
	atomic_store(&route->used, clock_now());
	if (pthread_mutex_trylock(&route->lock) != 0)
		return false;
	bool is_quick = route->live && live_is_quick(route->live);
	pthread_mutex_unlock(&route->lock);
	return is_quick;
}

bool route_takes_intake(const struct route *route)
{
	return atomic_load(&route->takes_intake);
}

void route_set_live(struct route *route, struct live *live)
{
	if (live)
		atomic_store(&route->takes_intake, live_takes_intake(live));
	pthread_mutex_lock(&route->lock);
	struct live *before = route->live;
	route->live = live;
	route->failed_until = 0;
	atomic_store(&route->used, clock_now());
	pthread_mutex_unlock(&route->lock);
	live_release(before);
}

static struct route *route_new(struct platform_state *state, int64_t id, const char *name,
		struct sv_error *error)
{
	struct route *route = calloc(1, sizeof *route);
	if (!route) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a route");
		return NULL;
	}
	route->state = state;
	route->id = id;
	atomic_init(&route->count, 1);
	snprintf(route->name, sizeof route->name, "%s", name);
	snprintf(route->host, sizeof route->host, "%s.%s", name, state->domain);
	route->own = (struct entry){.route = route, .host = route->host};
	if (!journal_init(&route->journal, state->journals, id, error)) {
		free(route);
		return NULL;
	}
	pthread_mutex_init(&route->lock, NULL);
	values_init(&route->values, state->db, id);
	return route;
}

/* ---- the table ---- */

static struct entry **chain_of(const struct routes *routes, const char *host)
{
	struct hash hash = hash_begin(routes->key);
	hash_add_bytes(&hash, host, strlen(host));
	return &routes->chains[hash_end(&hash) & (routes->chain_count - 1)];
}

/* Where the entry of this host is, or would be: the link to it. */
static struct entry **link_of(const struct routes *routes, const char *host)
{
	struct entry **link = chain_of(routes, host);
	while (*link && strcmp((*link)->host, host) != 0)
		link = &(*link)->next;
	return link;
}

/* Without memory chains are longer. */
static void routes_grow(struct routes *routes)
{
	size_t before = routes->chain_count;
	struct entry **chains = calloc(before * 2, sizeof(struct entry *)), **old = routes->chains;
	if (!chains)
		return;
	routes->chains = chains;
	routes->chain_count = before * 2;
	for (size_t i = 0; i < before; i++) {
		for (struct entry *entry = old[i], *next; entry; entry = next) {
			struct entry **chain = chain_of(routes, entry->host);
			next = entry->next;
			entry->next = *chain;
			*chain = entry;
		}
	}
	free(old);
}

/* Under the lock, for a host that is not there. */
static void routes_insert(struct routes *routes, struct entry *entry)
{
	if (routes->count >= routes->chain_count)
		routes_grow(routes);
	struct entry **chain = chain_of(routes, entry->host);
	entry->next = *chain;
	*chain = entry;
	routes->count++;
}

static struct entry *routes_take_out(struct routes *routes, struct entry **link)
{
	struct entry *entry = *link;
	*link = entry->next;
	routes->count--;
	return entry;
}

struct route *routes_make(struct routes *routes, int64_t id, const char *name,
		struct sv_error *error)
{
	struct deployment deployment;
	bool found;
	if (!deployment_get(routes->state->db, id, &deployment, &found, error))
		return NULL;
	if (!found) {
		sv_fail(error, SV_ERROR_OVERTAKEN, "the deployment was removed meanwhile");
		return NULL;
	}
	struct route *made = route_new(routes->state, id, name, error);
	if (!made)
		return NULL;
	pthread_rwlock_wrlock(&routes->lock);
	struct entry *entry = *link_of(routes, made->host);
	struct route *route = entry ? entry->route : made;
	if (!entry) {
		routes_insert(routes, &made->own);
		routes->route_count++;
		made = NULL;
	}
	/* Whoever removes a deployment takes its route out under the same lock of changes. */
	check(route->id == id);
	route_take(route);
	pthread_rwlock_unlock(&routes->lock);
	route_release(made);
	return route;
}

struct route *routes_find(struct routes *routes, const char *host)
{
	pthread_rwlock_rdlock(&routes->lock);
	struct entry *entry = *link_of(routes, host);
	struct route *route = entry ? route_take(entry->route) : NULL;
	pthread_rwlock_unlock(&routes->lock);
	return route;
}

struct route *routes_named(struct routes *routes, int64_t id, const char *name)
{
	char host[256];
	snprintf(host, sizeof host, "%s.%s", name, routes->state->domain);
	struct route *route = routes_find(routes, host);
	if (!route || route->id == id)
		return route;
	route_release(route);
	return NULL;
}

bool routes_add_alias(struct routes *routes, const char *host, struct route *route,
		struct sv_error *error)
{
	size_t size = strlen(host) + 1;
	struct alias *alias = malloc(sizeof *alias + size);
	if (!alias)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a host name");
	memcpy(alias->host, host, size);
	alias->entry = (struct entry){.host = alias->host};
	pthread_rwlock_wrlock(&routes->lock);
	struct entry *entry = *link_of(routes, host);
	/* The database has each name once, and routes are changed behind it, under one lock. */
	check(!entry || entry->route == route);
	if (!entry) {
		alias->entry.route = route_take(route);
		routes_insert(routes, &alias->entry);
		alias = NULL;
	}
	pthread_rwlock_unlock(&routes->lock);
	free(alias);
	return true;
}

static void alias_free(struct entry *entry)
{
	if (!entry)
		return;
	route_release(entry->route);
	free((struct alias *)entry);
}

void routes_drop_alias(struct routes *routes, const char *host, int64_t id)
{
	struct entry *entry = NULL;
	pthread_rwlock_wrlock(&routes->lock);
	struct entry **link = link_of(routes, host);
	if (*link && (*link)->route->id == id && *link != &(*link)->route->own)
		entry = routes_take_out(routes, link);
	pthread_rwlock_unlock(&routes->lock);
	alias_free(entry);
}

/* Under the lock: all other names of a route that is on its way out. */
static void routes_drop_aliases(struct routes *routes, const struct route *route)
{
	for (size_t i = 0; i < routes->chain_count; i++) {
		for (struct entry **link = &routes->chains[i]; *link;) {
			if ((*link)->route == route)
				alias_free(routes_take_out(routes, link));
			else
				link = &(*link)->next;
		}
	}
}

void routes_remove(struct routes *routes, int64_t id, const char *name)
{
	char host[256];
	snprintf(host, sizeof host, "%s.%s", name, routes->state->domain);
	pthread_rwlock_wrlock(&routes->lock);
	struct entry **link = link_of(routes, host);
	struct route *route = *link && (*link)->route->id == id ? (*link)->route : NULL;
	if (route) {
		routes_take_out(routes, link);
		routes->route_count--;
		routes_drop_aliases(routes, route);
	}
	pthread_rwlock_unlock(&routes->lock);
	if (!route)
		return;
	journal_remove(&route->journal);
	route_set_live(route, NULL);
	route_release(route);
}

/* Under the table's lock: let go of what is not used, if nobody is loading it. */
static void route_unload_idle(struct route *route, uint64_t before)
{
	struct live *live = NULL;
	if (pthread_mutex_trylock(&route->lock) != 0)
		return;
	if (route->live && atomic_load(&route->used) < before) {
		live = route->live;
		route->live = NULL;
	}
	pthread_mutex_unlock(&route->lock);
	live_release(live);
}

void routes_unload_idle(struct routes *routes, int64_t seconds)
{
	uint64_t now = clock_now(), span = (uint64_t)seconds * UINT64_C(1000000000);
	if (now < span)
		return;
	pthread_rwlock_rdlock(&routes->lock);
	for (size_t i = 0; i < routes->chain_count; i++) {
		for (struct entry *entry = routes->chains[i]; entry; entry = entry->next)
			route_unload_idle(entry->route, now - span);
	}
	pthread_rwlock_unlock(&routes->lock);
}

size_t routes_count(struct routes *routes)
{
	pthread_rwlock_rdlock(&routes->lock);
	size_t count = routes->route_count;
	pthread_rwlock_unlock(&routes->lock);
	return count;
}

/* ---- beginning and end ---- */

struct routes_fill {
	struct routes *routes;
	struct sv_error *error;
	bool done;
};

static bool routes_add(void *data, const struct deployment *deployment)
{
	struct routes_fill *fill = data;
	struct route *route =
			routes_make(fill->routes, deployment->id, deployment->name, fill->error);
	fill->done = route != NULL;
	route_release(route);
	return fill->done;
}

/* A deployment without a route was removed since: its names go with it. */
static bool routes_add_host(void *data, int64_t deployment, const char *host)
{
	struct routes_fill *fill = data;
	struct deployment found;
	bool is_there = false;
	fill->done = deployment_get(fill->routes->state->db, deployment, &found, &is_there,
			fill->error);
	struct route *route = fill->done && is_there
			? routes_named(fill->routes, deployment, found.name)
			: NULL;
	if (route)
		fill->done = routes_add_alias(fill->routes, host, route, fill->error);
	route_release(route);
	return fill->done;
}

struct routes *routes_new(struct platform_state *state, struct sv_error *error)
{
	struct routes *routes = calloc(1, sizeof *routes);
	if (routes)
		routes->chains = calloc(64, sizeof(struct entry *));
	if (!routes || !routes->chains) {
		free(routes);
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for routes");
		return NULL;
	}
	routes->state = state;
	routes->chain_count = 64;
	routes->key = hash_process_key();
	pthread_rwlock_init(&routes->lock, NULL);
	struct routes_fill fill = {routes, error, true};
	if (deployments_each(state->db, 0, routes_add, &fill, error) && fill.done &&
			hosts_each(state->db, 0, routes_add_host, &fill, error) && fill.done)
		return routes;
	routes_free(routes);
	return NULL;
}

void routes_free(struct routes *routes)
{
	if (!routes)
		return;
	for (size_t i = 0; i < routes->chain_count; i++) {
		for (struct entry *entry = routes->chains[i], *next; entry; entry = next) {
			struct route *route = entry->route;
			next = entry->next;
			route_set_live(route, NULL);
			if (entry == &route->own)
				route_release(route);
			else
				alias_free(entry);
		}
	}
	pthread_rwlock_destroy(&routes->lock);
	free(routes->chains);
	free(routes);
}
