/*
 * control_deploy.c: the row of control.def that takes a module, and what Terrarium's has in common
 * with it.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "platform/assets.h"
#include "platform/base64.h"
#include "platform/build.h"
#include "platform/control.h"
#include "platform/db.h"
#include "platform/names.h"
#include "platform/project.h"
#include "platform/settings.h"
#include "platform/state.h"
#include "platform/unpack.h"

/* The member of the body that holds what is deployed; it may be large, and is decoded once. */
static bool deploy_decode(struct control_call *call, const char *member, struct upload *upload)
{
	struct sv_error error = SV_ERROR_INIT;
	const char *language;
	bool done;
	json_t *value = json_incref(json_object_get(call->body, member));
	json_object_del(call->body, member);
	if (!json_is_string(value)) {
		json_decref(value);
		return control_fail(call, 400, "usage", "\"%s\" is not a text in base64", member);
	}
	if (strcmp(member, "archive") == 0) {
		done = control_text(call, "language", "auto", &language) &&
				control_project(call, json_string_value(value),
						json_string_length(value), language, upload);
	} else {
		done = base64_decode(json_string_value(value), json_string_length(value),
				&upload->content, &error);
		if (!done) {
			sv_error_prefix(&error, "\"%s\"", member);
			control_fail_error(call, &error);
		}
	}
	json_decref(value);
	return done;
}

/* A compiled artifact is native code: only what somebody signed whom the operator trusts. */
static bool deploy_signature(struct control_call *call, struct upload *upload)
{
	struct sv_error error = SV_ERROR_INIT;
	char digest[BLOB_NAME_SIZE];
	const char *signature;
	if (!control_text(call, "signature", "", &signature))
		return false;
	snprintf(upload->signature, sizeof upload->signature, "%s", signature);
	blob_name(buffer_view(&upload->content), digest);
	/* As it was sent: one that is too long is none. */
	if (signature_check(&call->state->trust, signature, digest, &error))
		return true;
	return error.code == SV_ERROR_UNSUPPORTED
			? control_fail(call, 403, "untrusted", "%s", error.text)
			: control_fail_error(call, &error);
}

/* A module, an archive or an artifact out of the body. */
static bool deploy_upload(struct control_call *call, struct upload *upload)
{
	static const char *const members[] = {"module", "archive", "artifact"};
	const char *member = NULL;
	unsigned count = 0;
	for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
		if (json_object_get(call->body, members[i])) {
			member = members[i];
			count++;
		}
	}
	if (count != 1)
		return control_fail(call, 400, "usage",
				"one of \"module\", \"archive\" and \"artifact\" is needed: a "
				"module, a project as a tar archive, or a signed artifact, in "
				"base64");
	return deploy_decode(call, member, upload) &&
			(strcmp(member, "artifact") != 0 || deploy_signature(call, upload));
}

/* The module among the files of a project takes their place. */
static bool project_take_module(struct buffer *bundle, struct upload *upload,
		struct sv_error *error)
{
	struct bundle_file file;
	TRY(project_module(buffer_view(bundle), &file, error));
	const char *name = strrchr(file.path, '/');
	snprintf(upload->file, sizeof upload->file, "%.127s", name ? name + 1 : file.path);
	return buffer_append(&upload->content, file.content.data, file.content.length, error);
}

static bool project_open(const char *text, size_t length, struct buffer *bundle,
		struct sv_error *error)
{
	struct buffer archive = {0};
	bool done = base64_decode(text, length, &archive, error) &&
			unpack_run(buffer_view(&archive), bundle, error);
	buffer_finish(&archive);
	return done;
}

bool control_project(struct control_call *call, const char *archive, size_t length,
		const char *name, struct upload *upload)
{
	struct sv_error error = SV_ERROR_INIT;
	struct buffer bundle = {.limit = UNPACK_OUTPUT};
	enum language language;
	bool done = project_open(archive, length, &bundle, &error) &&
			project_language(buffer_view(&bundle), name, &language, &error) &&
			assets_collect(buffer_view(&bundle), call->state->limits.response_bytes,
					&upload->assets, &error);
	upload->is_source = done && language_is_built(language);
	if (done)
		snprintf(upload->language, sizeof upload->language, "%s", language_name(language));
	if (upload->is_source)
		upload->content = bundle;
	else if (done)
		done = project_take_module(&bundle, upload, &error);
	if (!upload->is_source)
		buffer_finish(&bundle);
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
	TRY(control_caps_store(call, deployment.id, json_object_get(call->body, "limits"), error));
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

void upload_finish(struct upload *upload)
{
	buffer_finish(&upload->content);
	buffer_finish(&upload->assets);
}

/* Both blobs, while sweeping is held off; `version` names those that are there. */
static bool upload_keep(struct blobs *blobs, const struct upload *upload, struct version *version,
		struct sv_error *error)
{
	char *blob = upload->is_source ? version->source : version->module;
	struct sv_bytes assets = buffer_view(&upload->assets);
	version->size = (int64_t)upload->content.length;
	version->assets_size = (int64_t)assets.length;
	return blobs_put(blobs, buffer_view(&upload->content), blob, error) &&
			(!assets.length || blobs_put(blobs, assets, version->assets, error));
}

static void upload_drop(struct control_call *call, const struct version *version)
{
	const char *const names[] = {version->source, version->module, version->assets};
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		if (names[i][0])
			blobs_drop(&call->state->blobs, names[i]);
	}
	atomic_store(&call->state->has_garbage, true); /* if it could not be */
}

bool control_commit(struct control_call *call, const char *name, int64_t expires,
		const struct upload *upload, struct version *version)
{
	struct sv_error error = SV_ERROR_INIT;
	struct blobs *blobs = &call->state->blobs;
	if (upload->content.length > CONTROL_MODULE_MOST)
		return control_fail(call, 413, "limit", "the module is larger than %llu bytes",
				(unsigned long long)CONTROL_MODULE_MOST);
	snprintf(version->language, sizeof version->language, "%s", upload->language);
	memcpy(version->signature, upload->signature, sizeof version->signature);
	if (upload->file[0])
		snprintf(version->file, sizeof version->file, "%s", upload->file);
	blobs_hold(blobs);
	bool done = upload_keep(blobs, upload, version, &error) &&
			deploy_transaction(call, name, expires, version, &error);
	blobs_let_go(blobs);
	if (done) {
		build_wake(call->state->build);
		return true;
	}
	upload_drop(call, version);
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
	struct upload upload = {0};
	const char *file, *probe;
	char name[64], id[ID_SIZE];
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
	bool done = deploy_is_free(call, name) && deploy_upload(call, &upload) &&
			control_commit(call, name, ttl ? time(NULL) + ttl : 0, &upload, &version);
	upload_finish(&upload);
	if (!done)
		return;
	id_show(&call->state->key, ID_BUILD, version.id, id);
	call->status = 202;
	control_answer(call,
			json_pack("{s:s, s:s, s:I}", "build", id, "name", name, "version",
					(json_int_t)version.number));
}
