/*
 * request.c: requests (fastly_http_req, fastly_http_downstream): the one that arrived, and those
 * that the guest makes.
 */
#include <arpa/inet.h>
#include <string.h>

#include "host/fastly/fastly.h"
#include "host/fastly/fields.h"
#include "host/fastly/flow.h"
#include "host/fastly/next.h"
#include "host/fastly/settings.h"

/* SDKs parse it as a whole URL. */
static bool request_write_uri(struct buffer *uri, const struct host_request *request)
{
	const struct host_header *host = host_request_header(request, "Host");
	struct sv_bytes name = host ? host->value : host_text(request->server_name);
	return buffer_printf(uri, NULL, "%s://%.*s", request->scheme, (int)name.length,
			       (const char *)name.data) &&
			buffer_append(uri, request->target.data, request->target.length, NULL);
}

static bool request_copy_fields(struct host_response *head, const struct host_request *request)
{
	for (size_t i = 0; i < request->header_count; i++) {
		if (!host_response_add(head, request->headers[i].name, request->headers[i].value,
				    NULL))
			return false;
	}
	return true;
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* As the guest knows it: 1 is HTTP/1.0, 2 HTTP/1.1, 3 HTTP/2. */
static uint32_t request_version(const struct host_request *request)
{
	return request->major_version > 1 ? 3 : request->minor_version ? 2 : 1;
}

static enum fastly_status request_copy(struct fastly_guest *guest, struct fastly_message *message)
{
	const struct host_request *request = guest->call->request;
	struct host_response *head = &message->fields.head;
	message->version = request_version(request);
	/* What the server has let in is within its limits; what the guest adds, within ours. */
	head->field_limit = head->text.limit = 0;
	bool is_copied = buffer_append(&message->method, request->method.data,
					 request->method.length, NULL) &&
			request_write_uri(&message->uri, request) &&
			request_copy_fields(head, request);
	head->field_limit = larger(FASTLY_MAX_FIELDS, head->field_count);
	head->text.limit = larger(FASTLY_MAX_FIELD_BYTES, head->text.length);
	guest->held += message->method.length + message->uri.length;
	fastly_fields_count(guest, &message->fields);
	if (guest->held > guest->call->guest->max_memory)
		return FASTLY_LIMITEXCEEDED;
	return is_copied ? FASTLY_OK : FASTLY_ERROR;
}

enum fastly_status fastly_give_request(struct fastly_call *call, unsigned index)
{
	struct fastly_guest *guest = call->guest;
	if (!fastly_is_place(call, index, sizeof(uint32_t)) ||
			!fastly_is_place(call, index + 1, sizeof(uint32_t)))
		return FASTLY_INVAL;
	struct fastly_message *message = fastly_new_message(guest, FASTLY_REQUEST);
	struct fastly_body *body = message ? fastly_new_body(guest) : NULL;
	enum fastly_status status = body ? request_copy(guest, message) : FASTLY_LIMITEXCEEDED;
	if (status != FASTLY_OK) {
		if (message)
			fastly_close_message(guest, message);
		if (body)
			fastly_close_body(guest, body);
		return status;
	}
	body->arrived = guest->call->request->body;
	body->intake = guest->call->request->intake;
	if (!body->intake && guest->call->request->trailers)
		flow_take_trailers(guest, body, guest->call->request->trailers, "the request's");
	(void)fastly_give_u32(call, index + 1, fastly_body_handle(guest, body));
	return fastly_give_u32(call, index, fastly_message_handle(guest, message));
}

enum fastly_status fastly_http_req_body_downstream_get(struct fastly_call *call)
{
	return fastly_give_request(call, 0);
}

/* Replace a method or URI. */
static bool request_set_text(struct fastly_call *call, struct buffer *text, struct sv_bytes bytes)
{
	size_t before = text->length;
	text->length = 0;
	if (!buffer_append(text, bytes.data, bytes.length, NULL)) {
		text->length = before;
		return false;
	}
	call->guest->held = call->guest->held - before + bytes.length;
	return true;
}

enum fastly_status fastly_http_req_new(struct fastly_call *call)
{
	static const char method[] = "GET";
	if (!fastly_is_place(call, 0, sizeof(uint32_t)))
		return FASTLY_INVAL;
	if (!fastly_may_hold(call->guest, sizeof method))
		return FASTLY_LIMITEXCEEDED;
	struct fastly_message *message = fastly_new_message(call->guest, FASTLY_REQUEST);
	if (!message)
		return FASTLY_LIMITEXCEEDED;
	if (request_set_text(call, &message->method, host_text(method)))
		return fastly_give_u32(call, 0, fastly_message_handle(call->guest, message));
	fastly_close_message(call->guest, message);
	return FASTLY_ERROR;
}

static struct fastly_message *request_of(struct fastly_call *call)
{
	return fastly_message(call, FASTLY_REQUEST, fastly_argument(call, 0));
}

enum fastly_status fastly_http_req_method_get(struct fastly_call *call)
{
	const struct fastly_message *message = request_of(call);
	return message ? fastly_give(call, 1, buffer_view(&message->method)) : FASTLY_BADF;
}

enum fastly_status fastly_http_req_uri_get(struct fastly_call *call)
{
	const struct fastly_message *message = request_of(call);
	return message ? fastly_give(call, 1, buffer_view(&message->uri)) : FASTLY_BADF;
}

/* Text of the guest's that has no control character or space. */
static enum fastly_status request_set(struct fastly_call *call, struct buffer *text)
{
	struct sv_bytes bytes;
	if (!fastly_bytes(call, 1, &bytes))
		return FASTLY_INVAL;
	if (bytes.length > FASTLY_MAX_URI || !fastly_may_hold(call->guest, bytes.length))
		return FASTLY_LIMITEXCEEDED;
	for (size_t i = 0; i < bytes.length; i++) {
		if (bytes.data[i] <= ' ' || bytes.data[i] == 0x7f)
			return FASTLY_HTTPINVALID;
	}
	if (!bytes.length)
		return FASTLY_HTTPINVALID;
	return request_set_text(call, text, bytes) ? FASTLY_OK : FASTLY_ERROR;
}

enum fastly_status fastly_http_req_method_set(struct fastly_call *call)
{
	struct fastly_message *message = request_of(call);
	return message ? request_set(call, &message->method) : FASTLY_BADF;
}

enum fastly_status fastly_http_req_uri_set(struct fastly_call *call)
{
	struct fastly_message *message = request_of(call);
	return message ? request_set(call, &message->uri) : FASTLY_BADF;
}

/* ---- about the client; newer functions name the request first ---- */

enum fastly_status fastly_http_req_original_header_names_get(struct fastly_call *call)
{
	return fastly_original_names(call, 0);
}

enum fastly_status fastly_http_downstream_downstream_original_header_names(struct fastly_call *call)
{
	return request_of(call) ? fastly_original_names(call, 1) : FASTLY_BADF;
}

static enum fastly_status give_header_count(struct fastly_call *call, unsigned index)
{
	return fastly_give_u32(call, index, (uint32_t)call->guest->call->request->header_count);
}

enum fastly_status fastly_http_req_original_header_count(struct fastly_call *call)
{
	return give_header_count(call, 0);
}

enum fastly_status fastly_http_downstream_downstream_original_header_count(struct fastly_call *call)
{
	return request_of(call) ? give_header_count(call, 1) : FASTLY_BADF;
}

/* Four or sixteen bytes; the guest has room for both. */
static enum fastly_status give_client(struct fastly_call *call, unsigned index)
{
	const char *text = call->guest->call->request->remote_address;
	uint8_t octets[16];
	size_t length = inet_pton(AF_INET, text, octets) == 1    ? 4
			: inet_pton(AF_INET6, text, octets) == 1 ? 16
								 : 0;
	if (!length)
		return FASTLY_NONE;
	uint8_t *to = fastly_range(call, fastly_argument(call, index), length);
	if (!to || !fastly_is_place(call, index + 1, sizeof(uint32_t)))
		return FASTLY_INVAL;
	memcpy(to, octets, length);
	return fastly_give_u32(call, index + 1, (uint32_t)length);
}

enum fastly_status fastly_http_req_downstream_client_ip_addr(struct fastly_call *call)
{
	return give_client(call, 0);
}

enum fastly_status fastly_http_downstream_downstream_client_ip_addr(struct fastly_call *call)
{
	return request_of(call) ? give_client(call, 1) : FASTLY_BADF;
}

/* Whether the request has a key that fastly.toml names. */
static bool key_is_valid(const struct fastly_call *call)
{
	const struct host_header *field =
			host_request_header(call->guest->call->request, "Fastly-Key");
	const json_t *keys = call->guest->settings->keys, *key;
	size_t index;
	json_array_foreach((json_t *)(uintptr_t)keys, index, key)
	{
		if (field && json_string_length(key) == field->value.length &&
				memcmp(json_string_value(key), field->value.data,
						field->value.length) == 0)
			return true;
	}
	return false;
}

enum fastly_status fastly_http_req_fastly_key_is_valid(struct fastly_call *call)
{
	return fastly_give_u32(call, 0, key_is_valid(call));
}

enum fastly_status fastly_http_downstream_fastly_key_is_valid(struct fastly_call *call)
{
	return request_of(call) ? fastly_give_u32(call, 1, key_is_valid(call)) : FASTLY_BADF;
}
