/*
 * control_promote.c: the row of control.def that makes what one deployment serves a version of
 * another, with the other's environment. Nothing is compiled: the module is the same, and so is
 * what it was compiled to. It is checked as every version is before it takes over.
 */
#include <stdio.h>
#include <string.h>

#include "platform/build.h"
#include "platform/control.h"
#include "platform/db.h"
#include "platform/names.h"
#include "platform/state.h"

/* The version that is promoted: one that was live once. */
static bool promote_find(struct control_call *call, struct version *version)
{
	struct sv_error error = SV_ERROR_INIT;
	struct deployment from;
	const char *name;
	int64_t number;
	bool found;
	if (!control_text(call, "from", "", &name) ||
			!control_number(call, "version", 0, 1, INT64_MAX, &number))
		return false;
	if (!deployment_find(call->state->db, call->account.tenant, name, &from, &found, &error))
		return control_fail_error(call, &error);
	if (!found)
		return control_fail(call, 404, "not_found", "there is no deployment \"%.63s\"",
				name);
	if (!version_find(call->state->db, from.id, number ? number : from.current, version, &found,
			    &error))
		return control_fail_error(call, &error);
	return (found && version->state == VERSION_READY) ||
			control_fail(call, 409, "no_version",
					number ? "that version is not there, or was never live"
					       : "nothing of it is live yet");
}

/* In a transaction: the rows of what it becomes. */
static bool promote_rows(struct control_call *call, struct version *version, struct sv_error *error)
{
	struct platform_state *state = call->state;
	const int64_t tenant = call->account.tenant;
	struct deployment to;
	bool found, is_taken = false;
	int64_t gone;
	TRY(deployment_find(state->db, tenant, call->name, &to, &found, error));
	if (!found)
		TRY(deployment_make(state->db, tenant, call->name, 0, &to, &is_taken, error));
	if (is_taken)
		return control_fail(call, 409, "taken", "the name \"%s\" is taken", call->name);
	version->deployment = to.id;
	TRY(version_add(state->db, version, error));
	TRY(versions_forget(state->db, to.id, (int64_t)state->quotas.versions, &gone, error));
	if (gone > 0)
		atomic_store(&state->has_garbage, true);
	return (found || control_quota(call, QUOTA_deployments, tenant, 0)) &&
			control_quota(call, QUOTA_builds, tenant, 0);
}

/* Its blobs are kept by the version that it was, or else by the one it becomes. */
static bool promote_commit(struct control_call *call, struct version *version,
		struct sv_error *error)
{
	struct db *db = call->state->db;
	bool found = false;
	const int64_t id = version->id;
	TRY(db_begin(db, error));
	bool done = version_get(db, id, version, &found, error);
	if (done && !found)
		done = control_fail(call, 409, "no_version", "that version is not there any more");
	done = done && promote_rows(call, version, error);
	return db_end(db, done, error) && done;
}

void control_promote(struct control_call *call)
{
	struct sv_error error = SV_ERROR_INIT;
	struct version version;
	char id[ID_SIZE];
	if (!name_is_label(call->name)) {
		control_fail(call, 400, "usage", "\"%s\" is not a name", call->name);
		return;
	}
	if (!promote_find(call, &version))
		return;
	if (!promote_commit(call, &version, &error)) {
		if (!call->answer)
			control_fail_error(call, &error);
		return;
	}
	build_wake(call->state->build);
	id_show(&call->state->key, ID_BUILD, version.id, id);
	call->status = 202;
	control_answer(call,
			json_pack("{s:s, s:s, s:I}", "build", id, "name", call->name, "version",
					(json_int_t)version.number));
}
