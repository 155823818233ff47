/*
 * response.c: responses (fastly_http_resp) and the sending of one to the client.
 */
#include "host/fastly/response.h"

#include "host/fastly/body.h"
#include "host/fastly/fields.h"
#include "host/fastly/flow.h"
#include "host/stream.h"

static struct fastly_message *response_of(struct fastly_call *call)
{
	return fastly_message(call, FASTLY_RESPONSE, fastly_argument(call, 0));
}

enum fastly_status fastly_http_resp_new(struct fastly_call *call)
{
	if (!fastly_is_place(call, 0, sizeof(uint32_t)))
		return FASTLY_INVAL;
	const struct fastly_message *message = fastly_new_message(call->guest, FASTLY_RESPONSE);
	return message ? fastly_give_u32(call, 0, fastly_message_handle(call->guest, message))
		       : FASTLY_LIMITEXCEEDED;
}

enum fastly_status fastly_http_resp_status_get(struct fastly_call *call)
{
	const struct fastly_message *message = response_of(call);
	return message ? fastly_give_u16(call, 1, (uint16_t)message->fields.head.status)
		       : FASTLY_BADF;
}

enum fastly_status fastly_http_resp_status_set(struct fastly_call *call)
{
	struct fastly_message *message = response_of(call);
	uint32_t status = fastly_argument(call, 1);
	if (!message)
		return FASTLY_BADF;
	if (status < 100 || status > 999)
		return FASTLY_HTTPINVALIDSTATUS;
	message->fields.head.status = (int)status;
	return FASTLY_OK;
}

/* Only what is automatic (0) is there: the server keeps connections itself. */
enum fastly_status fastly_http_resp_http_keepalive_mode_set(struct fastly_call *call)
{
	if (!response_of(call))
		return FASTLY_BADF;
	return fastly_argument(call, 1) == 0 ? FASTLY_OK : FASTLY_UNSUPPORTED;
}

/* ---- sending ---- */

bool fastly_response_is_whole(const struct fastly_guest *guest)
{
	return guest->has_sent && host_stream_look(guest->call->stream, NULL) == HOST_STREAM_WHOLE;
}

/* Head and what is there of the body. */
static bool response_copy(struct host_response *to, const struct fastly_message *message,
		const struct fastly_body *body, struct sv_error *error)
{
	struct sv_bytes parts[2];
	to->status = message->fields.head.status;
	for (size_t i = 0; i < message->fields.head.field_count; i++) {
		struct host_header field = host_response_field(&message->fields.head, i);
		TRY(host_response_add(to, field.name, field.value, error));
	}
	fastly_body_parts(body, parts);
	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
		if (parts[i].length)
			TRY(buffer_append(&to->body, parts[i].data, parts[i].length, error));
	}
	return true;
}

/*
 * How many bytes follow those that are there, if that is known, or -1: the guest means its
 * Content-Length, or the body comes from where its length is known. An answer to HEAD has no body:
 * what its length would be is what the guest says.
 */
static int64_t response_announce(struct host_call *call, const struct fastly_message *message,
		const struct fastly_body *body, bool is_streaming)
{
	struct host_response *response = call->response;
	bool is_head = host_name_equal(call->request->method, host_text("HEAD"));
	bool has_body = !is_head && response->status != 204 && response->status != 304;
	bool is_meant = has_body && is_streaming && message->is_manual;
	bool is_known = has_body && !is_streaming && flow_comes(body);
	int64_t there = (int64_t)response->body.length, more = -1;
	response->announced = -1;
	if (is_head)
		response->announced = fastly_fields_length(&message->fields.head);
	else if (is_meant)
		more = fastly_fields_length(&message->fields.head) - there;
	else if (is_known)
		more = flow_length(body);
	else if (has_body && !is_streaming)
		return 0; /* all of it is there */
	if (more < 0)
		return -1;
	response->announced = there + more;
	return more;
}

/* The response is the client's from here on, and so is the body, but for the end of a stream. */
static enum fastly_status response_begin(struct fastly_guest *guest, struct fastly_message *message,
		struct fastly_body *body, bool is_streaming)
{
	struct host_call *host = guest->call;
	struct sv_error error = SV_ERROR_INIT;
	guest->has_sent = true;
	guest->sent_body = fastly_body_handle(guest, body);
	message->kind = FASTLY_SENT;
	body->is_streaming = true;
	if (!response_copy(host->response, message, body, &error)) {
		host_outcome_set(host->outcome,
				error.code == SV_ERROR_LIMIT ? HOST_TOO_LARGE : HOST_FAILED,
				"the response: %s", error.text);
		return FASTLY_ERROR;
	}
	int64_t more = response_announce(host, message, body, is_streaming);
	fastly_body_empty(guest, body);
	host_stream_begin(host->stream, more);
	if (is_streaming || flow_comes(body))
		host_stream_flush(host->stream);
	return FASTLY_OK;
}

