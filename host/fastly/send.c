/*
 * send.c: requests to backends (fastly_http_req.send and its relatives).
 */
#include <stdio.h>
#include <string.h>

#include "host/fastly/backends.h"
#include "host/fastly/body.h"
#include "host/fastly/fields.h"
#include "host/fastly/pending.h"
#include "host/fastly/readthrough.h"
#include "host/fastly/service.h"

/* ---- sending ---- */

enum send_way {
	SEND_THROUGH,   /* the cache, if its method and what it overrides allow that */
	SEND_STRAIGHT,
	SEND_STREAMING, /* straight, and its body is still being written */
};

/* What a request is made of: the guest's things, and where they go. */
struct sending {
	struct fastly_message *message;
	struct fastly_body *body;
	const struct fastly_backend *backend;
	struct buffer path;
	struct sv_bytes host;
	enum send_way way;
	uint32_t detail; /* of what went wrong */
};

static void tell_unknown_backend(struct fastly_call *call)
{
	struct sv_bytes name;
	char line[400];
	if (!fastly_bytes(call, 2, &name))
		return;
	int length = (int)(name.length < 200 ? name.length : 200);
	snprintf(line, sizeof line,
			"there is no backend \"%.*s\": --config names a fastly.toml with "
			"[local_server.backends.%.*s] and a url",
			length, (const char *)name.data, length < 60 ? length : 60,
			(const char *)name.data);
	fastly_tell(call->guest, line);
}

/* The path with the query, behind that of the backend; the authority is what the URI has. */
static bool uri_split(struct sending *sending, struct sv_bytes uri, struct sv_bytes *authority)
{
	const char *prefix = sending->backend->path;
	if (!uri.length)
		uri = host_text("");
	const uint8_t *end = uri.data + uri.length, *at = uri.data;
	const uint8_t *scheme = memmem(uri.data, uri.length, "://", 3);
	*authority = (struct sv_bytes){0};
	if (scheme) {
		at = scheme + 3;
		authority->data = at;
		while (at < end && *at != '/' && *at != '?' && *at != '#')
			at++;
		authority->length = (size_t)(at - authority->data);
	}
	const uint8_t *fragment = at < end ? memchr(at, '#', (size_t)(end - at)) : NULL;
	end = fragment ? fragment : end;
	bool has_slash = at < end && *at == '/';
	return buffer_append(&sending->path, prefix, strlen(prefix), NULL) &&
			(has_slash || buffer_append(&sending->path, "/", 1, NULL)) &&
			(at == end || buffer_append(&sending->path, at, (size_t)(end - at), NULL));
}

/* What the backend is to be called; else what the request says, or where it goes. */
static void host_choose(struct sending *sending, struct sv_bytes authority)
{
	const struct fastly_backend *backend = sending->backend;
	const struct host_response *head = &sending->message->fields.head;
	sending->host = authority.length ? authority : host_text(backend->host);
	for (size_t i = 0; i < head->field_count; i++) {
		struct host_header field = host_response_field(head, i);
		if (host_name_equal(field.name, host_text("Host")))
			sending->host = field.value;
	}
	if (backend->override_host[0])
		sending->host = host_text(backend->override_host);
}

/* Request, body and backend of arguments 0 to 3. */
static enum fastly_status sending_read(struct fastly_call *call, struct sending *sending)
{
	enum fastly_status status;
	struct sv_bytes authority;
	sending->message = fastly_message(call, FASTLY_REQUEST, fastly_argument(call, 0));
	if (!sending->message)
		return FASTLY_BADF;
	sending->backend = fastly_backend_of(call, 2, &status);
	if (!sending->backend) {
		sending->detail = DETAIL_NOT_FOUND;
		tell_unknown_backend(call);
		return status;
	}
	status = fastly_body_whole(call, fastly_argument(call, 1), &sending->body);
	if (status != FASTLY_OK)
		return status;
	if (!uri_split(sending, buffer_view(&sending->message->uri), &authority))
		return FASTLY_ERROR;
	host_choose(sending, authority);
	return FASTLY_OK;
}

/* The bytes of a body, which are then somebody else's. */
static bool body_give_away(struct fastly_guest *guest, struct fastly_body *body,
		struct buffer *bytes)
{
	struct sv_bytes parts[2];
	fastly_body_parts(body, parts);
	if (!parts[0].length && !body->read) {
		*bytes = body->own;
		guest->held -= body->own.length;
		body->own = (struct buffer){0};
		return true;
	}
	return buffer_append(bytes, parts[0].data, parts[0].length, NULL) &&
			(!parts[1].length ||
					buffer_append(bytes, parts[1].data, parts[1].length, NULL));
}

static struct fetch *sending_begin(struct fastly_call *call, struct sending *sending,
		size_t *length)
{
	struct fastly_guest *guest = call->guest;
	struct sv_error error = SV_ERROR_INIT;
	readthrough_forget_key(sending->message);
	struct fetch_request request = {
			.target = &sending->backend->target,
			.method = buffer_view(&sending->message->method),
			.path = buffer_view(&sending->path),
			.host = sending->host,
			.fields = &sending->message->fields.head,
			.call = guest->call,
			.has_more_body = sending->way == SEND_STREAMING,
			.waker = guest->call->waker,
	};
	*length = fastly_body_left(sending->body);
	struct fetch *fetch = NULL;
	if (body_give_away(guest, sending->body, &request.body))
		fetch = fetch_start(guest->service->fetcher, &request, &error);
	if (!fetch) {
		buffer_finish(&request.body);
		fastly_tell(guest, error.code ? error.text : "no memory for a request");
	}
	return fetch;
}

