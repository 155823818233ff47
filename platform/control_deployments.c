/*
 * control_deployments.c: the rows of control.def about deployments and what becomes of them.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/version.h"
#include "platform/activate.h"
#include "platform/build.h"
#include "platform/control.h"
#include "platform/db.h"
#include "platform/names.h"
#include "platform/settings.h"
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
	json_t *item = json_pack("{s:I, s:s, s:s, s:o, s:s, s:I, s:s, s:s, s:b}", "version",
			(json_int_t)version->number, "state", version_state_name(version->state),
			"tier", tier_name(version->tier), "created", control_time(version->created),
			"module", version->module, "size", (json_int_t)version->size, "file",
			version->file, "message", version->message, "current",
			version->number == listing->current);
	return item && json_array_append_new(listing->array, item) == 0;
}

void control_list(struct control_call *call)
{
	struct listing listing = {.call = call, .array = json_array(), .error = SV_ERROR_INIT};
	if (!deployments_each(call->state->db, call->account.tenant, list_deployment, &listing,
			    &listing.error) ||
			listing.error.code != SV_ERROR_NONE) {
		json_decref(listing.array);
		control_fail_error(call, &listing.error);
		return;
	}
	control_answer(call, json_pack("{s:o}", "deployments", listing.array));
}

static bool list_setting(void *data, const char *name, bool is_secret, const char *value)
{
	json_t *settings = data;
	if (is_secret)
		return json_array_append_new(json_object_get(settings, "secrets"),
				       json_string(name)) == 0;
	return json_object_set_new(json_object_get(settings, "env"), name, json_string(value)) == 0;
}

void control_show(struct control_call *call)
{
	struct deployment deployment;
	struct listing listing = {.call = call, .error = SV_ERROR_INIT};
	if (!control_deployment(call, &deployment))
		return;
	listing.current = deployment.current;
	json_t *answer = deployment_json(call, &deployment, &listing.error);
	listing.array = json_array();
	json_object_set_new(answer, "env", json_object());
	json_object_set_new(answer, "secrets", json_array());
	bool done = answer &&
			versions_each(call->state->db, deployment.id, list_version, &listing,
					&listing.error) &&
			settings_each(call->state->db, deployment.id, list_setting, answer,
					&listing.error);
	json_object_set_new(answer, "versions", listing.array);
	if (done) {
		control_answer(call, answer);
		return;
	}
	json_decref(answer);
	control_fail_error(call, &listing.error);
}

/* ---- deploying ---- */

/* Decode base64 strictly: groups of four, padding at the end only. */
static bool base64_decode(const char *text, size_t length, struct buffer *bytes,
		struct sv_error *error)
{
	size_t padding = 0;
	while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
		padding++;
	if (length == 0 || length % 4 != 0)
		return sv_fail(error, SV_ERROR_USAGE, "\"module\" is not base64");
	TRY(buffer_reserve(bytes, length / 4 * 3, error));
	int count = EVP_DecodeBlock(bytes->data, (const unsigned char *)text, (int)length);
	if (count < 0 || (size_t)count < padding)
		return sv_fail(error, SV_ERROR_USAGE, "\"module\" is not base64");
	bytes->length = (size_t)count - padding;
	return true;
}

/* Keep the module as a blob; its name and size go to `version`. */
static bool deploy_module(struct control_call *call, struct version *version)
{
	struct sv_error error = SV_ERROR_INIT;
	struct buffer module = {.limit = CONTROL_MODULE_MOST + 3};
	json_t *value = json_object_get(call->body, "module");
	if (!json_is_string(value))
		return control_fail(call, 400, "usage",
				"\"module\" is missing: the module in base64");
	bool done = base64_decode(json_string_value(value), json_string_length(value), &module,
			&error);
	if (done && module.length > CONTROL_MODULE_MOST)
		done = sv_fail(&error, SV_ERROR_LIMIT, "the module is larger than %llu bytes",
				(unsigned long long)CONTROL_MODULE_MOST);
	if (done)
		done = blobs_put(&call->state->blobs, buffer_view(&module), version->module,
				&error);
	version->size = (int64_t)module.length;
	buffer_finish(&module);
	/* It may be large, and nobody needs the text again. */
	json_object_del(call->body, "module");
	return done || control_fail_error(call, &error);
}

static bool deploy_settings_of(struct control_call *call, int64_t deployment, const char *member,
		bool is_secret, struct sv_error *error)
{
	const char *name;
	json_t *value, *settings = json_object_get(call->body, member);
	if (settings && !json_is_object(settings))
		return sv_fail(error, SV_ERROR_USAGE, "\"%s\" is not an object", member);
	json_object_foreach(settings, name, value)
	{
		if (!json_is_string(value) && !json_is_null(value))
			return sv_fail(error, SV_ERROR_USAGE, "\"%.128s\" is not a text", name);
		TRY(setting_set(call->state->db, &call->state->key, deployment, name, is_secret,
				json_string_value(value), error));
	}
	return true;
}

