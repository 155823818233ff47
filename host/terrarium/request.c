/*
 * request.c: hostcalls about the incoming request.
 */
#include "host/terrarium/fields.h"

/* The request of a handle; NULL with the trap set for any but INCOMING. */
static const struct host_request *request_of(struct sv_caller *caller, uint32_t handle)
{
	if (handle == TERRARIUM_INCOMING)
		return terrarium_of(caller)->call->request;
	sv_caller_set_trap(caller, SV_TRAP_HOST, "no request has the handle %d", (int)handle);
	return NULL;
}

static enum sv_host_result end(bool is_good)
{
	return is_good ? SV_HOST_OK : SV_HOST_TRAP;
}

enum sv_host_result terrarium_req_get_headers(struct sv_caller *caller, union sv_value *values)
{
	struct terrarium_fields fields = {
			.request = request_of(caller, terrarium_argument(values, 2))};
	return end(fields.request && terrarium_give_names(caller, &fields, values));
}

enum sv_host_result terrarium_req_get_header(struct sv_caller *caller, union sv_value *values)
{
	struct terrarium_fields fields = {
			.request = request_of(caller, terrarium_argument(values, 2))};
	return end(fields.request && terrarium_give_values(caller, &fields, values));
}

static bool give_argument(struct sv_caller *caller, struct sv_bytes bytes,
		const union sv_value *values)
{
	return terrarium_give(caller, bytes, terrarium_argument(values, 0),
			terrarium_argument(values, 1));
}

enum sv_host_result terrarium_req_get_method(struct sv_caller *caller, union sv_value *values)
{
	const struct host_request *request = request_of(caller, terrarium_argument(values, 2));
	return end(request && give_argument(caller, request->method, values));
}

/* With the query, as it was sent. */
enum sv_host_result terrarium_req_get_path(struct sv_caller *caller, union sv_value *values)
{
	const struct host_request *request = request_of(caller, terrarium_argument(values, 2));
	return end(request && give_argument(caller, request->target, values));
}

enum sv_host_result terrarium_req_get_body(struct sv_caller *caller, union sv_value *values)
{
	const struct host_request *request = request_of(caller, terrarium_argument(values, 2));
	return end(request && give_argument(caller, request->body, values));
}
