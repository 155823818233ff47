/*
 * tls.c: what all sessions share: versions, ciphers, and the choice of certificate and protocol.
 *
 * OpenSSL reports errors through a queue of the thread, and what is left in it is taken for the
 * next call's: it is cleared before every call whose result is asked for.
 */
#include "server/tls.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "server/certificate.h"
#include "server/identities.h"
#include "server/loop.h"
#include "server/tls_context.h"

/* For 1.2, forward-secret and authenticated only; those of 1.3 all are. */
static const char *const ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

/* The fast ones, and what governments ask for. */
static const char *const groups = "X25519:P-256:P-384";

/* How long a ticket is good for, and how long its key is used, seconds. */
static const long ticket_time = 3600;

/* What we speak, as ALPN has it: a length and a name (RFC 7301). The first is preferred. */
static const unsigned char protocols[] = "\x02h2\x08http/1.1\x08http/1.0";

static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_length,
		const unsigned char *in, unsigned in_length, void *data)
{
	unsigned char *selected;
	(void)ssl;
	(void)data;
	if (SSL_select_next_proto(&selected, out_length, protocols, sizeof protocols - 1, in,
			    in_length) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = selected;
	return SSL_TLSEXT_ERR_OK;
}

/* Called once for each client hello, whether it has a name or not. */
static int select_certificate(SSL *ssl, int *alert, void *data)
{
	struct tls_context *context = data;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	struct tls_session *session = SSL_get_app_data(ssl);
	*alert = SSL_AD_UNRECOGNIZED_NAME;
	if (name && !tls_session_set_name(session, name))
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	const char *wanted = tls_session_name(session);
	struct certificate found;
	if (!tls_identities_find(context->identities, wanted[0] ? wanted : NULL, context->log,
			    &found)) {
		tls_session_set_reason(session, "no certificate for %.253s",
				wanted[0] ? wanted : "a client that names nobody");
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	}
	*alert = SSL_AD_INTERNAL_ERROR;
	bool is_used = SSL_use_cert_and_key(ssl, found.leaf, found.key, found.chain, 1) == 1;
	certificate_finish(&found);
	return is_used ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void tls_context_renew(struct tls_context *context)
{
	unsigned char keys[80]; /* a name, and keys for a MAC and a cipher */
	uint64_t now = clock_now();
	bool is_fresh = context->ticket_key_time &&
			now - context->ticket_key_time < (uint64_t)ticket_time * 1000000000;
	if (is_fresh)
		return;
	check(SSL_CTX_get_tlsext_ticket_keys(context->ssl, NULL, 0) == sizeof keys);
	/* If it fails the key that is there goes on; OpenSSL made one of its own to begin with. */
	if (RAND_bytes(keys, sizeof keys) == 1)
		(void)SSL_CTX_set_tlsext_ticket_keys(context->ssl, keys, sizeof keys);
	OPENSSL_cleanse(keys, sizeof keys);
	context->ticket_key_time = now;
}

static bool context_configure(SSL_CTX *ssl)
{
	SSL_CTX_set_options(ssl,
			SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	/*
	 * Idle sessions give their buffers back. A response may move between two attempts to
	 * write it, and is written record by record. A read handles one record, so that a client
	 * that sends nothing but key updates has no more of the loop's time than others.
	 */
	SSL_CTX_set_mode(ssl,
			SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
					SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_clear_mode(ssl, SSL_MODE_AUTO_RETRY);
	/* Sessions are resumed from tickets that clients keep; here is nothing to keep. */
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(ssl, ticket_time);
	/* Tickets have the certificate that the client showed: they are for here only. */
	static const unsigned char here[] = "selvage";
	return SSL_CTX_set_session_id_context(ssl, here, sizeof here - 1) == 1 &&
			SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 &&
			SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) == 1 &&
			SSL_CTX_set_cipher_list(ssl, ciphers) == 1 &&
			SSL_CTX_set1_groups_list(ssl, groups) == 1;
}

/* What is wrong with a certificate is for guests to judge; the result stays with the session. */
static int note_verification(int is_valid, X509_STORE_CTX *store)
{
	(void)is_valid;
	(void)store;
	return 1;
}

/* Ask clients for a certificate, if there is an authority for that. */
static bool context_ask_clients(SSL_CTX *ssl, const char *authority, struct sv_error *error)
{
	if (!authority)
		return true;
	ERR_clear_error();
	STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(authority);
	if (!names || SSL_CTX_load_verify_file(ssl, authority) != 1) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		openssl_fail(error, "cannot read certificates of clients' authorities");
		sv_error_prefix(error, "%s", authority);
		return false;
	}
	SSL_CTX_set_client_CA_list(ssl, names);
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE, note_verification);
	return true;
}

struct tls_context *tls_context_new(struct tls_identities *identities, struct server_log *log,
		struct sv_error *error)
{
	struct tls_context *context = calloc(1, sizeof *context);
	if (!context) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for TLS");
		return NULL;
	}
	context->identities = identities;
	context->log = log;
	ERR_clear_error();
	context->ssl = SSL_CTX_new(TLS_server_method());
	if (!context->ssl || !context_configure(context->ssl)) {
		openssl_fail(error, "cannot set up TLS");
		tls_context_free(context);
		return NULL;
	}
	if (!context_ask_clients(context->ssl, tls_identities_client_authority(identities),
			    error)) {
		tls_context_free(context);
		return NULL;
	}
	SSL_CTX_set_msg_callback(context->ssl, tls_client_take_hello);
	SSL_CTX_set_alpn_select_cb(context->ssl, select_protocol, NULL);
	SSL_CTX_set_tlsext_servername_callback(context->ssl, select_certificate);
	SSL_CTX_set_tlsext_servername_arg(context->ssl, context);
	return context;
}

void tls_context_free(struct tls_context *context)
{
	if (!context)
		return;
	SSL_CTX_free(context->ssl);
	free(context);
}
