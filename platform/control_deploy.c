/*
 * control_deploy.c: the row of control.def that takes a module, and what Terrarium's has in common
 * with it.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "platform/base64.h"
#include "platform/build.h"
#include "platform/control.h"
#include "platform/db.h"
#include "platform/names.h"
#include "platform/settings.h"
#include "platform/state.h"

/* The module out of the body. */
static bool deploy_module(struct control_call *call, struct buffer *module)
{
	struct sv_error error = SV_ERROR_INIT;
	json_t *value = json_object_get(call->body, "module");
	if (!json_is_string(value))
		return control_fail(call, 400, "usage",
				"\"module\" is missing: the module in base64");
	bool done = base64_decode(json_string_value(value), json_string_length(value), module,
			&error);
	/* It may be large, and nobody needs the text again. */
	json_object_del(call->body, "module");
	if (done)
		return true;
	sv_error_prefix(&error, "\"module\"");
	return control_fail_error(call, &error);
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

/* In the transaction, with what it adds. */
static bool deploy_quotas(struct control_call *call, const struct version *version)
{
	const int64_t tenant = call->account.tenant;
	bool has_settings = json_object_size(json_object_get(call->body, "env")) ||
			json_object_size(json_object_get(call->body, "secrets"));
	return (version->number > 1 || control_quota(call, QUOTA_deployments, tenant, 0)) &&
			(!has_settings || control_quota(call, QUOTA_settings, tenant, 0)) &&
			control_quota(call, QUOTA_builds, tenant, 0) &&
			control_quota(call, QUOTA_bytes, tenant, 0);
}

/* In one transaction: deployment, settings, version. */
static bool deploy_rows(struct control_call *call, const char *name, int64_t expires,
		struct version *version, struct sv_error *error)
{
	struct platform_state *state = call->state;
	struct deployment deployment;
	bool is_taken;
	int64_t gone;
	TRY(deployment_make(state->db, call->account.tenant, name, expires, &deployment, &is_taken,
			error));
	if (is_taken)
		return control_fail(call, 409, "taken", "the name \"%s\" is taken", name);
	version->deployment = deployment.id;
	TRY(deploy_settings_of(call, deployment.id, "env", false, error));
	TRY(deploy_settings_of(call, deployment.id, "secrets", true, error));
	TRY(version_add(state->db, version, error));
	TRY(versions_forget(state->db, deployment.id, (int64_t)state->quotas.versions, &gone,
			error));
	if (gone > 0)
		atomic_store(&state->has_garbage, true);
	return deploy_quotas(call, version);
}

static bool deploy_transaction(struct control_call *call, const char *name, int64_t expires,
		struct version *version, struct sv_error *error)
{
	struct db *db = call->state->db;
	TRY(db_begin(db, error));
	bool done = deploy_rows(call, name, expires, version, error);
	return db_end(db, done, error) && done;
}

bool control_commit(struct control_call *call, const char *name, int64_t expires,
		struct sv_bytes module, struct version *version)
{
	struct sv_error error = SV_ERROR_INIT;
	struct blobs *blobs = &call->state->blobs;
	if (module.length > CONTROL_MODULE_MOST)
		return control_fail(call, 413, "limit", "the module is larger than %llu bytes",
				(unsigned long long)CONTROL_MODULE_MOST);
	version->size = (int64_t)module.length;
	blobs_hold(blobs);
	bool is_kept = blobs_put(blobs, module, version->module, &error);
	bool done = is_kept && deploy_transaction(call, name, expires, version, &error);
	blobs_let_go(blobs);
	if (done) {
		build_wake(call->state->build);
		return true;
	}
	if (is_kept) {
		blobs_drop(blobs, version->module);
		atomic_store(&call->state->has_garbage, true); /* if it could not be */
	}
	return call->answer ? false : control_fail_error(call, &error);
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

/* Before anything is kept: a name that is another's is refused in the transaction too. */
static bool deploy_is_free(struct control_call *call, const char *name)
{
	struct sv_error error = SV_ERROR_INIT;
	int64_t owner;
	if (!db_value(call->state->db, &error, &owner, call->account.tenant,
			    "SELECT tenant FROM deployment WHERE name = ?", "s", name))
		return control_fail_error(call, &error);
	return owner == call->account.tenant ||
			control_fail(call, 409, "taken", "the name \"%s\" is taken", name);
}

void control_deploy(struct control_call *call)
{
	struct version version = {0};
	struct buffer module = {0};
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
	if (strlen(file) >= sizeof version.file) {
		control_fail(call, 400, "usage", "\"file\" is longer than %zu bytes",
				sizeof version.file - 1);
		return;
	}
	snprintf(version.file, sizeof version.file, "%s", file);
	snprintf(version.probe, sizeof version.probe, "%s", probe);
	bool done = deploy_is_free(call, name) && deploy_module(call, &module) &&
			control_commit(call, name, ttl ? time(NULL) + ttl : 0,
					buffer_view(&module), &version);
	buffer_finish(&module);
	if (!done)
		return;
	snprintf(id, sizeof id, "%lld", (long long)version.id);
	call->status = 202;
	control_answer(call,
			json_pack("{s:s, s:s, s:I}", "build", id, "name", name, "version",
					(json_int_t)version.number));
}
