/*
 * send.c: requests to backends (fastly_http_req.send and its relatives), and their responses.
 */
#include <stdio.h>
#include <string.h>

#include "host/fastly/backends.h"
#include "host/fastly/body.h"
#include "host/fastly/fields.h"
#include "host/fastly/pending.h"
#include "host/fastly/response.h"
#include "host/fastly/service.h"
#include "host/fastly/settings.h"
#include "host/fastly/unpack.h"

/* ---- why there is no response ---- */

/* As it is in the guest's memory, as far as it is filled in. */
struct error_detail {
	uint32_t tag;
	uint32_t mask; /* of what follows: nothing */
};

/* Tags: enum send_error_detail_tag of the interface's description. */
enum { DETAIL_OK = 1, DETAIL_NOT_FOUND = 5, DETAIL_URI_INVALID = 21, DETAIL_INTERNAL = 22 };

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
			[FETCH_FIRST_BYTE_TIMEOUT] = 16,
			[FETCH_BETWEEN_BYTES_TIMEOUT] = 16,
			[FETCH_CLOSED] = 8,
			[FETCH_HEAD_TOO_LARGE] = 14,
			[FETCH_INVALID] = 19,
			[FETCH_NO_MEMORY] = DETAIL_INTERNAL,
			[FETCH_FAILED] = DETAIL_INTERNAL,
	};
	return tags[error];
}

/* Where a detail goes: an argument, or nowhere. */
enum { NO_DETAIL = -1 };

static bool detail_is_place(struct fastly_call *call, int index)
{
	return index == NO_DETAIL ||
			fastly_is_place(call, (unsigned)index, sizeof(struct error_detail));
}

