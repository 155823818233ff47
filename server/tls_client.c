/*
 * tls_client.c: what clients say of themselves in a handshake: their first message, of which guests
 * can make fingerprints, and their certificate.
 */
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "host/tls.h"
#include "server/tls_context.h"

/* Longer ones are not kept: those of browsers have two KiB. */
static const size_t most_hello = 16384;

void tls_client_take_hello(int is_written, int version, int type, const void *bytes, size_t length,
		SSL *ssl, void *data)
{
	enum { CLIENT_HELLO = 1 };
	const uint8_t *message = bytes;
	(void)version;
	(void)data;
	bool is_hello = !is_written && type == SSL3_RT_HANDSHAKE && length &&
			message[0] == CLIENT_HELLO;
	if (!is_hello)
		return;
	/* A second one, which answers to a HelloRetryRequest, says what the server made it say. */
	SSL_set_msg_callback(ssl, NULL);
	if (length <= most_hello)
		tls_session_set_hello(SSL_get_app_data(ssl), (struct sv_bytes){message, length});
}

struct host_client *tls_client_make(SSL *ssl, struct sv_bytes hello)
{
	X509 *certificate = SSL_get0_peer_certificate(ssl);
	unsigned char *text = NULL;
	int length = certificate ? i2d_X509(certificate, &text) : 0;
	struct host_client *client = length < 0
			? NULL
			: host_client_new(hello, (struct sv_bytes){text, (size_t)length},
					  SSL_get_verify_result(ssl));
	OPENSSL_free(text);
	ERR_clear_error();
	return client;
}
