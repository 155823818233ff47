/*
 * control_limits.c: the row of control.def about limits of a deployment's own.
 */
#include "platform/activate.h"
#include "platform/caps.h"
#include "platform/control.h"
#include "platform/db.h"
#include "platform/state.h"

static void caps_visit(void *data, const char *name, uint64_t value)
{
	json_object_set_new(data, name, json_integer((json_int_t)value));
}

bool control_caps_add(struct control_call *call, int64_t deployment, json_t *answer,
		struct sv_error *error)
{
	struct caps caps;
	json_t *limits = json_object();
	bool done = caps_load(call->state->db, deployment, &caps, error);
	if (done)
		caps_each(&caps, caps_visit, limits);
	json_object_set_new(answer, "limits", limits);
	return done;
}

bool control_caps_store(struct control_call *call, int64_t deployment, json_t *limits,
		struct sv_error *error)
{
	const char *name;
	json_t *value;
	if (limits && !json_is_object(limits))
		return sv_fail(error, SV_ERROR_USAGE, "\"limits\" is not an object");
	json_object_foreach(limits, name, value)
	{
		if (!json_is_null(value) &&
				(!json_is_integer(value) || json_integer_value(value) < 1))
			return sv_fail(error, SV_ERROR_USAGE,
					"the limit \"%.64s\" is neither a number from 1 on nor "
			                "null",
					name);
		TRY(cap_set(call->state->db, deployment, name, (uint64_t)json_integer_value(value),
				&call->state->limits, error));
	}
	return true;
}

/* All or nothing, then what is served has them. */
void control_limits(struct control_call *call)
{
	struct sv_error error = SV_ERROR_INIT;
	struct deployment deployment;
	json_t *answer;
	if (!control_deployment(call, &deployment))
		return;
	bool done = db_begin(call->state->db, &error);
	if (done) {
		done = control_caps_store(call, deployment.id, call->body, &error);
		done = db_end(call->state->db, done, &error) && done;
	}
	if (!done || !activate_again(call->state, &deployment, &error)) {
		control_fail_error(call, &error);
		return;
	}
	answer = json_object();
	if (control_caps_add(call, deployment.id, answer, &error)) {
		control_answer(call, answer);
		return;
	}
	json_decref(answer);
	control_fail_error(call, &error);
}
