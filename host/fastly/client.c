/*
 * client.c: what is known of the client's connection: where it came to, and what it said in its TLS
 * handshake (fastly_http_req and, with the request in front, fastly_http_downstream). NONE for what
 * it did not say.
 */
#include <openssl/pem.h>
#include <string.h>

#include "host/fastly/fastly.h"
#include "host/fastly/hello.h"
#include "host/tls.h"

/* Each is there twice: as it is, and with the client's request as the first argument. */
#define CLIENT_FUNCTION(name) \
	enum fastly_status fastly_http_req_downstream_##name(struct fastly_call *call) \
	{ \
		return name(call, 0); \
	} \
	enum fastly_status fastly_http_downstream_downstream_##name(struct fastly_call *call) \
	{ \
		return fastly_message(call, FASTLY_REQUEST, fastly_argument(call, 0)) \
				? name(call, 1) \
				: FASTLY_BADF; \
	}

static const struct host_client *client_of(const struct fastly_call *call)
{
	const struct host_tls *tls = call->guest->call->request->tls;
	return tls ? tls->client : NULL;
}

/* ---- addresses ---- */

static enum fastly_status server_ip_addr(struct fastly_call *call, unsigned index)
{
	const struct host_request *request = call->guest->call->request;
	if (!fastly_is_place(call, index + 1, sizeof(uint32_t)))
		return FASTLY_INVAL;
	enum fastly_status status =
			fastly_put(call, index, request->local_octets, request->local_length);
	return status == FASTLY_OK ? fastly_give_u32(call, index + 1, request->local_length)
				   : status;
}

CLIENT_FUNCTION(server_ip_addr)

/* ---- the first frames of HTTP/2 ---- */

static enum fastly_status client_h2_fingerprint(struct fastly_call *call, unsigned index)
{
	const char *print = call->guest->call->request->http2_print;
	return print ? fastly_give(call, index, host_text(print)) : FASTLY_NONE;
}

CLIENT_FUNCTION(client_h2_fingerprint)

/* ---- the first message ---- */

static enum fastly_status tls_client_hello(struct fastly_call *call, unsigned index)
{
	const struct host_client *client = client_of(call);
	return client && client->hello.length ? fastly_give(call, index, client->hello)
					      : FASTLY_NONE;
}

CLIENT_FUNCTION(tls_client_hello)

static enum fastly_status tls_ja3_md5(struct fastly_call *call, unsigned index)
{
	const struct host_client *client = client_of(call);
	uint8_t digest[JA3_BYTES];
	if (!client || !hello_ja3(client->hello, digest))
		return FASTLY_NONE;
	if (!fastly_is_place(call, index + 1, sizeof(uint32_t)))
		return FASTLY_INVAL;
	enum fastly_status status = fastly_put(call, index, digest, sizeof digest);
	return status == FASTLY_OK ? fastly_give_u32(call, index + 1, sizeof digest) : status;
}

CLIENT_FUNCTION(tls_ja3_md5)

static enum fastly_status tls_ja4(struct fastly_call *call, unsigned index)
{
	const struct host_client *client = client_of(call);
	char text[JA4_SIZE];
	if (!client || !hello_ja4(client->hello, text))
		return FASTLY_NONE;
	return fastly_give(call, index, host_text(text));
}

CLIENT_FUNCTION(tls_ja4)

/* ---- the certificate ---- */

/* In PEM, as guests expect it. */
static enum fastly_status tls_raw_client_certificate(struct fastly_call *call, unsigned index)
{
	const struct host_client *client = client_of(call);
	char *text;
	if (!client || !client->certificate.length)
		return FASTLY_NONE;
	BIO *bio = BIO_new(BIO_s_mem());
	bool is_written = bio &&
			PEM_write_bio(bio, PEM_STRING_X509, "", client->certificate.data,
					(long)client->certificate.length) > 0;
	long length = is_written ? BIO_get_mem_data(bio, &text) : 0;
	enum fastly_status status = FASTLY_ERROR;
	if (length > 0)
		status = fastly_give(call, index,
				(struct sv_bytes){(const uint8_t *)text, (size_t)length});
	BIO_free(bio);
	return status;
}

CLIENT_FUNCTION(tls_raw_client_certificate)

/* As the interface's description numbers them. */
enum verified {
	VERIFIED_OK,
	VERIFIED_BAD,
	VERIFIED_REVOKED,
	VERIFIED_EXPIRED,
	VERIFIED_UNKNOWN_AUTHORITY,
	VERIFIED_MISSING,
	VERIFIED_OTHERWISE,
};

static enum verified verified_of(const struct host_client *client)
{
	if (!client->certificate.length)
		return VERIFIED_MISSING;
	switch (client->verified) {
	case X509_V_OK:
		return VERIFIED_OK;
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
	case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
	case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
		return VERIFIED_BAD;
	case X509_V_ERR_CERT_REVOKED:
		return VERIFIED_REVOKED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return VERIFIED_EXPIRED;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		return VERIFIED_UNKNOWN_AUTHORITY;
	default:
		return VERIFIED_OTHERWISE;
	}
}

static enum fastly_status tls_client_cert_verify_result(struct fastly_call *call, unsigned index)
{
	const struct host_client *client = client_of(call);
	return client ? fastly_give_u32(call, index, verified_of(client)) : FASTLY_NONE;
}

CLIENT_FUNCTION(tls_client_cert_verify_result)