/* In one transaction: deployment, settings, version. */
static bool deploy_rows(struct control_call *call, const char *name, int64_t expires,
		struct version *version, bool *is_taken, struct sv_error *error)
{
	struct db *db = call->state->db;
	struct deployment deployment;
	TRY(deployment_make(db, call->account.tenant, name, expires, &deployment, is_taken, error));
	if (*is_taken)
		return false;
	version->deployment = deployment.id;
	return deploy_settings_of(call, deployment.id, "env", false, error) &&
			deploy_settings_of(call, deployment.id, "secrets", true, error) &&
			version_add(db, version, error);
}

static bool deploy_commit(struct control_call *call, const char *name, int64_t expires,
		struct version *version)
{
	struct sv_error error = SV_ERROR_INIT;
	bool is_taken = false;
	if (!db_begin(call->state->db, &error))
		return control_fail_error(call, &error);
	bool done = deploy_rows(call, name, expires, version, &is_taken, &error);
	if (db_end(call->state->db, done, &error) && done)
		return true;
	if (is_taken)
		return control_fail(call, 409, "taken", "the name \"%s\" is taken", name);
	return control_fail_error(call, &error);
}

/* The name of the path, or an invented one. */
static bool deploy_name(struct control_call *call, char name[static 64])
{
	struct sv_error error = SV_ERROR_INIT;
	if (strcmp(call->name, "-") == 0)
		return name_invent(name, &error) || control_fail_error(call, &error);
	if (!name_is_label(call->name))
		return control_fail(call, 400, "usage",
				"\"%s\" is not a name: 1 to 63 of a-z, 0-9 and -, no - at its ends",
				call->name);
	snprintf(name, 64, "%.63s", call->name);
	return true;
}

void control_deploy(struct control_call *call)
{
	struct version version = {0};
	const char *file, *probe;
	char name[64], id[32];
	int64_t ttl;
	if (!deploy_name(call, name) || !control_text(call, "file", "module.wasm", &file) ||
			!control_text(call, "check", "/", &probe) ||
			!control_number(call, "ttl", 0, 1, INT64_C(86400) * 3660, &ttl))
		return;
	if (probe[0] != '/' || strlen(probe) >= sizeof version.probe ||
			strpbrk(probe, " \r\n\t") != NULL) {
		control_fail(call, 400, "usage", "\"check\" is not a path");
		return;
	}
	snprintf(version.file, sizeof version.file, "%s", file);
	snprintf(version.probe, sizeof version.probe, "%s", probe);
	if (!deploy_module(call, &version))
		return;
	if (!deploy_commit(call, name, ttl ? time(NULL) + ttl : 0, &version))
		return;
	build_wake(call->state->build);
	snprintf(id, sizeof id, "%lld", (long long)version.id);
	call->status = 202;
	control_answer(call,
			json_pack("{s:s, s:s, s:I}", "build", id, "name", name, "version",
					(json_int_t)version.number));
}

/* Behind a change that is under way: who is told that it is done must find it served. */
static bool build_get(struct control_call *call, struct version *version, bool *found,
		struct sv_error *error)
{
	pthread_mutex_lock(&call->state->change);
	bool done = version_get(call->state->db, call->id, version, found, error);
	pthread_mutex_unlock(&call->state->change);
	return done;
}

void control_build(struct control_call *call)
{
	struct sv_error error = SV_ERROR_INIT;
	struct version version;
	struct deployment deployment;
	bool found;
	char url[320], http_url[320], id[32];
	if (!build_get(call, &version, &found, &error) ||
			(found &&
					!deployment_get(call->state->db, version.deployment,
							&deployment, &found, &error))) {
		control_fail_error(call, &error);
		return;
	}
	if (!found || deployment.tenant != call->account.tenant) {
		control_fail(call, 404, "not_found", "there is no build %lld", (long long)call->id);
		return;
	}
	control_url(call->state, deployment.name, true, url, sizeof url);
	control_url(call->state, deployment.name, false, http_url, sizeof http_url);
	snprintf(id, sizeof id, "%lld", (long long)version.id);
	control_answer(call,
			json_pack("{s:s, s:s, s:I, s:s, s:s, s:b, s:b, s:s, s:s, s:s}", "id", id,
					"name", deployment.name, "version",
					(json_int_t)version.number, "status",
					version_state_name(version.state), "message",
					version.message, "done",
					version.state >= VERSION_FIRST_FINAL, "success",
					version.state != VERSION_FAILED, "url",
					url[0] ? url : http_url, "http_url", http_url, "tier",
					tier_name(version.tier)));
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
	struct sv_error error = SV_ERROR_INIT;
	struct deployment deployment;
	if (!control_deployment(call, &deployment))
		return;
	if (!activate_removal(call->state, &deployment, &error))
		control_fail_error(call, &error);
	else
		control_answer(call, json_object());
}
