/*
 * response.c: hostcalls about the answer. A guest that sets something impossible is told
 * (INVALID); one that exceeds a limit of the host is ended.
 */
#include "host/terrarium/fields.h"

/* The response of a handle; NULL with the trap set for any but OUTGOING. */
static struct host_response *response_of(struct sv_caller *caller, uint32_t handle)
{
	if (handle == TERRARIUM_OUTGOING)
		return terrarium_of(caller)->call->response;
	sv_caller_set_trap(caller, SV_TRAP_HOST, "no response has the handle %d", (int)handle);
	return NULL;
}

static enum sv_host_result end(bool is_good)
{
	return is_good ? SV_HOST_OK : SV_HOST_TRAP;
}

/* End the guest if it went over a limit, else tell it that what it set is not valid. */
static enum sv_host_result refuse(struct sv_caller *caller, const struct sv_error *error,
		union sv_value *values)
{
	values[0].i32 = TERRARIUM_INVALID;
	if (error->code == SV_ERROR_INVALID)
		return SV_HOST_OK;
	host_outcome_set(terrarium_of(caller)->call->outcome,
			error->code == SV_ERROR_LIMIT ? HOST_TOO_LARGE : HOST_FAILED,
			"the response: %s", error->text);
	sv_caller_set_trap(caller, SV_TRAP_HOST, "%.120s", error->text);
	return SV_HOST_TRAP;
}

enum sv_host_result terrarium_resp_get_headers(struct sv_caller *caller, union sv_value *values)
{
	struct terrarium_fields fields = {
			.response = response_of(caller, terrarium_argument(values, 2))};
	return end(fields.response && terrarium_give_names(caller, &fields, values));
}

enum sv_host_result terrarium_resp_get_header(struct sv_caller *caller, union sv_value *values)
{
	struct terrarium_fields fields = {
			.response = response_of(caller, terrarium_argument(values, 2))};
	return end(fields.response && terrarium_give_values(caller, &fields, values));
}

enum sv_host_result terrarium_resp_get_body(struct sv_caller *caller, union sv_value *values)
{
	const struct host_response *response = response_of(caller, terrarium_argument(values, 2));
	return end(response &&
			terrarium_give(caller, buffer_view(&response->body),
					terrarium_argument(values, 0),
					terrarium_argument(values, 1)));
}

enum sv_host_result terrarium_resp_get_response_code(struct sv_caller *caller,
		union sv_value *values)
{
	const struct host_response *response = response_of(caller, terrarium_argument(values, 0));
	if (response)
		values[0].i32 = response->status;
	return end(response != NULL);
}

/* Add a field for each of `count` slices at `slices`; they lie in the guest's memory. */
static bool add_values(struct sv_caller *caller, struct host_response *response,
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
		TRY(host_response_add(response, name, value, error));
	}
	*has_trapped = false;
	return true;
}

/* The response that a call changes; NULL, with a trap, while the guest's malloc runs. */
static struct host_response *response_to_change(struct sv_caller *caller, union sv_value *values)
{
	struct host_response *response = response_of(caller, terrarium_argument(values, 0));
	if (!response || !terrarium_of(caller)->is_giving)
		return response;
	sv_caller_set_trap(caller, SV_TRAP_HOST, "the guest's malloc changes the response");
	return NULL;
}

/* Replaces all values of the name; if one is not valid, nothing is changed. */
enum sv_host_result terrarium_resp_set_header(struct sv_caller *caller, union sv_value *values)
{
	struct host_response *response = response_to_change(caller, values);
	struct sv_error error = SV_ERROR_INIT;
	struct sv_bytes name;
	bool has_trapped;
	if (!response)
		return SV_HOST_TRAP;
	size_t fields_before = response->field_count, text_before = response->text.length;
	if (!add_values(caller, response, values, &has_trapped, &error)) {
		response->field_count = fields_before;
		response->text.length = text_before;
		return has_trapped ? SV_HOST_TRAP : refuse(caller, &error, values);
	}
	if (!terrarium_view(caller, terrarium_argument(values, 1), terrarium_argument(values, 2),
			    &name))
		return SV_HOST_TRAP;
	host_response_remove(response, name, fields_before);
	values[0].i32 = TERRARIUM_OK;
	return SV_HOST_OK;
}

enum sv_host_result terrarium_resp_set_body(struct sv_caller *caller, union sv_value *values)
{
	struct host_response *response = response_to_change(caller, values);
	struct sv_error error = SV_ERROR_INIT;
	struct sv_bytes bytes;
	if (!response ||
			!terrarium_view(caller, terrarium_argument(values, 1),
					terrarium_argument(values, 2), &bytes))
		return SV_HOST_TRAP;
	response->body.length = 0;
	if (response->body.limit && bytes.length > response->body.limit)
		sv_fail(&error, SV_ERROR_LIMIT, "a body of more than %zu bytes",
				response->body.limit);
	else if (buffer_append(&response->body, bytes.data, bytes.length, &error)) {
		values[0].i32 = TERRARIUM_OK;
		return SV_HOST_OK;
	}
	return refuse(caller, &error, values);
}

enum sv_host_result terrarium_resp_set_response_code(struct sv_caller *caller,
		union sv_value *values)
{
	struct host_response *response = response_to_change(caller, values);
	if (!response)
		return SV_HOST_TRAP;
	uint32_t status = terrarium_argument(values, 1);
	bool is_valid = host_status_is_final(status);
	if (is_valid)
		response->status = (int)status;
	values[0].i32 = is_valid ? TERRARIUM_OK : TERRARIUM_INVALID;
	return SV_HOST_OK;
}
