/*
 * router.c: see router.h. A desk here holds the desk of the version that answers, from the first
 * turn of a request until it is cleaned up behind it.
 */
#include "platform/router.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/acme.h"
#include "platform/asset_answer.h"
#include "platform/caps.h"
#include "platform/gate.h"
#include "platform/journal.h"
#include "platform/live.h"
#include "platform/metrics.h"
#include "platform/routes.h"
#include "platform/state.h"
#include "runtime/selvage.h"
#include "server/http1_write.h"
#include "server/loop.h"

struct router_desk {
	struct live *live; /* counted, or NULL: answered without one */
	void *inner;       /* the version's */
	bool is_inside;    /* counted by the gate */
	const char *limit; /* what refused it, in `refusal`; NULL: nothing has */
	struct gate_refusal refusal;
	struct exchange *exchange;
};

static bool router_thread_enter(void *data, struct sv_error *error)
{
	struct platform_state *state = data;
	return sv_thread_enter(state->engine, error);
}

static void router_thread_leave(void *data)
{
	struct platform_state *state = data;
	sv_thread_leave(state->engine);
}

static void *router_desk_new(void *data, struct sv_error *error)
{
	(void)data;
	struct router_desk *desk = calloc(1, sizeof *desk);
	if (!desk)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a request");
	return desk;
}

static void router_desk_free(void *data, void *desk)
{
	(void)data;
	free(desk);
}

/* ---- answers of our own ---- */

static enum handled router_say(struct exchange *exchange, int status, const char *text)
{
	if (!http1_make_text(&exchange->response, status, text, NULL))
		host_outcome_set(&exchange->outcome, HOST_FAILED, "no memory for an answer");
	return HANDLED_ANSWERED;
}

/* Why there is nothing that answers; the reason itself is for the owner's log only. */
static enum handled router_say_failed(struct exchange *exchange, struct route *route,
		const struct sv_error *error)
{
	if (error->code == SV_ERROR_USAGE)
		return router_say(exchange, 503, error->text);
	journal_event(route_journal(route), "cannot be loaded: %s", error->text);
	return router_say(exchange, 503,
			"this deployment cannot be loaded; its owner finds the reason in its log");
}

/* ---- turns ---- */

