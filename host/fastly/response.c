/*
 * response.c: responses (fastly_http_resp) and the sending of one to the client.
 */
#include "host/fastly/fastly.h"

static struct fastly_message *response_of(struct fastly_call *call)
{
	return fastly_message(call, FASTLY_RESPONSE, fastly_argument(call, 0));
}

enum fastly_status fastly_http_resp_new(struct fastly_call *call)
{
	struct fastly_message *message;
	return fastly_new_message(call, FASTLY_RESPONSE, 0, &message);
}

enum fastly_status fastly_http_resp_close(struct fastly_call *call)
{
	struct fastly_message *message = response_of(call);
	if (!message)
		return FASTLY_BADF;
	fastly_close_message(message);
	return FASTLY_OK;
}

enum fastly_status fastly_http_resp_status_get(struct fastly_call *call)
{
	const struct fastly_message *message = response_of(call);
	return message ? fastly_give_u16(call, 1, (uint16_t)message->head.status) : FASTLY_BADF;
}

enum fastly_status fastly_http_resp_status_set(struct fastly_call *call)
{
	struct fastly_message *message = response_of(call);
	uint32_t status = fastly_argument(call, 1);
	if (!message)
		return FASTLY_BADF;
	if (status < 100 || status > 999)
		return FASTLY_HTTPINVALIDSTATUS;
	message->head.status = (int)status;
	return FASTLY_OK;
}

enum fastly_status fastly_http_resp_version_get(struct fastly_call *call)
{
	const struct fastly_message *message = response_of(call);
	return message ? fastly_give_u32(call, 1, message->version) : FASTLY_BADF;
}

enum fastly_status fastly_http_resp_version_set(struct fastly_call *call)
{
	struct fastly_message *message = response_of(call);
	uint32_t version = fastly_argument(call, 1);
	if (!message)
		return FASTLY_BADF;
	if (version > 4)
		return FASTLY_INVAL;
	message->version = version;
	return FASTLY_OK;
}

/* Only what is automatic (0) is there: the server frames messages and keeps connections itself. */
static enum fastly_status response_mode(struct fastly_call *call)
{
	if (!response_of(call))
		return FASTLY_BADF;
	return fastly_argument(call, 1) == 0 ? FASTLY_OK : FASTLY_UNSUPPORTED;
}

enum fastly_status fastly_http_resp_framing_headers_mode_set(struct fastly_call *call)
{
	return response_mode(call);
}

enum fastly_status fastly_http_resp_http_keepalive_mode_set(struct fastly_call *call)
{
	return response_mode(call);
}

/*
 * Both handles are the client's then, but for the body of a stream, which the guest writes on.
 * What is sent is what they are when the guest ends.
 */
enum fastly_status fastly_http_resp_send_downstream(struct fastly_call *call)
{
	struct fastly_guest *guest = call->guest;
	struct fastly_message *message = response_of(call);
	struct fastly_body *body = fastly_body(call, fastly_argument(call, 1));
	bool is_sent = guest->has_sent && fastly_argument(call, 1) == guest->sent_body;
	if (!message || !body || is_sent)
		return FASTLY_BADF;
	/* Early hints: HTTP/1.1 clients need not be told. */
	if (!host_status_is_final(message->head.status)) {
		fastly_close_message(message);
		fastly_close_body(guest, body);
		return FASTLY_OK;
	}
	if (guest->has_sent)
		return FASTLY_ERROR;
	guest->has_sent = true;
	guest->sent_message = fastly_argument(call, 0);
	guest->sent_body = fastly_argument(call, 1);
	message->kind = FASTLY_SENT;
	body->is_streaming = fastly_argument(call, 2) != 0;
	return FASTLY_OK;
}
