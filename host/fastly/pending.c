/*
 * pending.c: requests that were sent and their responses: waiting for them, and handing them to the
 * guest or, without it, to the client.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/fastly/body.h"
#include "host/fastly/changes.h"
#include "host/fastly/fields.h"
#include "host/fastly/pending.h"
#include "host/fastly/readthrough.h"
#include "host/fastly/response.h"
#include "host/fastly/unpack.h"

/* ---- why there is no response ---- */

/* As it is in the guest's memory, as far as it is filled in. */
struct error_detail {
	uint32_t tag;
	uint32_t mask; /* of what follows: nothing */
};

static uint32_t detail_of(enum fetch_error error)
{
	static const uint32_t tags[] = {
			[FETCH_OK] = DETAIL_OK,
			[FETCH_NOT_RESOLVED] = 3,
			[FETCH_DENIED] = 6,
			[FETCH_REFUSED] = 7,
			[FETCH_CONNECT_TIMEOUT] = 9,
			[FETCH_CERTIFICATE] = 11,
			[FETCH_TLS] = 24,
			[FETCH_TLS_SETTINGS] = 12,
			[FETCH_FIRST_BYTE_TIMEOUT] = 16,
			[FETCH_BETWEEN_BYTES_TIMEOUT] = 16,
			[FETCH_CLOSED] = 8,
			[FETCH_HEAD_TOO_LARGE] = 14,
			[FETCH_INVALID] = 19,
			[FETCH_OLD] = 19,
			[FETCH_NO_MEMORY] = DETAIL_INTERNAL,
			[FETCH_NOT_KEPT] = 15,
			[FETCH_FAILED] = DETAIL_INTERNAL,
	};
	return tags[error];
}

bool fastly_detail_is_place(struct fastly_call *call, int index)
{
	return index == FASTLY_NO_DETAIL ||
			fastly_is_place(call, (unsigned)index, sizeof(struct error_detail));
}

void fastly_detail_give(struct fastly_call *call, int index, uint32_t tag)
{
	const struct error_detail detail = {.tag = tag};
	if (index != FASTLY_NO_DETAIL)
		(void)fastly_put(call, (unsigned)index, &detail, sizeof detail);
}

/* ---- pending requests ---- */

struct fastly_pending *fastly_pending_of(struct fastly_guest *guest, uint32_t handle)
{
	uint32_t slot = handle - FASTLY_PENDING_HANDLES;
	return fastly_slot_is_taken(&guest->pending_slots, slot) ? &guest->pendings[slot] : NULL;
}

void fastly_pending_close(struct fastly_guest *guest, struct fastly_pending *pending)
{
	fetch_release(pending->fetch);
	readthrough_close(guest, pending->through);
	fastly_changes_free(guest, pending->changes);
	guest->held -= pending->counted;
	*pending = (struct fastly_pending){0};
	fastly_slot_give(&guest->pending_slots, (uint32_t)(pending - guest->pendings));
}

enum fetch_progress fastly_pending_answered(struct fastly_guest *guest,
		struct fastly_pending *pending)
{
	return pending->through ? readthrough_answered(guest, pending)
				: fetch_answered(pending->fetch);
}

static bool head_copy(struct fastly_guest *guest, struct fastly_fields *fields,
		const struct host_response *head)
{
	fields->head.status = head->status;
	for (size_t i = 0; i < head->field_count; i++) {
		struct host_header field = host_response_field(head, i);
		size_t length = field.name.length + field.value.length + sizeof *head->fields;
		if (!fastly_may_hold(guest, length) ||
				!host_response_add(&fields->head, field.name, field.value, NULL))
			return false;
		fastly_fields_count(guest, fields);
	}
	return true;
}

/* Some answers have no body, whatever its length would be. */
static int64_t coming_length(const struct fastly_pending *pending, const struct host_response *head)
{
	bool has_body = !pending->is_head && head->status != 204 && head->status != 304;
	return has_body ? fastly_fields_length(head) : 0;
}

/* The guest sees a body as it was before it was compressed, and no field that tells of that. */
static bool response_unpack(struct fastly_guest *guest, struct fastly_message *message,
		struct fastly_body *body)
{
	struct host_response *head = &message->fields.head;
	static const char encoding[] = "Content-Encoding";
	bool is_packed = false;
	for (size_t i = 0; i < head->field_count && (body->cached || body->coming); i++) {
		struct host_header field = host_response_field(head, i);
		is_packed |= host_name_equal(field.name, host_text(encoding)) &&
				host_name_equal(field.value, host_text("gzip"));
	}
	if (!is_packed)
		return true;
	body->unpack = fastly_may_hold(guest, UNPACK_BYTES) ? unpack_new() : NULL;
	if (!body->unpack)
		return false;
	guest->held += UNPACK_BYTES;
	body->source_counted += UNPACK_BYTES;
	body->coming = -1;
	host_response_remove(head, host_text(encoding), head->field_count);
	host_response_remove(head, host_text("Content-Length"), head->field_count);
	fastly_fields_count(guest, &message->fields);
	return true;
}

