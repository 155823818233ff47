/*
 * response.c: hostcalls about responses: the answer, which the guest fills in, and those to its
 * own requests, which it reads.
 */
#include "host/terrarium/fields.h"
#include "host/terrarium/message.h"
#include "host/terrarium/things.h"

/* The response of a handle; NULL with the trap set if there is none. */
static struct host_response *response_of(struct sv_caller *caller, uint32_t handle)
{
	struct terrarium_guest *guest = terrarium_of(caller);
	if (handle == TERRARIUM_OUTGOING)
		return guest->call->response;
	struct terrarium_thing *thing = terrarium_thing(guest, handle, TERRARIUM_RESPONSE);
	if (thing)
		return &thing->message;
	sv_caller_set_trap(caller, SV_TRAP_HOST, "no response has the handle %d", (int)handle);
	return NULL;
}

enum sv_host_result terrarium_resp_get_headers(struct sv_caller *caller, union sv_value *values)
{
	struct terrarium_fields fields = {
			.response = response_of(caller, terrarium_argument(values, 2))};
	return terrarium_end(fields.response && terrarium_give_names(caller, &fields, values));
}

enum sv_host_result terrarium_resp_get_header(struct sv_caller *caller, union sv_value *values)
{
	struct terrarium_fields fields = {
			.response = response_of(caller, terrarium_argument(values, 2))};
	return terrarium_end(fields.response && terrarium_give_values(caller, &fields, values));
}

enum sv_host_result terrarium_resp_get_body(struct sv_caller *caller, union sv_value *values)
{
	const struct host_response *response = response_of(caller, terrarium_argument(values, 2));
	return terrarium_end(response &&
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
	return terrarium_end(response != NULL);
}

/* Whether argument 0 is a response that can be changed; what to return if not. */
static bool may_set(struct sv_caller *caller, union sv_value *values, enum sv_host_result *result)
{
	uint32_t handle = terrarium_argument(values, 0);
	*result = SV_HOST_TRAP;
	if (!response_of(caller, handle) || !terrarium_may_change(caller))
		return false;
	if (handle != TERRARIUM_OUTGOING)
		*result = terrarium_refuse(values); /* it has come, and is not to be sent */
	return handle == TERRARIUM_OUTGOING;
}

enum sv_host_result terrarium_resp_set_header(struct sv_caller *caller, union sv_value *values)
{
	enum sv_host_result result;
	if (!may_set(caller, values, &result))
		return result;
	return terrarium_set_header(caller, terrarium_of(caller)->call->response, "response",
			values);
}

enum sv_host_result terrarium_resp_set_body(struct sv_caller *caller, union sv_value *values)
{
	enum sv_host_result result;
	if (!may_set(caller, values, &result))
		return result;
	return terrarium_set_body(caller, terrarium_of(caller)->call->response, "response", values);
}

enum sv_host_result terrarium_resp_set_response_code(struct sv_caller *caller,
		union sv_value *values)
{
	enum sv_host_result result;
	if (!may_set(caller, values, &result))
		return result;
	uint32_t status = terrarium_argument(values, 1);
	if (!host_status_is_final(status))
		return terrarium_refuse(values);
	terrarium_of(caller)->call->response->status = (int)status;
	values[0].i32 = TERRARIUM_OK;
	return SV_HOST_OK;
}
