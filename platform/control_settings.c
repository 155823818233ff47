/*
 * control_settings.c: the rows of control.def about environment, secrets and logs of a deployment.
 */
#include <stdlib.h>
#include <string.h>

#include "platform/activate.h"
#include "platform/control.h"
#include "platform/db.h"
#include "platform/journal.h"
#include "platform/routes.h"
#include "platform/settings.h"
#include "platform/state.h"
#include "server/loop.h"

/* ---- environment and secrets ---- */

static bool settings_store(struct control_call *call, const struct deployment *deployment,
		bool is_secret, struct sv_error *error)
{
	const char *name;
	json_t *value;
	json_object_foreach(call->body, name, value)
	{
		if (!json_is_string(value) && !json_is_null(value))
			return sv_fail(error, SV_ERROR_USAGE,
					"\"%.128s\" is neither a text nor null", name);
		TRY(setting_set(call->state->db, &call->state->key, deployment->id, name, is_secret,
				json_string_value(value), error));
	}
	return true;
}

static bool settings_visit(void *data, const char *name, bool is_secret, const char *value)
{
	json_t *answer = data;
	if (is_secret)
		return json_array_append_new(json_object_get(answer, "secrets"),
				       json_string(name)) == 0;
	return json_object_set_new(json_object_get(answer, "env"), name, json_string(value)) == 0;
}

bool control_settings_add(struct control_call *call, int64_t deployment, json_t *answer,
		struct sv_error *error)
{
	json_object_set_new(answer, "env", json_object());
	json_object_set_new(answer, "secrets", json_array());
	return settings_each(call->state->db, deployment, settings_visit, answer, error);
}

static void settings_answer(struct control_call *call, const struct deployment *deployment,
		bool is_secret)
{
	struct sv_error error = SV_ERROR_INIT;
	json_t *answer = json_object();
	if (!control_settings_add(call, deployment->id, answer, &error)) {
		json_decref(answer);
		control_fail_error(call, &error);
		return;
	}
	json_object_del(answer, is_secret ? "env" : "secrets");
	control_answer(call, answer);
}

/* Who has too many may still take some away. */
static bool settings_are_taken_away(const struct control_call *call)
{
	const char *name;
	json_t *value;
	json_object_foreach(call->body, name, value)
	{
		if (!json_is_null(value))
			return false;
	}
	return true;
}

/* All or nothing, then what is served has them. */
static void settings_change(struct control_call *call, bool is_secret)
{
	struct sv_error error = SV_ERROR_INIT;
	struct deployment deployment;
	if (!control_deployment(call, &deployment))
		return;
	if (!db_begin(call->state->db, &error)) {
		control_fail_error(call, &error);
		return;
	}
	bool done = settings_store(call, &deployment, is_secret, &error) &&
			(settings_are_taken_away(call) ||
					control_quota(call, QUOTA_settings, deployment.tenant, 0));
	done = db_end(call->state->db, done, &error) && done;
	if (done && activate_again(call->state, &deployment, &error))
		settings_answer(call, &deployment, is_secret);
	else if (!call->answer)
		control_fail_error(call, &error);
}

void control_env(struct control_call *call)
{
	settings_change(call, false);
}

void control_secrets(struct control_call *call)
{
	settings_change(call, true);
}

/* ---- logs ---- */

/* Bytes of one answer, and lines if no position was given. */
static const size_t answer_most = 262144;
static const unsigned tail_lines = 100;

/* The lines of a journal are objects already. */
static json_t *lines_json(struct buffer *lines)
{
	json_t *array = json_array();
	char *at = (char *)lines->data, *end = at + lines->length;
	while (at < end) {
		char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t length = newline ? (size_t)(newline - at) : (size_t)(end - at);
		json_t *line = json_loadb(at, length, 0, NULL);
		if (line)
			json_array_append_new(array, line);
		at += length + 1;
	}
	return array;
}

/* One of the places for those who wait, kept until it is answered. */
static bool logs_may_wait(struct control_call *call)
{
	static const unsigned most = 256;
	if (call->is_waiting)
		return true;
	call->is_waiting = atomic_fetch_add(&call->state->waiting, 1) < most;
	if (!call->is_waiting)
		atomic_fetch_sub(&call->state->waiting, 1);
	return call->is_waiting;
}

static void logs_answer(struct control_call *call, struct journal *journal)
{
	struct sv_error error = SV_ERROR_INIT;
	struct buffer lines = {0};
	uint64_t next, now = clock_now();
	int64_t after = control_query(call, "after", -1), wait = control_query(call, "wait", 0);
	uint64_t from = after < 0 ? journal_tail(journal, tail_lines) : (uint64_t)after;
	if (!call->until)
		call->until = now + (uint64_t)(wait > 25 ? 25 : wait) * UINT64_C(1000000000);
	if (from >= journal_end(journal) && now < call->until &&
			!atomic_load(&call->state->is_stopping) && logs_may_wait(call)) {
		call->waits = true;
		return;
	}
	if (journal_read(journal, from, answer_most, &lines, &next, &error))
		control_answer(call,
				json_pack("{s:I, s:o}", "next", (json_int_t)next, "lines",
						lines_json(&lines)));
	else
		control_fail_error(call, &error);
	buffer_finish(&lines);
}

void control_logs(struct control_call *call)
{
	struct sv_error error = SV_ERROR_INIT;
	struct deployment deployment;
	if (!control_deployment(call, &deployment))
		return;
	struct route *route = activate_route(call->state, &deployment, &error);
	if (!route) {
		control_fail_error(call, &error);
		return;
	}
	logs_answer(call, route_journal(route));
	route_release(route);
}
