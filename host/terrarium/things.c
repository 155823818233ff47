/*
 * things.c: the table of requests and responses. Responses have no end in the ABI but that of the
 * guest, so what they may hold is limited together.
 */
#include "host/terrarium/things.h"

#include <stdlib.h>

#include "host/fetch/fetch.h"

/* Handle 0 is that of the request which came, and of the answer to it. */
static const uint32_t first_handle = 1;

struct terrarium_thing *terrarium_thing_new(struct terrarium_guest *guest, uint32_t *handle)
{
	uint32_t slot = 0;
	while (slot < TERRARIUM_MAX_THINGS && guest->things[slot])
		slot++;
	if (slot == TERRARIUM_MAX_THINGS) {
		terrarium_tell(guest, "more than %u requests and responses in one guest",
				TERRARIUM_MAX_THINGS);
		return NULL;
	}
	struct terrarium_thing *thing = calloc(1, sizeof *thing);
	if (!thing) {
		terrarium_tell(guest, "no memory for a request");
		return NULL;
	}
	thing->message.text.limit = TERRARIUM_FIELD_BYTES;
	thing->message.field_limit = TERRARIUM_FIELDS;
	host_response_reset(&thing->message);
	guest->things[slot] = thing;
	guest->thing_count++;
	*handle = slot + first_handle;
	return thing;
}

struct terrarium_thing *terrarium_thing(struct terrarium_guest *guest, uint32_t handle,
		enum terrarium_kind kind)
{
	uint32_t slot = handle - first_handle;
	struct terrarium_thing *thing = slot < TERRARIUM_MAX_THINGS ? guest->things[slot] : NULL;
	return thing && thing->kind == kind ? thing : NULL;
}

void terrarium_thing_stop(struct terrarium_guest *guest, struct terrarium_thing *thing)
{
	if (!thing->fetch)
		return;
	fetch_release(thing->fetch);
	thing->fetch = NULL;
	guest->sent--;
}

void terrarium_thing_drop(struct terrarium_guest *guest, uint32_t handle)
{
	struct terrarium_thing *thing = guest->things[handle - first_handle];
	guest->things[handle - first_handle] = NULL;
	guest->thing_count--;
	terrarium_thing_stop(guest, thing);
	guest->held -= thing->held;
	host_response_finish(&thing->message);
	terrarium_url_finish(&thing->url);
	free(thing);
}

void terrarium_things_drop(struct terrarium_guest *guest)
{
	for (uint32_t slot = 0; guest->thing_count; slot++) {
		if (guest->things[slot])
			terrarium_thing_drop(guest, slot + first_handle);
	}
}

bool terrarium_thing_count(struct terrarium_guest *guest, struct terrarium_thing *thing,
		size_t more)
{
	const struct host_response *message = &thing->message;
	/* The buffers double: what they have room for is at most twice this. */
	size_t held = message->text.length + message->field_count * sizeof *message->fields +
			message->body.length + thing->url.text.length + more;
	size_t limit = guest->call->guest->max_memory;
	if (limit && guest->held - thing->held + held > limit)
		return false;
	guest->held += held - thing->held;
	thing->held = held;
	return true;
}