static void note_address(struct fastly_message *message, const struct fetch *fetch)
{
	const char *text = fetch_address(fetch, &message->from.port);
	if (inet_pton(AF_INET, text, message->from.octets) == 1)
		message->from.length = 4;
	else if (inet_pton(AF_INET6, text, message->from.octets) == 1)
		message->from.length = 16;
}

/* What has come from the backend; LIMITEXCEEDED: neither. */
static enum fastly_status response_copy(struct fastly_guest *guest, struct fastly_pending *pending,
		struct fastly_message **message, struct fastly_body **body)
{
	*message = fastly_new_message(guest, FASTLY_RESPONSE);
	*body = *message ? fastly_new_body(guest) : NULL;
	if (!*body || !head_copy(guest, &(*message)->fields, fetch_head(pending->fetch))) {
		if (*message)
			fastly_close_message(guest, *message);
		if (*body)
			fastly_close_body(guest, *body);
		return FASTLY_LIMITEXCEEDED;
	}
	note_address(*message, pending->fetch);
	/* The cache asks for the body even if the guest does not. */
	(*body)->coming = coming_length(pending, &(*message)->fields.head);
	if (pending->is_head && pending->through)
		return FASTLY_OK;
	/* What was sent may still be on its way: it goes on being counted. */
	(*body)->source = fetch_use(pending->fetch);
	(*body)->source_counted = pending->counted;
	pending->counted = 0;
	return FASTLY_OK;
}

/* A response and a body for what has come; the request is then no longer pending. */
static enum fastly_status response_make(struct fastly_guest *guest, struct fastly_pending *pending,
		struct fastly_message **message, struct fastly_body **body)
{
	bool is_kept = pending->through && readthrough_object(pending->through);
	enum fastly_status status = is_kept ? readthrough_make(guest, pending, message, body)
					    : response_copy(guest, pending, message, body);
	bool is_made = status == FASTLY_OK;
	bool unpacks = pending->unpacks && !pending->is_head;
	if (is_made && unpacks && !response_unpack(guest, *message, *body))
		is_made = false;
	if (is_made && pending->through)
		is_made = readthrough_tell(pending->through, &(*message)->fields.head);
	if (is_made)
		is_made = fastly_changes_apply(pending->changes, false, &(*message)->fields.head);
	fastly_pending_close(guest, pending);
	if (is_made)
		fastly_fields_count(guest, &(*message)->fields);
	if (is_made)
		return FASTLY_OK;
	if (status == FASTLY_OK) {
		fastly_close_message(guest, *message);
		fastly_close_body(guest, *body);
	}
	return FASTLY_LIMITEXCEEDED;
}

/* Arguments from `index` are where the handles go. */
static enum fastly_status response_give(struct fastly_call *call, struct fastly_pending *pending,
		unsigned index)
{
	struct fastly_message *message;
	struct fastly_body *body;
	enum fastly_status status = response_make(call->guest, pending, &message, &body);
	if (status != FASTLY_OK)
		return status;
	(void)fastly_give_u32(call, index, fastly_message_handle(call->guest, message));
	return fastly_give_u32(call, index + 1, fastly_body_handle(call->guest, body));
}

/* Why there is none, for the log and the guest; it is no longer pending. */
static enum fetch_error pending_fail(struct fastly_guest *guest, struct fastly_pending *pending)
{
	const char *reason = "it could not be begun";
	char line[256];
	enum fetch_error error =
			pending->fetch ? fetch_failure(pending->fetch, &reason) : FETCH_FAILED;
	snprintf(line, sizeof line, "a request to a backend failed: %s", reason);
	fastly_tell(guest, line);
	fastly_pending_close(guest, pending);
	return error;
}

/* The response of a request, when it is there; all places have been looked at. */
enum fastly_status fastly_pending_finish(struct fastly_call *call, struct fastly_pending *pending,
		int detail, unsigned index)
{
	enum fetch_progress progress = fastly_pending_answered(call->guest, pending);
	if (progress == FETCH_LATER)
		return FASTLY_WAITS;
	if (progress == FETCH_READY) {
		fastly_detail_give(call, detail, DETAIL_OK);
		return response_give(call, pending, index);
	}
	enum fetch_error error = pending_fail(call->guest, pending);
	fastly_detail_give(call, detail, detail_of(error));
	return error == FETCH_CLOSED ? FASTLY_HTTPINCOMPLETE : FASTLY_ERROR;
}

bool fastly_pending_are_places(struct fastly_call *call, int detail, unsigned index)
{
	return fastly_detail_is_place(call, detail) &&
			fastly_is_place(call, index, sizeof(uint32_t)) &&
			fastly_is_place(call, index + 1, sizeof(uint32_t));
}

/* ---- waiting ---- */

