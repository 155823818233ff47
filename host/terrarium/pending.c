/*
 * pending.c: hostcalls that send requests and wait for responses. A guest that waits is suspended,
 * and its hostcall is made again; so nothing here changes arguments before it has a result.
 */
#include "host/terrarium/send.h"

/* Requests that can be waited for at once: all that there may be. */
static const uint32_t max_handles = TERRARIUM_MAX_THINGS;

/* Send the request that argument 0 is; false with the result set. */
static bool send_argument(struct terrarium_guest *guest, union sv_value *values)
{
	uint32_t handle = terrarium_argument(values, 0);
	bool is_sent = terrarium_thing(guest, handle, TERRARIUM_REQUEST) &&
			terrarium_send(guest, handle);
	if (!is_sent)
		values[0].i32 = TERRARIUM_ERROR;
	return is_sent;
}

/* The result for a pending request; it waits if `patient`. */
static enum sv_host_result give_response(struct terrarium_guest *guest, bool is_patient,
		union sv_value *values)
{
	uint32_t handle = terrarium_argument(values, 0);
	switch (terrarium_collect(guest, handle)) {
	case TERRARIUM_LATER:
		if (is_patient)
			return terrarium_wait(guest);
		values[0].i32 = TERRARIUM_NOT_READY;
		break;
	case TERRARIUM_READY:
		values[0].i32 = (int32_t)handle;
		break;
	case TERRARIUM_FAILED:
		values[0].i32 = TERRARIUM_ERROR;
		break;
	}
	return SV_HOST_OK;
}

/* The request is a pending one while the guest waits. */
enum sv_host_result terrarium_req_send(struct sv_caller *caller, union sv_value *values)
{
	struct terrarium_guest *guest = terrarium_of(caller);
	if (!terrarium_may_change(caller))
		return SV_HOST_TRAP;
	if (!terrarium_is_again(guest) && !send_argument(guest, values))
		return SV_HOST_OK;
	return give_response(guest, true, values);
}

enum sv_host_result terrarium_req_send_async(struct sv_caller *caller, union sv_value *values)
{
	if (!terrarium_may_change(caller))
		return SV_HOST_TRAP;
	(void)!send_argument(terrarium_of(caller), values);
	return SV_HOST_OK;
}

static enum sv_host_result pending_look(struct sv_caller *caller, bool is_patient,
		union sv_value *values)
{
	struct terrarium_guest *guest = terrarium_of(caller);
	if (!terrarium_may_change(caller))
		return SV_HOST_TRAP;
	(void)terrarium_is_again(guest);
	if (terrarium_thing(guest, terrarium_argument(values, 0), TERRARIUM_PENDING))
		return give_response(guest, is_patient, values);
	values[0].i32 = TERRARIUM_ERROR;
	return SV_HOST_OK;
}

enum sv_host_result terrarium_pending_req_wait(struct sv_caller *caller, union sv_value *values)
{
	return pending_look(caller, true, values);
}

enum sv_host_result terrarium_pending_req_poll(struct sv_caller *caller, union sv_value *values)
{
	return pending_look(caller, false, values);
}

/* The handles of argument 0; false with the trap set, or the result if one is not pending. */
static bool handles_see(struct sv_caller *caller, union sv_value *values, struct sv_bytes *handles,
		enum sv_host_result *result)
{
	struct terrarium_guest *guest = terrarium_of(caller);
	uint32_t count = terrarium_argument(values, 1);
	*result = SV_HOST_TRAP;
	if (count > max_handles) {
		sv_caller_set_trap(caller, SV_TRAP_HOST, "%u requests to wait for; %u can be",
				count, max_handles);
		return false;
	}
	if (!terrarium_may_change(caller) ||
			!terrarium_view(caller, terrarium_argument(values, 0), count * 4,
					handles) ||
			!terrarium_is_place(caller, terrarium_argument(values, 2)))
		return false;
	bool are_pending = count > 0;
	for (uint32_t i = 0; i < count && are_pending; i++)
		are_pending = terrarium_thing(guest, terrarium_load(handles->data + i * 4),
				TERRARIUM_PENDING);
	if (are_pending)
		return true;
	values[0].i32 = TERRARIUM_ERROR;
	*result = SV_HOST_OK;
	return false;
}

/* Arguments: handles, how many, where the handle of the first one that is ready goes. */
enum sv_host_result terrarium_pending_req_select(struct sv_caller *caller, union sv_value *values)
{
	struct terrarium_guest *guest = terrarium_of(caller);
	struct sv_bytes handles;
	enum sv_host_result result;
	(void)terrarium_is_again(guest);
	if (!handles_see(caller, values, &handles, &result))
		return result;
	for (size_t at = 0; at < handles.length; at += 4) {
		uint32_t handle = terrarium_load(handles.data + at);
		enum terrarium_progress progress = terrarium_collect(guest, handle);
		if (progress == TERRARIUM_LATER)
			continue;
		if (!terrarium_store(caller, terrarium_argument(values, 2), handle))
			return SV_HOST_TRAP;
		values[0].i32 = progress == TERRARIUM_READY ? (int32_t)handle : TERRARIUM_ERROR;
		return SV_HOST_OK;
	}
	return terrarium_wait(guest);
}
