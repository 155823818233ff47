/*
 * control_deployments.c: the rows of control.def about deployments and what becomes of them.
 */
#include <stdio.h>
#include <string.h>

#include "base/version.h"
#include "platform/activate.h"
#include "platform/build.h"
#include "platform/control.h"
#include "platform/db.h"
#include "platform/state.h"

void control_health(struct control_call *call)
{
	control_answer(call, json_pack("{s:s, s:s}", "status", "ok", "version", SV_VERSION));
}

/* ---- as JSON ---- */

/* Its current version; without one, its newest. */
static bool deployment_version(struct control_call *call, const struct deployment *deployment,
		struct version *version, struct sv_error *error)
{
	bool found;
	int64_t number = deployment->current;
	if (!number)
		TRY(db_value(call->state->db, error, &number, 0,
				"SELECT max(number) FROM version WHERE deployment = ?", "i",
				deployment->id));
	return version_find(call->state->db, deployment->id, number, version, &found, error) &&
			(found || sv_fail(error, SV_ERROR_INTERNAL, "a deployment has no version"));
}

/* What is served decides; what was never served is being built, or has failed. */
static const char *deployment_state(const struct deployment *deployment,
		const struct version *version)
{
	if (deployment->current)
		return "live";
	return version->state == VERSION_FAILED ? "failed" : "building";
}

static json_t *deployment_json(struct control_call *call, const struct deployment *deployment,
		struct sv_error *error)
{
	char url[320], http_url[320];
	struct version version;
	if (!deployment_version(call, deployment, &version, error))
		return NULL;
	control_url(call->state, deployment->name, true, url, sizeof url);
	control_url(call->state, deployment->name, false, http_url, sizeof http_url);
	return json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:o, s:o, s:o}", "name", deployment->name,
			"url", url[0] ? url : http_url, "http_url", http_url, "version",
			(json_int_t)deployment->current, "state",
			deployment_state(deployment, &version), "tier", tier_name(version.tier),
			"created", control_time(deployment->created), "updated",
			control_time(deployment->updated), "expires",
			control_time(deployment->expires));
}

/* Rows of an array, one after the other; what fails is in `error`. */
struct listing {
	struct control_call *call;
	json_t *array;
	int64_t current;
	struct sv_error error;
};

static bool list_deployment(void *data, const struct deployment *deployment)
{
	struct listing *listing = data;
	json_t *item = deployment_json(listing->call, deployment, &listing->error);
	return item && json_array_append_new(listing->array, item) == 0;
}

static bool list_version(void *data, const struct version *version)
{
	struct listing *listing = data;
	char signer[SIGNER_SIZE];
	signature_signer(version->signature, signer);
	json_t *item = json_pack("{s:I, s:s, s:s, s:o, s:s, s:s, s:I, s:I, s:s, s:s, s:s, s:b}",
			"version", (json_int_t)version->number, "state",
			version_state_name(version->state), "tier", tier_name(version->tier),
			"created", control_time(version->created), "module", version->module,
			"language", version->language, "size", (json_int_t)version->size,
			"assets_size", (json_int_t)version->assets_size, "file", version->file,
			"signer", signer, "message", version->message, "current",
			version->number == listing->current);
	return item && json_array_append_new(listing->array, item) == 0;
}

void control_list(struct control_call *call)
{
	struct listing listing = {.call = call, .array = json_array(), .error = SV_ERROR_INIT};
	pthread_mutex_lock(&call->state->change); /* as in control_deployment */
	bool done = deployments_each(call->state->db, call->account.tenant, list_deployment,
			&listing, &listing.error);
	pthread_mutex_unlock(&call->state->change);
	if (!done || listing.error.code != SV_ERROR_NONE) {
		json_decref(listing.array);
		control_fail_error(call, &listing.error);
		return;
	}
	control_answer(call, json_pack("{s:o}", "deployments", listing.array));
}

