/*
 * request.c: hostcalls about requests: the one that came, and those that the guest makes until it
 * sends them.
 */
#include <string.h>

#include "host/terrarium/fields.h"
#include "host/terrarium/message.h"
#include "host/terrarium/things.h"

/* What a guest reads of either kind. */
struct request_view {
	struct terrarium_fields fields;
	struct sv_bytes method, path, body;
};

/* The request that argument 2 is; false with the trap set. */
static bool request_see(struct sv_caller *caller, const union sv_value *values,
		struct request_view *view)
{
	struct terrarium_guest *guest = terrarium_of(caller);
	uint32_t handle = terrarium_argument(values, 2);
	const struct host_request *incoming = &guest->incoming;
	const struct terrarium_thing *thing = terrarium_thing(guest, handle, TERRARIUM_REQUEST);
	if (handle == TERRARIUM_INCOMING) {
		*view = (struct request_view){{incoming, NULL}, incoming->method, incoming->target,
				incoming->body};
		return true;
	}
	if (thing) {
		*view = (struct request_view){{NULL, &thing->message}, host_text(thing->method),
				buffer_view(&thing->url.path), buffer_view(&thing->message.body)};
		return true;
	}
	sv_caller_set_trap(caller, SV_TRAP_HOST, "no request has the handle %d", (int)handle);
	return false;
}

enum sv_host_result terrarium_req_get_headers(struct sv_caller *caller, union sv_value *values)
{
	struct request_view view;
	return terrarium_end(request_see(caller, values, &view) &&
			terrarium_give_names(caller, &view.fields, values));
}

enum sv_host_result terrarium_req_get_header(struct sv_caller *caller, union sv_value *values)
{
	struct request_view view;
	return terrarium_end(request_see(caller, values, &view) &&
			terrarium_give_values(caller, &view.fields, values));
}

static bool give_argument(struct sv_caller *caller, struct sv_bytes bytes,
		const union sv_value *values)
{
	return terrarium_give(caller, bytes, terrarium_argument(values, 0),
			terrarium_argument(values, 1));
}

enum sv_host_result terrarium_req_get_method(struct sv_caller *caller, union sv_value *values)
{
	struct request_view view;
	return terrarium_end(request_see(caller, values, &view) &&
			give_argument(caller, view.method, values));
}

/* With the query, as it was sent. */
enum sv_host_result terrarium_req_get_path(struct sv_caller *caller, union sv_value *values)
{
	struct request_view view;
	return terrarium_end(request_see(caller, values, &view) &&
			give_argument(caller, view.path, values));
}

enum sv_host_result terrarium_req_get_body(struct sv_caller *caller, union sv_value *values)
{
	struct request_view view;
	enum sv_host_result result = SV_HOST_OK;
	bool is_incoming = terrarium_argument(values, 2) == TERRARIUM_INCOMING;
	if (is_incoming && !terrarium_incoming_gather(caller, &result))
		return result;
	return terrarium_end(request_see(caller, values, &view) &&
			give_argument(caller, view.body, values));
}

/* ---- making one ---- */

/* RFC 9110, section 9.1: a token, which is upper case if it is known. */
static bool method_set(struct terrarium_thing *thing, struct sv_bytes method)
{
	if (!method.length || method.length > TERRARIUM_MAX_METHOD)
		return false;
	for (size_t i = 0; i < method.length; i++) {
		uint8_t c = method.data[i];
		bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
		if (!is_letter && c != '-' && c != '_')
			return false;
		thing->method[i] = (char)c;
	}
	thing->method[method.length] = '\0';
	return true;
}

/* Arguments: method, length, URL, length. Its handle, or -1 and a line in the log. */
enum sv_host_result terrarium_req_create(struct sv_caller *caller, union sv_value *values)
{
	struct terrarium_guest *guest = terrarium_of(caller);
	struct sv_error error = SV_ERROR_INIT;
	struct sv_bytes method, url;
	uint32_t handle;
	if (!terrarium_may_change(caller) ||
			!terrarium_view(caller, terrarium_argument(values, 0),
					terrarium_argument(values, 1), &method) ||
			!terrarium_view(caller, terrarium_argument(values, 2),
					terrarium_argument(values, 3), &url))
		return SV_HOST_TRAP;
	values[0].i32 = TERRARIUM_ERROR;
	struct terrarium_thing *thing = terrarium_thing_new(guest, &handle);
	if (!thing)
		return SV_HOST_OK;
	if (!method_set(thing, method))
		sv_fail(&error, SV_ERROR_INVALID, "a method that is not 1 to %u letters",
				TERRARIUM_MAX_METHOD);
	else if (terrarium_url_parse(&thing->url, NULL, url, &error) &&
			!terrarium_thing_count(guest, thing, 0))
		sv_fail(&error, SV_ERROR_LIMIT,
				"requests and responses of more than %llu bytes, "
				"the guest's limit of memory",
				(unsigned long long)guest->call->guest->max_memory);
	if (error.code) {
		terrarium_tell(guest, "no request is made: %s", error.text);
		terrarium_thing_drop(guest, handle);
		return SV_HOST_OK;
	}
	values[0].i32 = (int32_t)handle;
	return SV_HOST_OK;
}

/* What `set` has changed counts; a guest that holds too much is ended. */
static enum sv_host_result request_set(struct sv_caller *caller, union sv_value *values,
		enum sv_host_result (*set)(struct sv_caller *caller, struct host_response *message,
				const char *what, union sv_value *values))
{
	struct terrarium_guest *guest = terrarium_of(caller);
	struct terrarium_thing *thing =
			terrarium_thing(guest, terrarium_argument(values, 0), TERRARIUM_REQUEST);
	if (!terrarium_may_change(caller))
		return SV_HOST_TRAP;
	if (!thing)
		return terrarium_refuse(values);
	thing->message.body.limit = guest->call->guest->max_memory;
	enum sv_host_result result = set(caller, &thing->message, "request", values);
	if (result != SV_HOST_OK || terrarium_thing_count(guest, thing, 0))
		return result;
	sv_caller_set_trap(caller, SV_TRAP_HOST,
			"requests and responses of more than %llu bytes, the guest's limit of "
			"memory",
			(unsigned long long)guest->call->guest->max_memory);
	return SV_HOST_TRAP;
}

enum sv_host_result terrarium_req_set_header(struct sv_caller *caller, union sv_value *values)
{
	return request_set(caller, values, terrarium_set_header);
}

enum sv_host_result terrarium_req_set_body(struct sv_caller *caller, union sv_value *values)
{
	return request_set(caller, values, terrarium_set_body);
}
