/*
 * message.c: setting fields and bodies. A guest that sets something impossible is told (INVALID);
 * one that exceeds a limit of the host is ended.
 */
#include "host/terrarium/message.h"

enum sv_host_result terrarium_refuse(union sv_value *values)
{
	values[0].i32 = TERRARIUM_INVALID;
	return SV_HOST_OK;
}

/* End the guest if it went over a limit, else tell it that what it set is not valid. */
static enum sv_host_result end_or_refuse(struct sv_caller *caller, const struct sv_error *error,
		const char *what, union sv_value *values)
{
	if (error->code == SV_ERROR_INVALID)
		return terrarium_refuse(values);
	host_outcome_set(terrarium_of(caller)->call->outcome,
			error->code == SV_ERROR_LIMIT ? HOST_TOO_LARGE : HOST_FAILED, "the %s: %s",
			what, error->text);
	sv_caller_set_trap(caller, SV_TRAP_HOST, "%.120s", error->text);
	return SV_HOST_TRAP;
}

/* Add a field for each of `count` slices at `slices`; they lie in the guest's memory. */
static bool add_values(struct sv_caller *caller, struct host_response *message,
		const union sv_value *values, bool *has_trapped, struct sv_error *error)
{
	struct sv_bytes name, slices, value;
	uint64_t count = terrarium_argument(values, 4);
	*has_trapped = true;
	if (count > UINT32_MAX / 8) {
		sv_caller_set_trap(caller, SV_TRAP_HOST, "%u header values", (unsigned)count);
		return false;
	}
	TRY(terrarium_view(caller, terrarium_argument(values, 1), terrarium_argument(values, 2),
			&name));
	TRY(terrarium_view(caller, terrarium_argument(values, 3), (uint32_t)count * 8, &slices));
	for (uint64_t i = 0; i < count; i++) {
		const uint8_t *slice = slices.data + i * 8;
		*has_trapped = true;
		TRY(terrarium_view(caller, terrarium_load(slice), terrarium_load(slice + 4),
				&value));
		*has_trapped = false;
		TRY(host_response_add(message, name, value, error));
	}
	*has_trapped = false;
	return true;
}

enum sv_host_result terrarium_set_header(struct sv_caller *caller, struct host_response *message,
		const char *what, union sv_value *values)
{
	struct sv_error error = SV_ERROR_INIT;
	struct sv_bytes name;
	bool has_trapped;
	size_t fields_before = message->field_count, text_before = message->text.length;
	if (!add_values(caller, message, values, &has_trapped, &error)) {
		message->field_count = fields_before;
		message->text.length = text_before;
		return has_trapped ? SV_HOST_TRAP : end_or_refuse(caller, &error, what, values);
	}
	if (!terrarium_view(caller, terrarium_argument(values, 1), terrarium_argument(values, 2),
			    &name))
		return SV_HOST_TRAP;
	host_response_remove(message, name, fields_before);
	values[0].i32 = TERRARIUM_OK;
	return SV_HOST_OK;
}

enum sv_host_result terrarium_set_body(struct sv_caller *caller, struct host_response *message,
		const char *what, union sv_value *values)
{
	struct sv_error error = SV_ERROR_INIT;
	struct sv_bytes bytes;
	if (!terrarium_view(caller, terrarium_argument(values, 1), terrarium_argument(values, 2),
			    &bytes))
		return SV_HOST_TRAP;
	message->body.length = 0;
	if (message->body.limit && bytes.length > message->body.limit)
		sv_fail(&error, SV_ERROR_LIMIT, "a body of more than %zu bytes",
				message->body.limit);
	else if (buffer_append(&message->body, bytes.data, bytes.length, &error)) {
		values[0].i32 = TERRARIUM_OK;
		return SV_HOST_OK;
	}
	return end_or_refuse(caller, &error, what, values);
}