/* Request and body are the backend's then, but for the body of a stream. */
static void sending_end(struct fastly_call *call, struct sending *sending, struct fetch *fetch)
{
	fastly_close_message(call->guest, sending->message);
	if (sending->way != SEND_STREAMING) {
		fastly_close_body(call->guest, sending->body);
		return;
	}
	fastly_body_empty(call->guest, sending->body);
	sending->body->sink = fetch_use(fetch);
}

/* Begin a request that comes through the cache. */
static enum fastly_status through_begin(struct fastly_call *call, struct sending *sending,
		struct fastly_pending *pending)
{
	const struct readthrough_request request = {sending->message, sending->backend,
			buffer_view(&sending->path), sending->host};
	enum fastly_status status;
	pending->through = readthrough_new(call->guest, &request, &status, &sending->detail);
	if (!pending->through)
		return status;
	sending_end(call, sending, NULL);
	/* What can be done without waiting is done now. */
	(void)readthrough_answered(call->guest, pending);
	return FASTLY_OK;
}

static enum fastly_status straight_begin(struct fastly_call *call, struct sending *sending,
		struct fastly_pending *pending)
{
	size_t length;
	pending->fetch = sending_begin(call, sending, &length);
	if (!pending->fetch)
		return FASTLY_ERROR;
	sending_end(call, sending, pending->fetch);
	pending->counted = length;
	call->guest->held += length;
	return FASTLY_OK;
}

static enum fastly_status pending_begin(struct fastly_call *call, struct sending *sending,
		struct fastly_pending *pending)
{
	const struct fastly_message *message = sending->message;
	bool is_through = sending->way == SEND_THROUGH && readthrough_is_for(message) &&
			!fastly_body_left(sending->body);
	*pending = (struct fastly_pending){
			.is_head = host_name_equal(buffer_view(&message->method),
					host_text("HEAD")),
			.unpacks = message->unpacks,
	};
	return is_through ? through_begin(call, sending, pending)
			  : straight_begin(call, sending, pending);
}

/* Send; the new pending request's slot, or why there is none. */
static enum fastly_status send_request(struct fastly_call *call, enum send_way way, uint32_t *slot,
		uint32_t *detail)
{
	struct fastly_guest *guest = call->guest;
	struct sending sending = {.way = way, .detail = DETAIL_INTERNAL};
	enum fastly_status status = sending_read(call, &sending);
	if (status == FASTLY_OK && !fastly_slot_take(&guest->pending_slots, slot)) {
		status = FASTLY_LIMITEXCEEDED;
	} else if (status == FASTLY_OK) {
		status = pending_begin(call, &sending, &guest->pendings[*slot]);
		if (status != FASTLY_OK)
			fastly_slot_give(&guest->pending_slots, *slot);
	}
	buffer_finish(&sending.path);
	*detail = sending.detail;
	return status;
}

/* Send and wait: what is begun stays begun while the guest waits. */
static enum fastly_status send_and_wait(struct fastly_call *call, enum send_way way, int detail,
		unsigned index)
{
	struct fastly_wait *wait = &call->guest->wait;
	uint32_t reason;
	if (!fastly_pending_are_places(call, detail, index))
		return FASTLY_INVAL;
	if (!wait->has_sent) {
		enum fastly_status status = send_request(call, way, &wait->pending, &reason);
		wait->has_sent = status == FASTLY_OK;
		if (!wait->has_sent && status != FASTLY_WAITS)
			fastly_detail_give(call, detail, reason);
		if (!wait->has_sent)
			return status;
	}
	return fastly_pending_finish(call, &call->guest->pendings[wait->pending], detail, index);
}

enum fastly_status fastly_http_req_send(struct fastly_call *call)
{
	return send_and_wait(call, SEND_THROUGH, FASTLY_NO_DETAIL, 4);
}

enum fastly_status fastly_http_req_send_v2(struct fastly_call *call)
{
	return send_and_wait(call, SEND_THROUGH, 4, 5);
}

enum fastly_status fastly_http_req_send_v3(struct fastly_call *call)
{
	return send_and_wait(call, SEND_STRAIGHT, 4, 5);
}

static enum fastly_status send_async(struct fastly_call *call, enum send_way way, unsigned index)
{
	uint32_t slot, detail;
	if (!fastly_is_place(call, index, sizeof(uint32_t)))
		return FASTLY_INVAL;
	enum fastly_status status = send_request(call, way, &slot, &detail);
	return status == FASTLY_OK ? fastly_give_u32(call, index, FASTLY_PENDING_HANDLES + slot)
				   : status;
}

enum fastly_status fastly_http_req_send_async(struct fastly_call *call)
{
	return send_async(call, SEND_THROUGH, 4);
}

enum fastly_status fastly_http_req_send_async_streaming(struct fastly_call *call)
{
	return send_async(call, SEND_STREAMING, 4);
}

enum fastly_status fastly_http_req_send_async_v2(struct fastly_call *call)
{
	return send_async(call, fastly_argument(call, 4) ? SEND_STREAMING : SEND_STRAIGHT, 5);
}
