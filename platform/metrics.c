/*
 * metrics.c: see metrics.h. Prometheus wants all lines of one name together, so the deployments are
 * walked once a name.
 */
#include "platform/metrics.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>


#include "platform/deployments.h"
#include "platform/gate.h"
#include "platform/live.h"
#include "platform/routes.h"
#include "platform/state.h"
#include "server/loop.h"

static const char *const ending_names[] = {
#define HOST_ENDING(name, status, meaning) #name,
#include "host/endings.def"
#undef HOST_ENDING
};

static const char *const trap_names[METRICS_TRAPS] = {
#define SV_TRAP_KIND(number, name, text) [number] = #name,
#include "abi/traps.def"
#undef SV_TRAP_KIND
};

static unsigned bucket_of(uint64_t micros)
{
	unsigned bucket = 0;
	while (bucket < METRICS_BUCKETS && micros > UINT64_C(100) << bucket)
		bucket++;
	return bucket;
}

void metrics_request(struct metrics *metrics, const struct host_outcome *outcome, int status,
		uint64_t micros)
{
	check(outcome->trap < METRICS_TRAPS);
	metrics_add(&metrics->classes[status >= 100 && status < 600 ? status / 100 : 0], 1);
	metrics_add(&metrics->endings[outcome->ending], 1);
	if (outcome->trap)
		metrics_add(&metrics->traps[outcome->trap], 1);
	metrics_add(&metrics->buckets[bucket_of(micros)], 1);
	metrics_add(&metrics->micros, micros);
}

double metrics_bound(unsigned bucket)
{
	return 0.0001 * (1u << bucket);
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

/* Kinds that have not come up are left out. */
static bool view_traps(struct metrics_view *view, struct sv_error *error)
{
	TRY(view_head(view, "selvage_traps_total", "Requests whose guest trapped, by kind",
			"counter", error));
	for (size_t i = 0; i < view->count; i++) {
		const struct metrics *metrics = route_metrics(view->routes[i]);
		for (unsigned kind = 1; kind < METRICS_TRAPS; kind++) {
			if (metrics->traps[kind])
				TRY(buffer_printf(view->text, error,
						"selvage_traps_total{deployment=\"%s\",kind=\"%s\"}"
						" %" PRIu64 "\n",
						route_name(view->routes[i]), trap_names[kind],
						metrics->traps[kind]));
		}
	}
	return true;
}

/* What there is of each now. */
struct gauge {
	const char *name, *help;
	uint64_t (*read)(struct route *route, const struct live_gauges *live);
};

static uint64_t gauge_in_flight(struct route *route, const struct live_gauges *live)
{
	(void)live;
	return atomic_load(&route_gate(route)->inside);
}

static uint64_t gauge_outbound(struct route *route, const struct live_gauges *live)
{
	(void)live;
	return atomic_load(&route_gate(route)->outbound);
}

static uint64_t gauge_slots(struct route *route, const struct live_gauges *live)
{
	(void)route;
	return live->slots;
}

static uint64_t gauge_used(struct route *route, const struct live_gauges *live)
{
	(void)route;
	return live->used;
}

static uint64_t gauge_memory(struct route *route, const struct live_gauges *live)
{
	(void)route;
	return live->memory;
}

static const struct gauge gauges[] = {
		{"selvage_requests_in_flight", "Requests being answered", gauge_in_flight},
		{"selvage_outbound_in_flight", "Requests of guests to elsewhere", gauge_outbound},
		{"selvage_slots", "Instances that are ready or in use", gauge_slots},
		{"selvage_slots_in_use", "Instances in use", gauge_used},
		{"selvage_memory_bytes",
				"What is mapped of a version, and what its instances keep between "
				"requests",
				gauge_memory},
};

static bool view_gauges(struct metrics_view *view, struct sv_error *error)
{
	for (size_t k = 0; k < ARRAY_LENGTH(gauges); k++) {
		const struct gauge *gauge = &gauges[k];
		TRY(view_head(view, gauge->name, gauge->help, "gauge", error));
		for (size_t i = 0; i < view->count; i++) {
			struct live_gauges live;
			route_look(view->routes[i], &live);
			TRY(buffer_printf(view->text, error,
					"%s{deployment=\"%s\"} %" PRIu64 "\n", gauge->name,
					route_name(view->routes[i]),
					gauge->read(view->routes[i], &live)));
		}
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
				route_name(route), metrics_bound(i), count));
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
	TRY(view_traps(view, error));
	TRY(view_head(view, "selvage_request_seconds", "From a request's first byte to its answer",
			"histogram", error));
	for (size_t i = 0; i < view->count; i++)
		TRY(view_latency(view, view->routes[i], error));
	TRY(view_plain(view, error));
	TRY(view_gauges(view, error));
	TRY(view_tiers(view, error));
	TRY(view_head(view, "selvage_deployments", "Deployments", "gauge", error));
	TRY(buffer_printf(view->text, error, "selvage_deployments %zu\n", view->count));
	TRY(view_head(view, "selvage_deployments_fast",
			"Deployments whose release tier is still to come, or failed", "gauge",
			error));
	return buffer_printf(view->text, error, "selvage_deployments_fast %" PRId64 "\n", fast);
}