static enum fastly_status pending_wait(struct fastly_call *call, int detail, unsigned index)
{
	struct fastly_pending *pending = fastly_pending_of(call->guest, fastly_argument(call, 0));
	if (!pending)
		return FASTLY_BADF;
	return fastly_pending_are_places(call, detail, index)
			? fastly_pending_finish(call, pending, detail, index)
			: FASTLY_INVAL;
}

enum fastly_status fastly_http_req_pending_req_wait(struct fastly_call *call)
{
	return pending_wait(call, FASTLY_NO_DETAIL, 1);
}

enum fastly_status fastly_http_req_pending_req_wait_v2(struct fastly_call *call)
{
	return pending_wait(call, 1, 2);
}

/* Arguments from `index`: whether it is done, then what is there if it is. */
static enum fastly_status pending_poll(struct fastly_call *call, int detail, unsigned index)
{
	struct fastly_pending *pending = fastly_pending_of(call->guest, fastly_argument(call, 0));
	if (!pending)
		return FASTLY_BADF;
	if (!fastly_is_place(call, index, sizeof(uint32_t)) ||
			!fastly_pending_are_places(call, detail, index + 1))
		return FASTLY_INVAL;
	enum fastly_status status = fastly_pending_finish(call, pending, detail, index + 1);
	bool is_done = status != FASTLY_WAITS;
	if (!is_done || status == FASTLY_OK)
		(void)fastly_give_u32(call, index, is_done);
	return is_done ? status : FASTLY_OK;
}

enum fastly_status fastly_http_req_pending_req_poll(struct fastly_call *call)
{
	return pending_poll(call, FASTLY_NO_DETAIL, 1);
}

enum fastly_status fastly_http_req_pending_req_poll_v2(struct fastly_call *call)
{
	return pending_poll(call, 1, 2);
}

/* The first of those in the list that is done; arguments from `index`: which, and its response. */
static enum fastly_status pending_select(struct fastly_call *call, int detail, unsigned index)
{
	struct fastly_handles list;
	if (!fastly_handles_read(call, &list) || !list.count ||
			!fastly_is_place(call, index, sizeof(uint32_t)) ||
			!fastly_pending_are_places(call, detail, index + 1))
		return FASTLY_INVAL;
	for (uint32_t i = 0; i < list.count; i++) {
		if (!fastly_pending_of(call->guest, fastly_handles_get(&list, i)))
			return FASTLY_BADF;
	}
	for (uint32_t i = 0; i < list.count; i++) {
		enum fastly_status status = fastly_pending_finish(call,
				fastly_pending_of(call->guest, fastly_handles_get(&list, i)),
				detail, index + 1);
		if (status == FASTLY_WAITS)
			continue;
		(void)fastly_give_u32(call, index, i);
		return status;
	}
	return FASTLY_WAITS;
}

enum fastly_status fastly_http_req_pending_req_select(struct fastly_call *call)
{
	return pending_select(call, FASTLY_NO_DETAIL, 2);
}

enum fastly_status fastly_http_req_pending_req_select_v2(struct fastly_call *call)
{
	return pending_select(call, 2, 3);
}

/* ---- to the client without the guest ---- */

/* What goes to the client: the backend's response, or one that says that there is none. */
static enum fastly_status client_response(struct fastly_guest *guest,
		struct fastly_pending *pending, struct fastly_message **message,
		struct fastly_body **body)
{
	enum fetch_progress progress = fastly_pending_answered(guest, pending);
	if (progress == FETCH_LATER)
		return FASTLY_WAITS;
	if (progress == FETCH_READY)
		return response_make(guest, pending, message, body);
	struct fastly_changes *changes = pending->changes;
	pending->changes = NULL;
	(void)pending_fail(guest, pending);
	*message = fastly_new_message(guest, FASTLY_RESPONSE);
	*body = *message ? fastly_new_body(guest) : NULL;
	if (*message)
		(*message)->fields.head.status = 502;
	bool is_made = *body && fastly_changes_apply(changes, true, &(*message)->fields.head);
	fastly_changes_free(guest, changes);
	if (*message)
		fastly_fields_count(guest, &(*message)->fields);
	if (is_made)
		return FASTLY_OK;
	if (*message)
		fastly_close_message(guest, *message);
	if (*body)
		fastly_close_body(guest, *body);
	return FASTLY_LIMITEXCEEDED;
}

/* The guest waits here, so that it need not do so in its own code. */
enum fastly_status fastly_http_resp_send_downstream_pending(struct fastly_call *call)
{
	struct fastly_guest *guest = call->guest;
	struct fastly_message *message = NULL;
	struct fastly_body *body = &guest->bodies[guest->sent_body];
	if (!guest->wait.has_begun) {
		struct fastly_pending *pending = fastly_pending_of(guest, fastly_argument(call, 0));
		if (!pending)
			return FASTLY_BADF;
		if (guest->has_sent)
			return FASTLY_ERROR;
		enum fastly_status status = client_response(guest, pending, &message, &body);
		if (status != FASTLY_OK)
			return status;
	}
	return fastly_response_send(guest, message, body, false);
}
