/*
 * downstream.c: what is asked about the client beyond its address (fastly_http_req and, with the
 * request in front, fastly_http_downstream). What is not known here is told in each function's own
 * way: NONE where a value is optional, no bytes for an address, 0 where it is a yes or a number.
 */
#include <string.h>

#include "host/fastly/fastly.h"
#include "host/fastly/next.h"
#include "host/fastly/response.h"
#include "host/fastly/service.h"
#include "host/tls.h"

static bool has_request(struct fastly_call *call)
{
	return fastly_message(call, FASTLY_REQUEST, fastly_argument(call, 0)) != NULL;
}

/* ---- another request at this instance ---- */

/* The one bit of the mask that has a meaning: that there is a time. */
#define NEXT_HAS_TIMEOUT 2u

/* When it will be known at the latest that none comes. */
static bool promise_until(struct fastly_call *call, uint64_t *until)
{
	uint64_t time = call->guest->call->next_time, milliseconds;
	if (fastly_argument(call, 0) & NEXT_HAS_TIMEOUT) {
		if (!fastly_read(call, fastly_argument(call, 1), &milliseconds,
				    sizeof milliseconds))
			return false;
		if (milliseconds < time / 1000000)
			time = milliseconds * 1000000;
	}
	*until = host_now() + time;
	return true;
}

enum fastly_status fastly_http_downstream_next_request(struct fastly_call *call)
{
	struct fastly_guest *guest = call->guest;
	uint64_t until;
	if (!promise_until(call, &until))
		return FASTLY_INVAL;
	if (!fastly_is_place(call, 2, sizeof(uint32_t)))
		return FASTLY_INVAL;
	if (guest->has_promise)
		return FASTLY_LIMITEXCEEDED;
	guest->has_promise = true;
	guest->promise_until = until;
	return fastly_give_u32(call, 2, FASTLY_PROMISE);
}

/* What is left of the request's body is not there any more for a guest that wants another one. */
static void leave_request(struct fastly_guest *guest)
{
	for (uint32_t i = 0; i < guest->body_slots.used; i++) {
		struct fastly_body *body = &guest->bodies[i];
		bool is_arriving = body->intake || (body->arrived.length && !body->value);
		body->intake = is_arriving ? &guest->service->cut_off : body->intake;
		if (!body->value)
			body->arrived = (struct sv_bytes){0};
	}
}

bool fastly_promise_ready(struct fastly_guest *guest)
{
	struct host_call *host = guest->call;
	if (host->next == HOST_NEXT_GIVEN || host->next == HOST_NEXT_OVER)
		return true;
	if (!fastly_response_is_whole(guest))
		return true; /* that it is not is to be told */
	if (host_now() >= guest->promise_until) {
		host->next = HOST_NEXT_OVER;
		return true;
	}
	if (host->next == HOST_NEXT_NONE) {
		leave_request(guest);
		host->next = HOST_NEXT_WANTED;
	}
	guest->wait.asks_next = true;
	return false;
}

/* What was sent is of no use to the guest, and its handles are for others. */
static void close_response(struct fastly_guest *guest)
{
	for (uint32_t i = 0; i < guest->message_slots.used; i++) {
		if (guest->messages[i].kind == FASTLY_SENT)
			fastly_close_message(guest, &guest->messages[i]);
	}
	if (guest->has_sent)
		fastly_close_body(guest, &guest->bodies[guest->sent_body]);
	guest->has_sent = false;
}

/* It is used up in any case but that it waits. */
enum fastly_status fastly_http_downstream_next_request_wait(struct fastly_call *call)
{
	struct fastly_guest *guest = call->guest;
	struct host_call *host = guest->call;
	if (!guest->has_promise || fastly_argument(call, 0) != FASTLY_PROMISE)
		return FASTLY_BADF;
	if (!fastly_is_place(call, 1, sizeof(uint32_t)) ||
			!fastly_is_place(call, 2, sizeof(uint32_t)))
		return FASTLY_INVAL;
	if (!fastly_promise_ready(guest))
		return FASTLY_WAITS;
	guest->has_promise = false;
	if (host->next == HOST_NEXT_OVER)
		return FASTLY_NONE;
	if (host->next != HOST_NEXT_GIVEN)
		return FASTLY_UNSUPPORTED;
	close_response(guest);
	enum fastly_status status = fastly_give_request(call, 1);
	if (status != FASTLY_OK)
		return status;
	host->next = HOST_NEXT_NONE;
	host_lines_flush(&guest->lines);
	fastly_begin_request(guest);
	return FASTLY_OK;
}

/* A request that has been given already is for another instance, when this one has ended. */
enum fastly_status fastly_http_downstream_next_request_abandon(struct fastly_call *call)
{
	struct fastly_guest *guest = call->guest;
	enum host_next next = guest->call->next;
	if (!guest->has_promise || fastly_argument(call, 0) != FASTLY_PROMISE)
		return FASTLY_BADF;
	guest->has_promise = false;
	if (next == HOST_NEXT_WANTED || next == HOST_NEXT_BETWEEN)
		guest->call->next = HOST_NEXT_NONE;
	return FASTLY_OK;
}

/* ---- what is known ---- */

/* That of the trace, by which the guest's log lines can be found too. */
static struct sv_bytes request_number(const struct fastly_call *call)
{
	return host_text(strchr(call->guest->trace_id, '=') + 1);
}