/* A request is answered: count it and log it, while the exchange is still ours. */
static void router_note(const struct router_desk *desk)
{
	char text[640];
	const struct exchange *exchange = desk->exchange;
	const struct host_request *request = &exchange->request;
	const struct host_outcome *outcome = &exchange->outcome;
	bool has_answered = outcome->ending == HOST_ANSWERED;
	uint64_t micros = (clock_now() - exchange->began) / 1000;
	int status = has_answered ? exchange->response.status : host_ending_status(outcome->ending);
	struct route *route = live_route(desk->live);
	metrics_request(route_metrics(route), outcome, status, micros);
	const char *cause = desk->limit ? desk->limit : has_answered ? "" : outcome->cause;
	int length = snprintf(text, sizeof text, "%s %.*s %.*s %d %" PRIu64 "us%s%.200s",
			request->remote_address,
			(int)(request->method.length < 20 ? request->method.length : 20),
			(const char *)request->method.data,
			(int)(request->target.length < 300 ? request->target.length : 300),
			(const char *)request->target.data, status, micros, cause[0] ? " " : "",
			cause);
	if (length > 0)
		journal_add(route_journal(route), JOURNAL_REQUEST, request->trace_id, text,
				(size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
}

/* Of the two limits of time the one that the deployment has is named. */
static void router_name_timeout(const struct router_desk *desk)
{
	struct host_outcome *outcome = &desk->exchange->outcome;
	uint64_t most = live_caps(desk->live)->timeout;
	if (outcome->ending == HOST_TIMED_OUT && most && strncmp(outcome->cause, "limit ", 6) != 0)
		snprintf(outcome->cause, sizeof outcome->cause,
				"limit timeout: more than %" PRIu64 " ms", most);
}

static void router_leave(struct router_desk *desk)
{
	if (desk->is_inside)
		gate_leave(route_gate(live_route(desk->live)));
	desk->is_inside = false;
}

/*
 * Nobody has heard of the answer yet: who hears of it and asks again is not one more at once. Who
 * is kept has no request any more, and what it does then is nobody's.
 */
static enum handled router_handled(struct router_desk *desk, enum handled handled)
{
	if (!desk->exchange || (handled != HANDLED_ANSWERED && handled != HANDLED_KEPT))
		return handled;
	router_name_timeout(desk);
	router_note(desk);
	router_leave(desk);
	if (handled == HANDLED_KEPT)
		desk->exchange = NULL;
	return handled;
}

/* The host name in lower case, without a dot at its end. */
static void host_normalise(const char *name, char *host, size_t size)
{
	size_t length = 0;
	for (; name[length] && length < size - 1; length++)
		host[length] = (char)tolower((unsigned char)name[length]);
	if (length && host[length - 1] == '.')
		length--;
	host[length] = '\0';
}

/* What is deployed under the host name that the client wants, counted; NULL: nothing. */
static struct route *router_find(const struct platform_state *state, const char *server_name)
{
	char host[256];
	host_normalise(server_name, host, sizeof host);
	return routes_find(state->routes, host);
}

/* Static files come before code. */
static bool router_asset(struct router_desk *desk)
{
	struct exchange *exchange = desk->exchange;
	const struct host_request *request = &exchange->request;
	const struct asset *asset =
			asset_method(request) ? live_asset(desk->live, request->path) : NULL;
	if (!asset)
		return false;
	if (!asset_answer(asset, request, &exchange->response, desk->live))
		host_outcome_set(&exchange->outcome, HOST_FAILED, "no memory for a static file");
	return true;
}

/* A request that the deployment's limits keep out, answered. */
static enum handled router_refuse(struct router_desk *desk)
{
	char seconds[16];
	struct host_response *response = &desk->exchange->response;
	desk->limit = desk->refusal.text;
	metrics_add(&route_metrics(live_route(desk->live))->limited, 1);
	router_say(desk->exchange, desk->refusal.status, desk->refusal.text);
	snprintf(seconds, sizeof seconds, "%u", desk->refusal.retry);
	if (desk->refusal.retry &&
			!host_response_add(response, host_text("Retry-After"), host_text(seconds),
					NULL))
		host_outcome_set(&desk->exchange->outcome, HOST_FAILED, "no memory for an answer");
	return router_handled(desk, HANDLED_ANSWERED);
}

/* False with the answer's refusal; else with the deployment's own time for it. */
static bool router_enter(struct router_desk *desk, struct route *route)
{
	const struct caps *caps = live_caps(desk->live);
	struct exchange *exchange = desk->exchange;
	exchange->stream.pack.own_from = caps->compress_from;
	desk->is_inside = gate_enter(route_gate(route), caps, exchange->request.body.length,
			clock_now(), &desk->refusal);
	uint64_t deadline = exchange->began + caps->timeout * UINT64_C(1000000);
	if (caps->timeout && deadline < exchange->deadline)
		exchange->deadline = deadline;
	return desk->is_inside;
}

static enum handled router_begin_at(struct router_desk *desk, struct route *route, uint64_t *wake)
{
	struct sv_error error = SV_ERROR_INIT;
	desk->live = route_live(route, &error);
	if (!desk->live)
		return router_say_failed(desk->exchange, route, &error);
	if (!router_enter(desk, route))
		return router_refuse(desk);
	if (router_asset(desk))
		return router_handled(desk, HANDLED_ANSWERED);
	if (desk->exchange->request.path.length == 9 &&
			memcmp(desk->exchange->request.path.data, "/__health", 9) == 0)
		return router_say(desk->exchange, 200, "this deployment is up");
	desk->inner = live_desk_take(desk->live, &error);
	if (!desk->inner)
		return router_say_failed(desk->exchange, route, &error);
	const struct handler *handler = live_handler(desk->live);
	return router_handled(desk,
			handler->begin(handler->data, desk->inner, desk->exchange, wake));
}

/* For names that nothing is deployed under, too: they may be on their way here. */
static bool router_challenge(const struct platform_state *state, struct exchange *exchange)
{
	struct host_response *response = &exchange->response;
	if (!state->acme_folder[0] || !asset_method(&exchange->request))
		return false;
	host_response_reset(response);
	return acme_challenge(state->acme_folder, exchange->request.path, &response->body) &&
			host_response_add(response, host_text("Content-Type"),
					host_text("application/octet-stream"), NULL);
}

static enum handled router_begin(void *data, void *own, struct exchange *exchange, uint64_t *wake)
{
	struct platform_state *state = data;
	struct router_desk *desk = own;
	*desk = (struct router_desk){.exchange = exchange};
	if (router_challenge(state, exchange))
		return HANDLED_ANSWERED;
	struct route *route = router_find(state, exchange->server_name);
	if (!route)
		return router_say(exchange, 404, "nothing is deployed under this host name");
	enum handled handled = router_begin_at(desk, route, wake);
	if (handled == HANDLED_ANSWERED)
		router_leave(desk); /* answers of our own too */
	route_release(route);
	return handled;
}

static enum handled router_go_on(void *data, void *own, uint64_t *wake)
{
	(void)data;
	struct router_desk *desk = own;
	const struct handler *handler = live_handler(desk->live);
	return router_handled(desk, handler->go_on(handler->data, desk->inner, wake));
}

static void router_recycle(void *data, void *own)
{
	(void)data;
	struct router_desk *desk = own;
	if (desk->inner) {
		const struct handler *handler = live_handler(desk->live);
		handler->recycle(handler->data, desk->inner);
		live_desk_give(desk->live, desk->inner);
	}
	router_leave(desk);
	live_release(desk->live);
	*desk = (struct router_desk){0};
}

static bool router_takes_intake(void *data, const struct host_request *request)
{
	struct route *route = router_find(data, request->server_name);
	bool takes = route && route_takes_intake(route);
	route_release(route);
	return takes;
}

/* What has to be loaded first, or comes from a file, is for the workers. */
static bool router_is_quick(void *data, const struct host_request *request)
{
	const struct platform_state *state = data;
	if (state->acme_folder[0] && acme_is_challenge(request->path))
		return false;
	struct route *route = router_find(state, request->server_name);
	bool is_quick = route && route_is_quick(route);
	route_release(route);
	return is_quick;
}

void router_init(struct handler *handler, struct platform_state *state)
{
	*handler = (struct handler){state, router_thread_enter, router_thread_leave,
			router_desk_new, router_desk_free, router_begin, router_go_on,
			router_recycle, NULL, router_takes_intake, router_is_quick};
}
