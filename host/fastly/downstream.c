/*
 * downstream.c: what is asked about the client beyond its address (fastly_http_req and, with the
 * request in front, fastly_http_downstream). What is not known here is told in each function's own
 * way: NONE where a value is optional, no bytes for an address, 0 where it is a yes or a number.
 */
#include <string.h>

#include "host/fastly/fastly.h"
#include "host/fastly/response.h"

static bool has_request(struct fastly_call *call)
{
	return fastly_message(call, FASTLY_REQUEST, fastly_argument(call, 0)) != NULL;
}

/* ---- another request: each instance has one, so none comes, and programs end ---- */

enum fastly_status fastly_http_downstream_next_request(struct fastly_call *call)
{
	enum fastly_status status = fastly_give_u32(call, 2, FASTLY_PROMISE);
	if (status == FASTLY_OK && call->guest->has_promise)
		return FASTLY_LIMITEXCEEDED;
	call->guest->has_promise = status == FASTLY_OK;
	return status;
}

/* It is used up when it is known that none comes; the response goes first. */
enum fastly_status fastly_http_downstream_next_request_wait(struct fastly_call *call)
{
	struct fastly_guest *guest = call->guest;
	if (!guest->has_promise || fastly_argument(call, 0) != FASTLY_PROMISE)
		return FASTLY_BADF;
	guest->has_promise = false;
	return fastly_response_is_whole(guest) ? FASTLY_NONE : FASTLY_UNSUPPORTED;
}

enum fastly_status fastly_http_downstream_next_request_abandon(struct fastly_call *call)
{
	struct fastly_guest *guest = call->guest;
	if (!guest->has_promise || fastly_argument(call, 0) != FASTLY_PROMISE)
		return FASTLY_BADF;
	guest->has_promise = false;
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

/* ---- what is not ---- */

/* No bytes: the number of them is argument `index`. */
enum fastly_status fastly_http_req_downstream_server_ip_addr(struct fastly_call *call)
{
	return fastly_give_u32(call, 1, 0);
}

enum fastly_status fastly_http_downstream_downstream_server_ip_addr(struct fastly_call *call)
{
	return has_request(call) ? fastly_give_u32(call, 2, 0) : FASTLY_BADF;
}

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

NONE(client_h2_fingerprint)
NONE(client_oh_fingerprint)
NONE(tls_cipher_openssl_name)
NONE(tls_protocol)
NONE(tls_client_hello)
NONE(tls_raw_client_certificate)
NONE(tls_client_cert_verify_result)
NONE(tls_ja3_md5)
NONE(tls_ja4)
NONE(compliance_region)

DOWNSTREAM_NONE(client_h2_fingerprint)
DOWNSTREAM_NONE(client_oh_fingerprint)
DOWNSTREAM_NONE(tls_cipher_openssl_name)
DOWNSTREAM_NONE(tls_protocol)
DOWNSTREAM_NONE(tls_client_hello)
DOWNSTREAM_NONE(tls_raw_client_certificate)
DOWNSTREAM_NONE(tls_client_cert_verify_result)
DOWNSTREAM_NONE(tls_client_servername)
DOWNSTREAM_NONE(tls_ja3_md5)
DOWNSTREAM_NONE(tls_ja4)
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

/* ---- of responses: which address of its backend has answered is not known ---- */

static enum fastly_status response_none(struct fastly_call *call)
{
	return fastly_message(call, FASTLY_RESPONSE, fastly_argument(call, 0)) ? FASTLY_NONE
									       : FASTLY_BADF;
}

enum fastly_status fastly_http_resp_get_addr_dest_ip(struct fastly_call *call)
{
	return response_none(call);
}

enum fastly_status fastly_http_resp_get_addr_dest_port(struct fastly_call *call)
{
	return response_none(call);
}