/* All of a deployment as it is at one instant; NULL: the call is answered. */
static json_t *show_json(struct control_call *call)
{
	struct deployment deployment;
	struct listing listing = {.call = call, .error = SV_ERROR_INIT};
	if (!control_deployment_now(call, &deployment))
		return NULL;
	listing.current = deployment.current;
	json_t *answer = deployment_json(call, &deployment, &listing.error);
	listing.array = json_array();
	bool done = answer &&
			versions_each(call->state->db, deployment.id, list_version, &listing,
					&listing.error) &&
			control_settings_add(call, deployment.id, answer, &listing.error) &&
			control_hosts_add(call, deployment.id, answer, &listing.error) &&
			control_caps_add(call, deployment.id, answer, &listing.error);
	json_object_set_new(answer, "versions", listing.array);
	if (done)
		return answer;
	json_decref(answer);
	control_fail_error(call, &listing.error);
	return NULL;
}

void control_show(struct control_call *call)
{
	pthread_mutex_lock(&call->state->change); /* as in control_deployment */
	json_t *answer = show_json(call);
	pthread_mutex_unlock(&call->state->change);
	if (answer)
		control_answer(call, answer);
}

/* ---- builds ---- */

/* Behind a change that is under way: who is told that it is done must find it served. */
static bool build_get(struct control_call *call, struct version *version,
		struct deployment *deployment, bool *found, struct sv_error *error)
{
	struct db *db = call->state->db;
	pthread_mutex_lock(&call->state->change);
	bool done = version_get(db, call->id, version, found, error) &&
			(!*found ||
					deployment_get(db, version->deployment, deployment, found,
							error));
	pthread_mutex_unlock(&call->state->change);
	return done;
}

void control_build(struct control_call *call)
{
	struct sv_error error = SV_ERROR_INIT;
	struct version version;
	struct deployment deployment;
	bool found;
	char url[320], http_url[320], id[ID_SIZE];
	if (!control_id(call, ID_BUILD, "build"))
		return;
	if (!build_get(call, &version, &deployment, &found, &error)) {
		control_fail_error(call, &error);
		return;
	}
	if (!found || deployment.tenant != call->account.tenant) {
		control_fail(call, 404, "not_found", "there is no build %s", call->name);
		return;
	}
	control_url(call->state, deployment.name, true, url, sizeof url);
	control_url(call->state, deployment.name, false, http_url, sizeof http_url);
	id_show(&call->state->key, ID_BUILD, version.id, id);
	control_answer(call,
			json_pack("{s:s, s:s, s:I, s:s, s:s, s:b, s:b, s:s, s:s, s:s, s:b}", "id",
					id, "name", deployment.name, "version",
					(json_int_t)version.number, "status",
					version_state_name(version.state), "message",
					version.message, "done",
					version.state >= VERSION_FIRST_FINAL, "success",
					version.state != VERSION_FAILED, "url",
					url[0] ? url : http_url, "http_url", http_url, "tier",
					tier_name(version.tier), "current",
					version.number == deployment.current));
}

/* ---- going back, going away ---- */

void control_rollback(struct control_call *call)
{
	struct sv_error error = SV_ERROR_INIT;
	struct deployment deployment;
	struct version version;
	bool found;
	int64_t number;
	if (!control_deployment(call, &deployment) ||
			!control_number(call, "version", 0, 1, INT64_MAX, &number))
		return;
	bool done = number ? version_find(call->state->db, deployment.id, number, &version, &found,
					     &error)
			   : version_before(call->state->db, deployment.id, deployment.current,
					     &version, &found, &error);
	if (!done) {
		control_fail_error(call, &error);
		return;
	}
	if (!found || version.state != VERSION_READY) {
		control_fail(call, 409, "no_version",
				number ? "that version is not there, or was never live"
				       : "there is no version before this one");
		return;
	}
	if (!activate_version(call->state, &deployment, &version, 0, &error)) {
		control_fail_error(call, &error);
		return;
	}
	build_wake(call->state->build);
	control_answer(call, json_pack("{s:I}", "version", (json_int_t)version.number));
}

void control_remove(struct control_call *call)
{
	bool removed;
	struct sv_error error = SV_ERROR_INIT;
	struct deployment deployment;
	if (!control_deployment(call, &deployment))
		return;
	if (!activate_removal(call->state, &deployment, 0, &removed, &error))
		control_fail_error(call, &error);
	else
		control_answer(call, json_object());
}
