/*
 * control_hosts.c: the row of control.def about host names of a deployment's own.
 */
#include <stdio.h>
#include <string.h>

#include "platform/control.h"
#include "platform/db.h"
#include "platform/hosts.h"
#include "platform/proof.h"
#include "platform/routes.h"
#include "platform/state.h"

static bool hosts_visit(void *data, int64_t deployment, const char *host)
{
	(void)deployment;
	return json_array_append_new(data, json_string(host)) == 0;
}

bool control_hosts_add(struct control_call *call, int64_t deployment, json_t *answer,
		struct sv_error *error)
{
	json_t *hosts = json_array();
	bool done = hosts_each(call->state->db, deployment, hosts_visit, hosts, error);
	json_object_set_new(answer, "hosts", hosts);
	return done;
}

/* ---- names outside of the domain ---- */

/*
 * Whoever has such a name gets the requests of those whose name it is. That they agree the
 * operator knows, who gives such names to others, or the DNS.
 */
static bool host_is_free(struct control_call *call, const struct deployment *deployment,
		const char *host, bool *is_free, struct sv_error *error)
{
	int64_t count = 0;
	*is_free = is_of_operator(call) || dns_name_is_within(host, call->state->domain);
	if (*is_free)
		return true;
	TRY(db_value(call->state->db, error, &count, 0,
			"SELECT count(*) FROM host WHERE name = ? AND deployment = ?", "si", host,
			deployment->id));
	*is_free = count > 0;
	return true;
}

/* The one name of the body that needs a proof, in `host`; "" if there is none. */
static bool host_to_prove(struct control_call *call, const struct deployment *deployment,
		char host[static DNS_NAME_MOST + 1], struct sv_error *error)
{
	const char *text;
	json_t *value;
	char name[DNS_NAME_MOST + 1];
	host[0] = '\0';
	json_object_foreach(call->body, text, value)
	{
		bool is_free = true;
		TRY(host_read(text, deployment->name, call->state->domain, name, error));
		if (json_is_true(value))
			TRY(host_is_free(call, deployment, name, &is_free, error));
		if (is_free)
			continue;
		if (host[0])
			return control_fail(call, 403, "forbidden",
					"%s and %s are not in %s: such names are proved one at a "
					"time",
					host, name, call->state->domain);
		snprintf(host, DNS_NAME_MOST + 1, "%s", name);
	}
	return true;
}

/* True if there is nothing to prove, or it is proved; else the answer is set, or the call waits. */
static bool host_is_proved(struct control_call *call, const struct deployment *deployment,
		char host[static DNS_NAME_MOST + 1], struct sv_error *error)
{
	char text[PROOF_SIZE];
	struct platform_state *state = call->state;
	TRY(host_to_prove(call, deployment, host, error));
	if (!host[0])
		return true;
	proof_text(&state->key, deployment->tenant, host, text);
	switch (proof_look(state->proofs, deployment->tenant, host, text, error)) {
	case PROOF_FOUND:
		return true;
	case PROOF_WAITS:
		if (atomic_load(&state->is_stopping))
			return control_fail(call, 503, "stopping", "this server is stopping");
		call->waits = true;
		return false;
	case PROOF_FAILED:
		return false;
	case PROOF_MISSING:
		break;
	}
	return control_fail(call, 403, "forbidden",
			"%s is not in %s, and nothing shows that it is yours: put the text \"%s\" "
			"into a TXT record of " PROOF_LABEL ".%s and try again, or ask the "
			"operator, an admin of the tenant default",
			host, state->domain, text, host);
}

/* ---- changes ---- */

/* One member of the body: true for a name to have, null for one to give up. */
static bool host_change(struct control_call *call, const struct deployment *deployment,
		const char *text, const json_t *value, const char *proved, struct sv_error *error)
{
	char host[DNS_NAME_MOST + 1];
	bool is_taken = false, is_free = false;
	struct platform_state *state = call->state;
	TRY(host_read(text, deployment->name, state->domain, host, error));
	if (json_is_null(value))
		return host_remove(state->db, deployment->id, host, error);
	if (!json_is_true(value))
		return sv_fail(error, SV_ERROR_USAGE, "\"%s\" is neither true nor null", host);
	TRY(host_is_free(call, deployment, host, &is_free, error));
	if (!is_free && strcmp(host, proved) != 0) /* it was this one's a moment ago */
		return control_fail(call, 409, "conflict", "%s has just been taken away", host);
	TRY(host_add(state->db, deployment->id, host, &is_taken, error));
	return !is_taken || control_fail(call, 409, "taken", "the host name %s is taken", host);
}

/* In one transaction. */
static bool hosts_change(struct control_call *call, const struct deployment *deployment,
		const char *proved, struct sv_error *error)
{
	const char *text;
	json_t *value;
	json_object_foreach(call->body, text, value)
			TRY(host_change(call, deployment, text, value, proved, error));
	return control_quota(call, QUOTA_hosts, deployment->tenant, 0);
}

/* The rows are there; now the routes, which are a copy of them. */
static bool hosts_route(struct control_call *call, const struct deployment *deployment,
		struct sv_error *error)
{
	char host[DNS_NAME_MOST + 1];
	const char *text;
	json_t *value;
	struct routes *routes = call->state->routes;
	struct route *route = routes_make(routes, deployment->id, deployment->name, error);
	bool done = route != NULL;
	json_object_foreach(call->body, text, value)
	{
		if (!done || !host_read(text, deployment->name, call->state->domain, host, error))
			break;
		if (json_is_null(value))
			routes_drop_alias(routes, host, deployment->id);
		else
			done = routes_add_alias(routes, host, route, error);
	}
	route_release(route);
	return done;
}

/* Under the lock of changes: rows and routes go together. */
static bool hosts_commit(struct control_call *call, const struct deployment *deployment,
		const char *proved, struct sv_error *error)
{
	struct db *db = call->state->db;
	TRY(db_begin(db, error));
	bool done = hosts_change(call, deployment, proved, error);
	return db_end(db, done, error) && done && hosts_route(call, deployment, error);
}

/* The operator's may be anybody's. */
static bool hosts_deployment(struct control_call *call, struct deployment *deployment)
{
	struct sv_error error = SV_ERROR_INIT;
	int64_t owner;
	if (!is_operator(call))
		return control_deployment(call, deployment);
	bool found = false;
	if (!db_value(call->state->db, &error, &owner, 0,
			    "SELECT tenant FROM deployment WHERE name = ?", "s", call->name) ||
			(owner && !deployment_find(call->state->db, owner, call->name, deployment,
						  &found, &error)))
		return control_fail_error(call, &error);
	return found ||
			control_fail(call, 404, "not_found", "there is no deployment \"%s\"",
					call->name);
}

void control_hosts(struct control_call *call)
{
	struct sv_error error = SV_ERROR_INIT;
	struct deployment deployment;
	char proved[DNS_NAME_MOST + 1];
	if (!hosts_deployment(call, &deployment))
		return;
	if (!host_is_proved(call, &deployment, proved, &error)) {
		if (!call->answer && !call->waits)
			control_fail_error(call, &error);
		return;
	}
	json_t *answer = json_object();
	pthread_mutex_lock(&call->state->change);
	bool done = hosts_commit(call, &deployment, proved, &error);
	pthread_mutex_unlock(&call->state->change);
	done = done && control_hosts_add(call, deployment.id, answer, &error);
	if (done) {
		control_answer(call, answer);
		return;
	}
	json_decref(answer);
	if (!call->answer)
		control_fail_error(call, &error);
}
