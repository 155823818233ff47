/*
 * handles.c: requests, responses and bodies by number. Numbers of closed ones are used again.
 */
#include <assert.h>

#include "host/fastly/backends.h"
#include "host/fastly/body.h"
#include "host/fastly/entries.h"
#include "host/fastly/fastly.h"
#include "host/fastly/fields.h"
#include "host/fastly/flow.h"
#include "host/fastly/kv_ops.h"
#include "host/fastly/pending.h"
#include "host/kv.h"

bool fastly_may_hold(const struct fastly_guest *guest, size_t length)
{
	uint64_t most = guest->call->guest->max_memory;
	return guest->held <= most && length <= most - guest->held;
}

/* ---- numbers ---- */

static_assert(FASTLY_MAX_OPEN == 64, "a bit for each");

bool fastly_slot_is_taken(const struct fastly_slots *slots, uint32_t slot)
{
	return slot < FASTLY_MAX_OPEN && (slots->taken >> slot & 1);
}

bool fastly_slot_take(struct fastly_slots *slots, uint32_t *slot)
{
	if (slots->taken == UINT64_MAX)
		return false;
	*slot = (uint32_t)__builtin_ctzll(~slots->taken);
	slots->taken |= UINT64_C(1) << *slot;
	if (*slot == slots->used)
		slots->used++;
	return true;
}

void fastly_slot_give(struct fastly_slots *slots, uint32_t slot)
{
	slots->taken &= ~(UINT64_C(1) << slot);
}

/* ---- what they stand for ---- */

struct fastly_message *fastly_message(struct fastly_call *call, enum fastly_kind kind,
		uint32_t handle)
{
	struct fastly_guest *guest = call->guest;
	bool is_there = fastly_slot_is_taken(&guest->message_slots, handle) &&
			guest->messages[handle].kind == kind;
	return is_there ? &guest->messages[handle] : NULL;
}

struct fastly_body *fastly_body(struct fastly_call *call, uint32_t handle)
{
	struct fastly_guest *guest = call->guest;
	return fastly_slot_is_taken(&guest->body_slots, handle) ? &guest->bodies[handle] : NULL;
}

uint32_t fastly_message_handle(const struct fastly_guest *guest,
		const struct fastly_message *message)
{
	return (uint32_t)(message - guest->messages);
}

uint32_t fastly_body_handle(const struct fastly_guest *guest, const struct fastly_body *body)
{
	return (uint32_t)(body - guest->bodies);
}

struct fastly_message *fastly_new_message(struct fastly_guest *guest, enum fastly_kind kind)
{
	uint32_t slot;
	if (!fastly_slot_take(&guest->message_slots, &slot))
		return NULL;
	struct fastly_message *message = &guest->messages[slot];
	fastly_fields_reset(&message->fields);
	message->kind = kind;
	message->version = 2; /* HTTP/1.1 */
	message->is_manual = message->unpacks = false;
	message->from.length = 0;
	message->override = (struct fastly_override){.surrogates = message->override.surrogates};
	return message;
}

struct fastly_body *fastly_new_body(struct fastly_guest *guest)
{
	uint32_t slot;
	if (!fastly_slot_take(&guest->body_slots, &slot))
		return NULL;
	struct fastly_body *body = &guest->bodies[slot];
	fastly_fields_reset(&body->trailers);
	body->is_streaming = body->is_carried = false;
	body->coming = 0;
	return body;
}

/* What is large is not kept for the next one. */
static void fields_close(struct fastly_guest *guest, struct fastly_fields *fields)
{
	static const size_t kept = 4096;
	struct host_response *head = &fields->head;
	fastly_fields_reset(fields);
	guest->held -= fields->counted;
	fields->counted = 0;
	if (head->text.capacity > kept || head->field_capacity > kept / sizeof *head->fields)
		host_response_finish(head);
}

static void text_close(struct fastly_guest *guest, struct buffer *text)
{
	static const size_t kept = 4096;
	guest->held -= text->length;
	text->length = 0;
	if (text->capacity > kept)
		buffer_finish(text);
}

void fastly_close_message(struct fastly_guest *guest, struct fastly_message *message)
{
	message->kind = FASTLY_FREE;
	fields_close(guest, &message->fields);
	text_close(guest, &message->method);
	text_close(guest, &message->uri);
	text_close(guest, &message->override.surrogates);
	fastly_slot_give(&guest->message_slots, fastly_message_handle(guest, message));
}

void fastly_release_value(struct fastly_guest *guest, struct kv_value **value)
{
	if (*value)
		guest->held -= (*value)->bytes.length;
	kv_value_release(*value);
	*value = NULL;
}

void fastly_close_body(struct fastly_guest *guest, struct fastly_body *body)
{
	static const size_t kept = 16 * 1024;
	fields_close(guest, &body->trailers);
	guest->held -= body->own.length;
	body->own.length = body->read = 0;
	if (body->own.capacity > kept)
		buffer_finish(&body->own);
	body->arrived = (struct sv_bytes){0};
	body->intake = NULL;
	fastly_release_value(guest, &body->value);
	flow_close_source(guest, body);
	/* Who has not said that it is whole has given it up. */
	flow_abandon(body);
	fastly_slot_give(&guest->body_slots, fastly_body_handle(guest, body));
}

void fastly_close_all(struct fastly_guest *guest, bool is_end)
{
	uint32_t messages = guest->message_slots.used, bodies = guest->body_slots.used;
	for (uint32_t i = 0; i < messages; i++)
		fastly_close_message(guest, &guest->messages[i]);
	for (uint32_t i = 0; i < bodies; i++)
		fastly_close_body(guest, &guest->bodies[i]);
	for (uint32_t i = 0; is_end && i < messages; i++) {
		host_response_finish(&guest->messages[i].fields.head);
		buffer_finish(&guest->messages[i].method);
		buffer_finish(&guest->messages[i].uri);
		buffer_finish(&guest->messages[i].override.surrogates);
	}
	for (uint32_t i = 0; is_end && i < bodies; i++) {
		host_response_finish(&guest->bodies[i].trailers.head);
		buffer_finish(&guest->bodies[i].own);
	}
	for (uint32_t i = 0; i < guest->op_slots.used; i++)
		fastly_op_close(guest, &guest->ops[i]);
	for (uint32_t i = 0; i < guest->pending_slots.used; i++)
		fastly_pending_close(guest, &guest->pendings[i]);
	fastly_entries_close(guest);
	fastly_close_backends(guest);
	fastly_close_secrets(guest);
	check(guest->held == 0);
	for (size_t i = 0; i < ARRAY_LENGTH(guest->endpoints); i++)
		guest->endpoints[i][0] = '\0';
}