enum fastly_status fastly_response_send(struct fastly_guest *guest, struct fastly_message *message,
		struct fastly_body *body, bool is_streaming)
{
	enum fastly_status status = FASTLY_OK;
	if (!guest->wait.has_begun) {
		status = fastly_body_gather(guest, body, guest->call->stream->limit);
		if (status == FASTLY_OK)
			status = response_begin(guest, message, body, is_streaming);
		guest->wait.has_begun = status == FASTLY_OK;
	}
	if (status == FASTLY_OK)
		status = fastly_body_pour(guest, body, body);
	if (status == FASTLY_WAITS || is_streaming)
		return status;
	if (status == FASTLY_OK)
		return fastly_response_close(guest, body);
	if (guest->wait.has_begun)
		fastly_response_break(guest, body, "the response's body was cut off");
	return status;
}

enum fastly_status fastly_http_resp_send_downstream(struct fastly_call *call)
{
	struct fastly_guest *guest = call->guest;
	struct fastly_message *message = response_of(call);
	struct fastly_body *body = fastly_body(call, fastly_argument(call, 1));
	bool is_streaming = fastly_argument(call, 2) != 0;
	if (guest->wait.has_begun)
		return fastly_response_send(guest, message, body, is_streaming);
	bool is_sent = guest->has_sent && fastly_argument(call, 1) == guest->sent_body;
	if (!message || !body || body->sink || body->stored || is_sent)
		return FASTLY_BADF;
	/* Early hints: HTTP/1.1 clients need not be told. */
	if (!host_status_is_final(message->fields.head.status)) {
		fastly_close_message(guest, message);
		fastly_close_body(guest, body);
		return FASTLY_OK;
	}
	return guest->has_sent ? FASTLY_ERROR
			       : fastly_response_send(guest, message, body, is_streaming);
}

/* ---- streaming ---- */

enum fastly_status fastly_response_write(struct fastly_guest *guest, struct sv_bytes bytes,
		size_t *count)
{
	switch (host_stream_write(guest->call->stream, bytes, count)) {
	case HOST_STREAM_LATER:
		return FASTLY_WAITS;
	case HOST_STREAM_READY:
		return FASTLY_OK;
	case HOST_STREAM_TOO_LONG:
		fastly_tell(guest, "the response's body is longer than its Content-Length");
		return FASTLY_ERROR;
	case HOST_STREAM_LOST:
		break;
	}
	return FASTLY_ERROR;
}

enum fastly_status fastly_response_close(struct fastly_guest *guest, struct fastly_body *body)
{
	struct host_stream *stream = guest->call->stream;
	struct sv_error error = SV_ERROR_INIT;
	const struct host_response *trailers = &body->trailers.head;
	body->is_streaming = false;
	for (size_t i = 0; i < trailers->field_count; i++) {
		struct host_header field = host_response_field(trailers, i);
		if (host_response_add(&stream->trailers, field.name, field.value, &error))
			continue;
		host_outcome_set(guest->call->outcome,
				error.code == SV_ERROR_LIMIT ? HOST_TOO_LARGE : HOST_FAILED,
				"the response's trailers: %s", error.text);
		host_stream_break(stream);
		return FASTLY_ERROR;
	}
	return host_stream_end(stream) == HOST_STREAM_READY ? FASTLY_OK : FASTLY_ERROR;
}

void fastly_response_break(struct fastly_guest *guest, struct fastly_body *body, const char *reason)
{
	body->is_streaming = false;
	if (!host_stream_loss(guest->call->stream))
		host_outcome_set(guest->call->outcome, HOST_INVALID, "%s", reason);
	host_stream_break(guest->call->stream);
}

/* A guest that ends without a response gives an empty one. */
void fastly_response_end(struct fastly_guest *guest)
{
	struct host_stream *stream = guest->call->stream;
	bool is_whole = !guest->has_sent || fastly_response_is_whole(guest);
	if (!is_whole && !host_stream_loss(stream))
		host_outcome_set(guest->call->outcome, HOST_INVALID,
				"the guest ended without all of its response's body");
}