/* The deployments of a tenant, of all if it is 0. */
static bool view_collect(struct metrics_view *view, int64_t tenant, struct sv_error *error)
{
	if (!deployments_each(view->state->db, tenant, view_add, view, error))
		return false;
	return !view->is_short || sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for metrics");
}

bool metrics_text(struct platform_state *state, int64_t tenant, struct buffer *text,
		struct sv_error *error)
{
	struct metrics_view view = {.state = state, .text = text};
	int64_t fast;
	TRY(deployments_fast(state->db, tenant, &fast, error));
	bool done = view_collect(&view, tenant, error) && view_write(&view, fast, error);
	view_finish(&view);
	return done;
}

/* ---- JSON ---- */

static json_t *route_json(struct route *route)
{
	struct live_gauges live;
	const struct metrics *metrics = route_metrics(route);
	json_t *latencies = json_array();
	uint64_t requests = 0;
	route_look(route, &live);
	for (unsigned i = 0; i <= METRICS_BUCKETS; i++) {
		requests += metrics->buckets[i];
		json_array_append_new(latencies, json_integer((json_int_t)metrics->buckets[i]));
	}
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "name",
			route_name(route), "requests", (json_int_t)requests, "client_errors",
			(json_int_t)metrics->classes[4], "server_errors",
			(json_int_t)metrics->classes[5], "traps",
			(json_int_t)metrics->endings[HOST_TRAPPED], "limited",
			(json_int_t)metrics->limited, "loads", (json_int_t)metrics->loads,
			"in_flight", (json_int_t)atomic_load(&route_gate(route)->inside), "slots",
			(json_int_t)live.slots, "slots_in_use", (json_int_t)live.used, "memory",
			(json_int_t)live.memory, "latencies", latencies);
}

json_t *metrics_json(struct platform_state *state, int64_t tenant, struct sv_error *error)
{
	struct metrics_view view = {.state = state};
	json_t *bounds = json_array(), *rows = json_array();
	bool done = view_collect(&view, tenant, error);
	for (unsigned i = 0; i < METRICS_BUCKETS; i++)
		json_array_append_new(bounds, json_real(metrics_bound(i)));
	for (size_t i = 0; done && i < view.count; i++)
		done = json_array_append_new(rows, route_json(view.routes[i])) == 0 ||
				sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for metrics");
	view_finish(&view);
	json_t *made = json_pack("{s:f, s:o, s:o}", "time", (double)clock_now() / 1e9, "bounds",
			bounds, "deployments", rows);
	if (done && made)
		return made;
	json_decref(made);
	sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for metrics");
	return NULL;
}
