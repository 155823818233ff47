/*
 * response.c: responses (fastly_http_resp) and the sending of one to the client.
 */
#include "host/fastly/body.h"
#include "host/fastly/fastly.h"

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
	if (!host_status_is_final(message->fields.head.status)) {
		fastly_close_message(guest, message);
		fastly_close_body(guest, body);
		return FASTLY_OK;
	}
	if (guest->has_sent)
		return FASTLY_ERROR;
	/* What still comes from a backend is waited for, as answers go out whole. */
	enum fastly_status status = fastly_body_whole(call, fastly_argument(call, 1), &body);
	if (status != FASTLY_OK)
		return status;
	guest->has_sent = true;
	guest->sent_message = fastly_argument(call, 0);
	guest->sent_body = fastly_argument(call, 1);
	message->kind = FASTLY_SENT;
	body->is_streaming = fastly_argument(call, 2) != 0;
	return FASTLY_OK;
}