enum fastly_status fastly_http_req_downstream_client_request_id(struct fastly_call *call)
{
	return fastly_give(call, 0, request_number(call));
}

enum fastly_status fastly_http_downstream_downstream_client_request_id(struct fastly_call *call)
{
	return has_request(call) ? fastly_give(call, 1, request_number(call)) : FASTLY_BADF;
}

/* At argument `index`; NONE for what a connection without TLS does not have. */
static enum fastly_status give_name(struct fastly_call *call, unsigned index, const char *name)
{
	return name && name[0] ? fastly_give(call, index, host_text(name)) : FASTLY_NONE;
}

#define TLS_NAME(function, member) \
	enum fastly_status fastly_http_downstream_downstream_##function(struct fastly_call *call) \
	{ \
		const struct host_tls *tls = call->guest->call->request->tls; \
		if (!has_request(call)) \
			return FASTLY_BADF; \
		return give_name(call, 1, tls ? tls->member : NULL); \
	}

TLS_NAME(tls_cipher_openssl_name, cipher)
TLS_NAME(tls_protocol, protocol)
TLS_NAME(tls_client_servername, name)

enum fastly_status fastly_http_req_downstream_tls_cipher_openssl_name(struct fastly_call *call)
{
	const struct host_tls *tls = call->guest->call->request->tls;
	return give_name(call, 0, tls ? tls->cipher : NULL);
}

enum fastly_status fastly_http_req_downstream_tls_protocol(struct fastly_call *call)
{
	const struct host_tls *tls = call->guest->call->request->tls;
	return give_name(call, 0, tls ? tls->protocol : NULL);
}

/* ---- what is not ---- */

#define NONE(name) \
	enum fastly_status fastly_http_req_downstream_##name(struct fastly_call *call) \
	{ \
		(void)call; \
		return FASTLY_NONE; \
	}

#define DOWNSTREAM_NONE(name) \
	enum fastly_status fastly_http_downstream_downstream_##name(struct fastly_call *call) \
	{ \
		return has_request(call) ? FASTLY_NONE : FASTLY_BADF; \
	}

#define DOWNSTREAM_NO(name) \
	enum fastly_status fastly_http_downstream_downstream_##name(struct fastly_call *call) \
	{ \
		return has_request(call) ? fastly_give_u32(call, 1, 0) : FASTLY_BADF; \
	}

NONE(client_oh_fingerprint)
NONE(compliance_region)

DOWNSTREAM_NONE(client_oh_fingerprint)
DOWNSTREAM_NONE(compliance_region)
DOWNSTREAM_NONE(bot_name)
DOWNSTREAM_NONE(bot_category)
DOWNSTREAM_NONE(bot_category_kind)
DOWNSTREAM_NONE(resvpnproxy_vpn_service_name)

/* Nothing is analysed, so nothing was found. */
DOWNSTREAM_NO(client_ddos_detected)
DOWNSTREAM_NO(bot_analyzed)
DOWNSTREAM_NO(bot_detected)
DOWNSTREAM_NO(bot_verified)
DOWNSTREAM_NO(resvpnproxy_is_anonymous)
DOWNSTREAM_NO(resvpnproxy_is_anonymous_vpn)
DOWNSTREAM_NO(resvpnproxy_is_hosting_provider)
DOWNSTREAM_NO(resvpnproxy_is_proxy_over_vpn)
DOWNSTREAM_NO(resvpnproxy_is_public_proxy)
DOWNSTREAM_NO(resvpnproxy_is_relay_proxy)
DOWNSTREAM_NO(resvpnproxy_is_residential_proxy)
DOWNSTREAM_NO(resvpnproxy_is_smart_dns_proxy)
DOWNSTREAM_NO(resvpnproxy_is_tor_exit_node)
DOWNSTREAM_NO(resvpnproxy_is_vpn_datacenter)

enum fastly_status fastly_http_req_downstream_client_ddos_detected(struct fastly_call *call)
{
	return fastly_give_u32(call, 0, 0);
}

/* A request comes here from its client: it was here no time before. */
enum fastly_status fastly_http_downstream_downstream_visits_this_service(struct fastly_call *call)
{
	return fastly_give_u32(call, 0, 0);
}

enum fastly_status fastly_http_downstream_downstream_visits_this_pop(struct fastly_call *call)
{
	return fastly_give_u32(call, 0, 0);
}

/* ---- of responses: who has answered; NONE if it was the cache ---- */

static const struct fastly_message *response_of(struct fastly_call *call)
{
	return fastly_message(call, FASTLY_RESPONSE, fastly_argument(call, 0));
}

enum fastly_status fastly_http_resp_get_addr_dest_ip(struct fastly_call *call)
{
	const struct fastly_message *message = response_of(call);
	if (!message)
		return FASTLY_BADF;
	if (!message->from.length)
		return FASTLY_NONE;
	if (!fastly_is_place(call, 2, sizeof(uint32_t)))
		return FASTLY_INVAL;
	enum fastly_status status = fastly_put(call, 1, message->from.octets, message->from.length);
	return status == FASTLY_OK ? fastly_give_u32(call, 2, message->from.length) : status;
}

enum fastly_status fastly_http_resp_get_addr_dest_port(struct fastly_call *call)
{
	const struct fastly_message *message = response_of(call);
	if (!message)
		return FASTLY_BADF;
	return message->from.length ? fastly_give_u16(call, 1, message->from.port) : FASTLY_NONE;
}
