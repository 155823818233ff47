/*
 * handles.c: requests, responses and bodies by number. Numbers of closed ones are used again.
 */
#include "host/fastly/fastly.h"

struct fastly_message *fastly_message(struct fastly_call *call, enum fastly_kind kind,
		uint32_t handle)
{
	struct fastly_guest *guest = call->guest;
	bool is_there = handle < guest->message_count && guest->messages[handle].kind == kind;
	return is_there ? &guest->messages[handle] : NULL;
}

struct fastly_body *fastly_body(struct fastly_call *call, uint32_t handle)
{
	struct fastly_guest *guest = call->guest;
	bool is_there = handle < guest->body_count && guest->bodies[handle].is_open;
	return is_there ? &guest->bodies[handle] : NULL;
}

enum fastly_status fastly_new_message(struct fastly_call *call, enum fastly_kind kind,
		unsigned index, struct fastly_message **message)
{
	struct fastly_guest *guest = call->guest;
	uint32_t handle = 0;
	while (handle < guest->message_count && guest->messages[handle].kind != FASTLY_FREE)
		handle++;
	if (handle == FASTLY_MAX_OPEN)
		return FASTLY_LIMITEXCEEDED;
	enum fastly_status status = fastly_give_u32(call, index, handle);
	if (status != FASTLY_OK)
		return status;
	if (handle == guest->message_count)
		guest->message_count++;
	*message = &guest->messages[handle];
	host_response_reset(&(*message)->head);
	(*message)->head.field_limit = FASTLY_MAX_FIELDS;
	(*message)->head.text.limit = FASTLY_MAX_FIELD_BYTES;
	(*message)->method.length = (*message)->uri.length = 0;
	(*message)->kind = kind;
	(*message)->version = 2; /* HTTP/1.1 */
	return FASTLY_OK;
}

enum fastly_status fastly_new_body(struct fastly_call *call, unsigned index,
		struct fastly_body **body)
{
	struct fastly_guest *guest = call->guest;
	uint32_t handle = 0;
	while (handle < guest->body_count && guest->bodies[handle].is_open)
		handle++;
	if (handle == FASTLY_MAX_OPEN)
		return FASTLY_LIMITEXCEEDED;
	enum fastly_status status = fastly_give_u32(call, index, handle);
	if (status != FASTLY_OK)
		return status;
	if (handle == guest->body_count)
		guest->body_count++;
	*body = &guest->bodies[handle];
	host_response_reset(&(*body)->trailers);
	(*body)->trailers.field_limit = FASTLY_MAX_FIELDS;
	(*body)->trailers.text.limit = FASTLY_MAX_FIELD_BYTES;
	(*body)->is_open = true;
	(*body)->is_streaming = false;
	return FASTLY_OK;
}

/* What is large is not kept for the next one. */
static void head_shrink(struct host_response *head)
{
	static const size_t kept = 4096;
	if (head->text.capacity > kept || head->field_capacity > kept / sizeof *head->fields)
		host_response_finish(head);
}

void fastly_close_message(struct fastly_message *message)
{
	static const size_t kept = 4096;
	message->kind = FASTLY_FREE;
	head_shrink(&message->head);
	if (message->uri.capacity > kept)
		buffer_finish(&message->uri);
	if (message->method.capacity > kept)
		buffer_finish(&message->method);
}

void fastly_close_body(struct fastly_guest *guest, struct fastly_body *body)
{
	static const size_t kept = 16 * 1024;
	head_shrink(&body->trailers);
	guest->held -= body->own.length;
	body->own.length = body->read = 0;
	if (body->own.capacity > kept)
		buffer_finish(&body->own);
	body->arrived = (struct sv_bytes){0};
	body->is_open = false;
}

void fastly_close_all(struct fastly_guest *guest, bool is_end)
{
	for (uint32_t i = 0; i < guest->message_count; i++)
		fastly_close_message(&guest->messages[i]);
	for (uint32_t i = 0; i < guest->body_count; i++)
		fastly_close_body(guest, &guest->bodies[i]);
	for (uint32_t i = 0; is_end && i < guest->message_count; i++) {
		host_response_finish(&guest->messages[i].head);
		buffer_finish(&guest->messages[i].method);
		buffer_finish(&guest->messages[i].uri);
	}
	for (uint32_t i = 0; is_end && i < guest->body_count; i++) {
		host_response_finish(&guest->bodies[i].trailers);
		buffer_finish(&guest->bodies[i].own);
	}
	check(guest->held == 0);
	if (is_end)
		guest->message_count = guest->body_count = 0;
	for (size_t i = 0; i < ARRAY_LENGTH(guest->endpoints); i++)
		guest->endpoints[i][0] = '\0';
}
