/*
 * activate.c: see activate.h.
 */
#include "platform/activate.h"

#include <inttypes.h>
#include <stddef.h>

#include "platform/db.h"
#include "platform/deployments.h"
#include "platform/journal.h"
#include "platform/live.h"
#include "platform/metrics.h"
#include "platform/routes.h"
#include "platform/state.h"

/* Under the lock of changes: all of it, unless the deployment was removed meanwhile. */
static bool activate_commit(struct platform_state *state, const struct version *version,
		struct sv_error *error)
{
	TRY(db_begin(state->db, error));
	bool done = version_set_artifact(state->db, version->id, version->artifact, version->tier,
				    error) &&
			version_set_state(state->db, version->id, VERSION_READY, "", error) &&
			deployment_set_current(state->db, version->deployment, version->number,
					error);
	return db_end(state->db, done, error) && done;
}

/*
 * Under the lock of changes: settings that were changed while `*live` was loaded and asked are not
 * in it, so it is loaded again.
 */
static bool activate_refresh(struct platform_state *state, struct route *route,
		const struct version *version, uint64_t settings, struct live **live,
		struct sv_error *error)
{
	if (atomic_load(&state->settings) == settings)
		return true;
	live_release(*live);
	*live = live_open(state, route, version, error);
	return *live != NULL;
}

static bool activate_on(struct platform_state *state, struct route *route,
		const struct version *version, int64_t only_over, struct sv_error *error)
{
	struct deployment deployment;
	bool found;
	uint64_t settings = atomic_load(&state->settings);
	struct live *live = live_open(state, route, version, error);
	if (!live)
		return false;
	bool done = live_probe(live, version->probe, error);
	pthread_mutex_lock(&state->change);
	if (done)
		done = deployment_get(state->db, version->deployment, &deployment, &found, error);
	if (done && !found)
		done = sv_fail(error, SV_ERROR_OVERTAKEN, "the deployment was removed meanwhile");
	if (done && only_over && deployment.current != only_over)
		done = sv_fail(error, SV_ERROR_OVERTAKEN, "another version is current meanwhile");
	done = done && activate_refresh(state, route, version, settings, &live, error) &&
			activate_commit(state, version, error);
	if (done) {
		route_set_live(route, live);
		metrics_add(&route_metrics(route)->swaps[version->tier], 1);
	}
	/* Under the lock: who sees that it is live finds the line. */
	if (done)
		journal_event(route_journal(route), "version %" PRId64 " is live (%s tier)",
				version->number, tier_name(version->tier));
	pthread_mutex_unlock(&state->change);
	if (!done)
		live_release(live);
	return done;
}

struct route *activate_route(struct platform_state *state, const struct deployment *deployment,
		struct sv_error *error)
{
	pthread_mutex_lock(&state->change);
	struct route *route = routes_make(state->routes, deployment->id, deployment->name, error);
	pthread_mutex_unlock(&state->change);
	return route;
}

bool activate_version(struct platform_state *state, const struct deployment *deployment,
		const struct version *version, int64_t only_over, struct sv_error *error)
{
	struct route *route = activate_route(state, deployment, error);
	if (!route)
		return false;
	bool done = activate_on(state, route, version, only_over, error);
	route_release(route);
	return done;
}

/* Under the lock of changes. */
static bool activate_current(struct platform_state *state, struct route *route,
		struct sv_error *error)
{
	struct deployment deployment;
	struct version version;
	bool found;
	TRY(deployment_get(state->db, route_id(route), &deployment, &found, error));
	if (!found || !deployment.current)
		return true; /* removed meanwhile, or still to be built */
	TRY(version_find(state->db, deployment.id, deployment.current, &version, &found, error));
	struct live *live = found ? live_open(state, route, &version, error) : NULL;
	if (!live)
		return false;
	route_set_live(route, live);
	return true;
}

bool activate_again(struct platform_state *state, const struct deployment *deployment,
		struct sv_error *error)
{
	struct route *route = activate_route(state, deployment, error);
	if (!route)
		return false;
	atomic_fetch_add(&state->settings, 1);
	pthread_mutex_lock(&state->change);
	bool done = activate_current(state, route, error);
	pthread_mutex_unlock(&state->change);
	route_release(route);
	return done;
}

bool activate_removal(struct platform_state *state, const struct deployment *deployment,
		int64_t expired_by, bool *removed, struct sv_error *error)
{
	pthread_mutex_lock(&state->change);
	bool done = deployment_remove(state->db, deployment->id, expired_by, removed, error);
	if (done && *removed) {
		routes_remove(state->routes, deployment->id, deployment->name);
		atomic_store(&state->has_garbage, true);
	}
	pthread_mutex_unlock(&state->change);
	return done;
}
