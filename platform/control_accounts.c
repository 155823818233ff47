/*
 * control_accounts.c: the rows of control.def about tokens, the audit log and metrics. An admin's
 * tenant "default" makes tokens for every tenant; admins of others for their own only.
 */
#include <stdlib.h>
#include <string.h>

#include "platform/audit.h"
#include "platform/control.h"
#include "platform/db.h"
#include "platform/metrics.h"
#include "platform/state.h"

void control_tokens(struct control_call *call)
{
	struct sv_error error = SV_ERROR_INIT;
	json_t *array = json_array();
	db_lock(call->state->db);
	struct sqlite3_stmt *rows = db_query(call->state->db, &error,
			"SELECT token.id, tenant.name, role, created, coalesce(used, 0) FROM token "
			"JOIN tenant ON tenant.id = token.tenant WHERE ?1 OR tenant.id = ?2 "
			"ORDER BY token.id",
			"ii", (int64_t)is_operator(call), call->account.tenant);
	while (rows && db_next(rows, &error)) {
		char id[ID_SIZE];
		id_show(&call->state->key, ID_TOKEN, db_integer(rows, 0), id);
		json_array_append_new(array,
				json_pack("{s:s, s:s, s:s, s:o, s:o}", "id", id, "tenant",
						db_text(rows, 1), "role",
						role_name((enum role)db_integer(rows, 2)),
						"created", control_time(db_integer(rows, 3)),
						"last_used", control_time(db_integer(rows, 4))));
	}
	db_done(rows);
	db_unlock(call->state->db);
	if (error.code == SV_ERROR_NONE) {
		control_answer(call, json_pack("{s:o}", "tokens", array));
		return;
	}
	json_decref(array);
	control_fail_error(call, &error);
}

/* Under the database's lock, so that none comes between. */
static bool token_make_within(struct control_call *call, const char *tenant, enum role role,
		int64_t *id, char token[static TOKEN_SIZE])
{
	struct sv_error error = SV_ERROR_INIT;
	int64_t owner;
	if (!accounts_tenant(call->state->db, tenant, &owner, &error))
		return control_fail_error(call, &error);
	return control_quota(call, QUOTA_tokens, owner, 1) &&
			(accounts_make(call->state->db, tenant, role, id, token, &error) ||
					control_fail_error(call, &error));
}

void control_token_make(struct control_call *call)
{
	const char *tenant, *role;
	char token[TOKEN_SIZE], text[ID_SIZE];
	int64_t id;
	if (!control_text(call, "tenant", call->account.tenant_name, &tenant) ||
			!control_text(call, "role", "deploy", &role))
		return;
	if (!name_is_label(tenant) || role_parse(role) == ROLE_NONE) {
		control_fail(call, 400, "usage",
				"\"tenant\" is a name of a-z, 0-9 and -, \"role\" is read, deploy "
				"or admin");
		return;
	}
	if (!is_operator(call) && strcmp(tenant, call->account.tenant_name) != 0) {
		control_fail(call, 403, "forbidden", "this token makes tokens for its own tenant");
		return;
	}
	db_lock(call->state->db);
	bool done = token_make_within(call, tenant, role_parse(role), &id, token);
	db_unlock(call->state->db);
	if (!done)
		return;
	id_show(&call->state->key, ID_TOKEN, id, text);
	control_answer(call, json_pack("{s:s, s:s}", "id", text, "token", token));
	explicit_bzero(token, sizeof token);
}

void control_token_revoke(struct control_call *call)
{
	struct sv_error error = SV_ERROR_INIT;
	bool found = false;
	int64_t owner;
	if (!control_id(call, ID_TOKEN, "token"))
		return;
	if (!db_value(call->state->db, &error, &owner, 0, "SELECT tenant FROM token WHERE id = ?",
			    "i", call->id)) {
		control_fail_error(call, &error);
		return;
	}
	bool is_ours = owner && (is_operator(call) || owner == call->account.tenant);
	if (is_ours && !accounts_revoke(call->state->db, call->id, &found, &error))
		control_fail_error(call, &error);
	else if (!found)
		control_fail(call, 404, "not_found", "there is no token %s", call->name);
	else
		control_answer(call, json_object());
}

/* Entries have numbers of rows; who reads them sees ids. */
struct entry_list {
	json_t *array;
	const struct seal_key *key;
};

/* What was revoked, if that was a token: other subjects are names. */
static const char *entry_subject(const struct seal_key *key, const struct audit_entry *entry,
		char id[static ID_SIZE])
{
	int64_t number = strtoll(entry->subject, NULL, 10);
	bool is_number = entry->subject[0] &&
			strspn(entry->subject, "0123456789") == strlen(entry->subject);
	if (!is_number || !strstr(entry->action, "/tokens/{id}"))
		return entry->subject;
	id_show(key, ID_TOKEN, number, id);
	return id;
}

static bool list_entry(void *data, const struct audit_entry *entry)
{
	const struct entry_list *list = data;
	char token[ID_SIZE] = "", subject[ID_SIZE];
	/* What comes without a token, as from terrctl, has none. */
	if (entry->token)
		id_show(list->key, ID_TOKEN, entry->token, token);
	json_t *item = json_pack("{s:o, s:s, s:s, s:s, s:s, s:s}", "time",
			control_time(entry->time), "tenant", entry->tenant, "token", token,
			"action", entry->action, "subject",
			entry_subject(list->key, entry, subject), "result", entry->result);
	return item && json_array_append_new(list->array, item) == 0;
}

void control_audit(struct control_call *call)
{
	struct sv_error error = SV_ERROR_INIT;
	json_t *array = json_array();
	struct entry_list list = {array, &call->state->key};
	if (audit_each(call->state->db, call->account.tenant_name, 1000, list_entry, &list,
			    &error)) {
		control_answer(call, json_pack("{s:o}", "entries", array));
		return;
	}
	json_decref(array);
	control_fail_error(call, &error);
}

void control_metrics(struct control_call *call)
{
	struct sv_error error = SV_ERROR_INIT;
	int64_t tenant = is_operator(call) ? 0 : call->account.tenant;
	if (!metrics_text(call->state, tenant, &call->text, &error))
		control_fail_error(call, &error);
}

void control_numbers(struct control_call *call)
{
	struct sv_error error = SV_ERROR_INIT;
	int64_t tenant = is_operator(call) ? 0 : call->account.tenant;
	json_t *answer = metrics_json(call->state, tenant, &error);
	if (answer)
		control_answer(call, answer);
	else
		control_fail_error(call, &error);
}
