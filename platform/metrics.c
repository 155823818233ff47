/*
 * metrics.c: see metrics.h. Prometheus wants all lines of one name together, so the deployments are
 * walked once a name.
 */
#include "platform/metrics.h"

#include <inttypes.h>
#include <stdlib.h>

#include "platform/deployments.h"
#include "platform/routes.h"
#include "platform/state.h"

static const char *const ending_names[] = {
#define HOST_ENDING(name, status, meaning) #name,
#include "host/endings.def"
#undef HOST_ENDING
};

static unsigned bucket_of(uint64_t micros)
{
	unsigned bucket = 0;
	while (bucket < METRICS_BUCKETS && micros > UINT64_C(100) << bucket)
		bucket++;
	return bucket;
}

void metrics_request(struct metrics *metrics, enum host_ending ending, int status, uint64_t micros)
{
	metrics_add(&metrics->classes[status >= 100 && status < 600 ? status / 100 : 0], 1);
	metrics_add(&metrics->endings[ending], 1);
	metrics_add(&metrics->buckets[bucket_of(micros)], 1);
	metrics_add(&metrics->micros, micros);
}

/* ---- the text ---- */

/* The deployments that are told of: their routes, counted. */
struct metrics_view {
	struct platform_state *state;
	struct route **routes; /* owned */
	size_t count, room;
	struct buffer *text;
	bool is_short; /* of memory */
};

static bool view_add(void *data, const struct deployment *deployment)
{
	struct metrics_view *view = data;
	struct route *route = routes_named(view->state->routes, deployment->id, deployment->name);
	if (!route)
		return true; /* being made or removed */
	if (view->count == view->room) {
		size_t room = view->room ? view->room * 2 : 64;
		struct route **routes = realloc(view->routes, room * sizeof(struct route *));
		if (!routes) {
			route_release(route);
			view->is_short = true;
			return false;
		}
		view->routes = routes;
		view->room = room;
	}
	view->routes[view->count++] = route;
	return true;
}

static void view_finish(struct metrics_view *view)
{
	for (size_t i = 0; i < view->count; i++)
		route_release(view->routes[i]);
	free(view->routes);
}

static bool view_head(struct metrics_view *view, const char *name, const char *help,
		const char *type, struct sv_error *error)
{
	return buffer_printf(view->text, error, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
			type);
}

static bool view_requests(struct metrics_view *view, struct sv_error *error)
{
	TRY(view_head(view, "selvage_requests_total", "Requests by the class of their status",
			"counter", error));
	for (size_t i = 0; i < view->count; i++) {
		for (unsigned class = 1; class < 6; class++)
			TRY(buffer_printf(view->text, error,
					"selvage_requests_total{deployment=\"%s\",class=\"%uxx\"} "
					"%" PRIu64 "\n",
					route_name(view->routes[i]), class,
					route_metrics(view->routes[i])->classes[class]));
	}
	TRY(view_head(view, "selvage_endings_total", "Requests by how their guest ended", "counter",
			error));
	for (size_t i = 0; i < view->count; i++) {
		for (unsigned ending = 0; ending < METRICS_ENDINGS; ending++)
			TRY(buffer_printf(view->text, error,
					"selvage_endings_total{deployment=\"%s\",ending=\"%s\"} "
					"%" PRIu64 "\n",
					route_name(view->routes[i]), ending_names[ending],
					route_metrics(view->routes[i])->endings[ending]));
	}
	return true;
}

/* One deployment's histogram; its buckets count all below them. */
static bool view_latency(struct metrics_view *view, struct route *route, struct sv_error *error)
{
	static const char name[] = "selvage_request_seconds";
	struct metrics *metrics = route_metrics(route);
	uint64_t count = 0;
	for (unsigned i = 0; i < METRICS_BUCKETS; i++) {
		count += metrics->buckets[i];
		TRY(buffer_printf(view->text, error,
				"%s_bucket{deployment=\"%s\",le=\"%g\"} %" PRIu64 "\n", name,
				route_name(route), 0.0001 * (1u << i), count));
	}
	count += metrics->buckets[METRICS_BUCKETS];
	return buffer_printf(view->text, error,
			"%s_bucket{deployment=\"%s\",le=\"+Inf\"} %" PRIu64 "\n"
			"%s_sum{deployment=\"%s\"} %g\n%s_count{deployment=\"%s\"} %" PRIu64 "\n",
			name, route_name(route), count, name, route_name(route),
			(double)metrics->micros / 1e6, name, route_name(route), count);
}

static bool view_plain(struct metrics_view *view, struct sv_error *error)
{
#define METRIC(field, name, help) \
	TRY(view_head(view, name, help, "counter", error)); \
	for (size_t i = 0; i < view->count; i++) \
		TRY(buffer_printf(view->text, error, name "{deployment=\"%s\"} %" PRIu64 "\n", \
				route_name(view->routes[i]), \
				route_metrics(view->routes[i])->field));
#define TIER_METRIC(field, name, help)
#include "platform/metrics.def"
#undef METRIC
#undef TIER_METRIC
	return true;
}

static bool view_tiers(struct metrics_view *view, struct sv_error *error)
{
#define METRIC(field, name, help)
#define TIER_METRIC(field, name, help) \
	TRY(view_head(view, name, help, "counter", error)); \
	for (size_t i = 0; i < view->count; i++) { \
		for (enum tier tier = TIER_FAST; tier <= TIER_RELEASE; tier++) \
			TRY(buffer_printf(view->text, error, \
					name "{deployment=\"%s\",tier=\"%s\"} %" PRIu64 "\n", \
					route_name(view->routes[i]), tier_name(tier), \
					route_metrics(view->routes[i])->field[tier])); \
	}
#include "platform/metrics.def"
#undef METRIC
#undef TIER_METRIC
	return true;
}

/* `fast`: deployments that are served from the fast tier. */
static bool view_write(struct metrics_view *view, int64_t fast, struct sv_error *error)
{
	TRY(view_requests(view, error));
	TRY(view_head(view, "selvage_request_seconds", "From a request's first byte to its answer",
			"histogram", error));
	for (size_t i = 0; i < view->count; i++)
		TRY(view_latency(view, view->routes[i], error));
	TRY(view_plain(view, error));
	TRY(view_tiers(view, error));
	TRY(view_head(view, "selvage_deployments", "Deployments", "gauge", error));
	TRY(buffer_printf(view->text, error, "selvage_deployments %zu\n", view->count));
	TRY(view_head(view, "selvage_deployments_fast",
			"Deployments whose release tier is still to come, or failed", "gauge",
			error));
	return buffer_printf(view->text, error, "selvage_deployments_fast %" PRId64 "\n", fast);
}

bool metrics_text(struct platform_state *state, int64_t tenant, struct buffer *text,
		struct sv_error *error)
{
	struct metrics_view view = {.state = state, .text = text};
	int64_t fast;
	TRY(deployments_fast(state->db, tenant, &fast, error));
	bool done = deployments_each(state->db, tenant, view_add, &view, error);
	if (done && view.is_short)
		done = sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for metrics");
	done = done && view_write(&view, fast, error);
	view_finish(&view);
	return done;
}