static void detail_give(struct fastly_call *call, int index, uint32_t tag)
{
	const struct error_detail detail = {.tag = tag};
	if (index != NO_DETAIL)
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
	guest->held -= pending->counted;
	*pending = (struct fastly_pending){0};
	fastly_slot_give(&guest->pending_slots, (uint32_t)(pending - guest->pendings));
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
	for (size_t i = 0; i < head->field_count && body->coming; i++) {
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

/* A response and a body for what has come; the request is then no longer pending. */
static enum fastly_status response_make(struct fastly_guest *guest, struct fastly_pending *pending,
		struct fastly_message **message, struct fastly_body **body)
{
	*message = fastly_new_message(guest, FASTLY_RESPONSE);
	*body = *message ? fastly_new_body(guest) : NULL;
	if (!*body || !head_copy(guest, &(*message)->fields, fetch_head(pending->fetch))) {
		if (*message)
			fastly_close_message(guest, *message);
		if (*body)
			fastly_close_body(guest, *body);
		fastly_pending_close(guest, pending);
		return FASTLY_LIMITEXCEEDED;
	}
	/* What was sent may still be on its way: it goes on being counted. */
	(*body)->source = fetch_use(pending->fetch);
	(*body)->source_counted = pending->counted;
	(*body)->coming = coming_length(pending, &(*message)->fields.head);
	pending->counted = 0;
	bool is_made = !pending->unpacks || response_unpack(guest, *message, *body);
	fastly_pending_close(guest, pending);
	if (is_made)
		return FASTLY_OK;
	fastly_close_message(guest, *message);
	fastly_close_body(guest, *body);
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
	const char *reason;
	char line[256];
	enum fetch_error error = fetch_failure(pending->fetch, &reason);
	snprintf(line, sizeof line, "a request to a backend failed: %s", reason);
	fastly_tell(guest, line);
	fastly_pending_close(guest, pending);
	return error;
}

/* The response of a request, when it is there; all places have been looked at. */
static enum fastly_status pending_finish(struct fastly_call *call, struct fastly_pending *pending,
		int detail, unsigned index)
{
	enum fetch_progress progress = fetch_answered(pending->fetch);
	if (progress == FETCH_LATER)
		return FASTLY_WAITS;
	if (progress == FETCH_READY) {
		detail_give(call, detail, DETAIL_OK);
		return response_give(call, pending, index);
	}
	enum fetch_error error = pending_fail(call->guest, pending);
	detail_give(call, detail, detail_of(error));
	return error == FETCH_CLOSED ? FASTLY_HTTPINCOMPLETE : FASTLY_ERROR;
}

static bool are_places(struct fastly_call *call, int detail, unsigned index)
{
	return detail_is_place(call, detail) && fastly_is_place(call, index, sizeof(uint32_t)) &&
			fastly_is_place(call, index + 1, sizeof(uint32_t));
}

/* ---- sending ---- */

/* What a request is made of: the guest's things, and where they go. */
struct sending {
	struct fastly_message *message;
	struct fastly_body *body;
	const struct fastly_backend *backend;
	struct buffer path;
	struct sv_bytes host;
	bool is_streaming;
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
	struct fetch_request request = {
			.target = &sending->backend->target,
			.method = buffer_view(&sending->message->method),
			.path = buffer_view(&sending->path),
			.host = sending->host,
			.fields = &sending->message->fields.head,
			.call = guest->call,
			.has_more_body = sending->is_streaming,
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
	if (!sending->is_streaming) {
		fastly_close_body(call->guest, sending->body);
		return;
	}
	fastly_body_empty(call->guest, sending->body);
	sending->body->sink = fetch_use(fetch);
}

/* Send; the new pending request's slot. */
static enum fastly_status send_request(struct fastly_call *call, bool is_streaming, uint32_t *slot)
{
	struct fastly_guest *guest = call->guest;
	struct sending sending = {.is_streaming = is_streaming};
	size_t length;
	enum fastly_status status = sending_read(call, &sending);
	struct fetch *fetch = NULL;
	if (status == FASTLY_OK && !fastly_slot_take(&guest->pending_slots, slot)) {
		status = FASTLY_LIMITEXCEEDED;
	} else if (status == FASTLY_OK) {
		fetch = sending_begin(call, &sending, &length);
		status = fetch ? FASTLY_OK : FASTLY_ERROR;
		if (!fetch)
			fastly_slot_give(&guest->pending_slots, *slot);
	}
	buffer_finish(&sending.path);
	if (!fetch)
		return status;
	bool is_head = host_name_equal(buffer_view(&sending.message->method), host_text("HEAD"));
	bool unpacks = sending.message->unpacks;
	sending_end(call, &sending, fetch);
	guest->pendings[*slot] = (struct fastly_pending){
			.fetch = fetch, .counted = length, .is_head = is_head, .unpacks = unpacks};
	guest->held += length;
	return FASTLY_OK;
}

/* Send and wait: what is begun stays begun while the guest waits. */
static enum fastly_status send_and_wait(struct fastly_call *call, int detail, unsigned index)
{
	struct fastly_wait *wait = &call->guest->wait;
	enum fastly_status status;
	if (!are_places(call, detail, index))
		return FASTLY_INVAL;
	if (!wait->has_sent) {
		status = send_request(call, false, &wait->pending);
		wait->has_sent = status == FASTLY_OK;
		if (!wait->has_sent) {
			bool is_unknown = status == FASTLY_INVAL;
			if (status != FASTLY_WAITS)
				detail_give(call, detail,
						is_unknown ? DETAIL_NOT_FOUND : DETAIL_INTERNAL);
			return status;
		}
	}
	return pending_finish(call, &call->guest->pendings[wait->pending], detail, index);
}

enum fastly_status fastly_http_req_send(struct fastly_call *call)
{
	return send_and_wait(call, NO_DETAIL, 4);
}

enum fastly_status fastly_http_req_send_v2(struct fastly_call *call)
{
	return send_and_wait(call, 4, 5);
}

enum fastly_status fastly_http_req_send_v3(struct fastly_call *call)
{
	return send_and_wait(call, 4, 5);
}

static enum fastly_status send_async(struct fastly_call *call, bool is_streaming, unsigned index)
{
	uint32_t slot;
	if (!fastly_is_place(call, index, sizeof(uint32_t)))
		return FASTLY_INVAL;
	enum fastly_status status = send_request(call, is_streaming, &slot);
	return status == FASTLY_OK ? fastly_give_u32(call, index, FASTLY_PENDING_HANDLES + slot)
				   : status;
}

enum fastly_status fastly_http_req_send_async(struct fastly_call *call)
{
	return send_async(call, false, 4);
}

enum fastly_status fastly_http_req_send_async_streaming(struct fastly_call *call)
{
	return send_async(call, true, 4);
}

enum fastly_status fastly_http_req_send_async_v2(struct fastly_call *call)
{
	return send_async(call, fastly_argument(call, 4) != 0, 5);
}

/* ---- waiting ---- */

static enum fastly_status pending_wait(struct fastly_call *call, int detail, unsigned index)
{
	struct fastly_pending *pending = fastly_pending_of(call->guest, fastly_argument(call, 0));
	if (!pending)
		return FASTLY_BADF;
	return are_places(call, detail, index) ? pending_finish(call, pending, detail, index)
					       : FASTLY_INVAL;
}

enum fastly_status fastly_http_req_pending_req_wait(struct fastly_call *call)
{
	return pending_wait(call, NO_DETAIL, 1);
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
	if (!fastly_is_place(call, index, sizeof(uint32_t)) || !are_places(call, detail, index + 1))
		return FASTLY_INVAL;
	enum fastly_status status = pending_finish(call, pending, detail, index + 1);
	bool is_done = status != FASTLY_WAITS;
	if (!is_done || status == FASTLY_OK)
		(void)fastly_give_u32(call, index, is_done);
	return is_done ? status : FASTLY_OK;
}

enum fastly_status fastly_http_req_pending_req_poll(struct fastly_call *call)
{
	return pending_poll(call, NO_DETAIL, 1);
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
			!are_places(call, detail, index + 1))
		return FASTLY_INVAL;
	for (uint32_t i = 0; i < list.count; i++) {
		if (!fastly_pending_of(call->guest, fastly_handles_get(&list, i)))
			return FASTLY_BADF;
	}
	for (uint32_t i = 0; i < list.count; i++) {
		enum fastly_status status = pending_finish(call,
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
	return pending_select(call, NO_DETAIL, 2);
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
	enum fetch_progress progress = fetch_answered(pending->fetch);
	if (progress == FETCH_LATER)
		return FASTLY_WAITS;
	if (progress == FETCH_READY)
		return response_make(guest, pending, message, body);
	(void)pending_fail(guest, pending);
	*message = fastly_new_message(guest, FASTLY_RESPONSE);
	*body = *message ? fastly_new_body(guest) : NULL;
	if (*body) {
		(*message)->fields.head.status = 502;
		return FASTLY_OK;
	}
	if (*message)
		fastly_close_message(guest, *message);
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

/* ---- what changes nothing: there is no cache, and nothing is unpacked ---- */

static enum fastly_status request_is_there(struct fastly_call *call)
{
	return fastly_message(call, FASTLY_REQUEST, fastly_argument(call, 0)) ? FASTLY_OK
									      : FASTLY_BADF;
}

enum fastly_status fastly_http_req_cache_override_set(struct fastly_call *call)
{
	return request_is_there(call);
}

enum fastly_status fastly_http_req_cache_override_v2_set(struct fastly_call *call)
{
	struct sv_bytes key;
	return fastly_bytes(call, 4, &key) ? request_is_there(call) : FASTLY_INVAL;
}

enum fastly_status fastly_http_req_cache_override_v3_set(struct fastly_call *call)
{
	return request_is_there(call);
}

/* The one that there is. */
#define ENCODING_GZIP 1u

enum fastly_status fastly_http_req_auto_decompress_response_set(struct fastly_call *call)
{
	struct fastly_message *message =
			fastly_message(call, FASTLY_REQUEST, fastly_argument(call, 0));
	uint32_t encodings = fastly_argument(call, 1);
	if (!message)
		return FASTLY_BADF;
	if (encodings & ~ENCODING_GZIP)
		return FASTLY_UNSUPPORTED;
	message->unpacks = encodings != 0;
	return FASTLY_OK;
}
