/*
 * tls_context.h: what tls.c and tls_session.c have in common.
 */
#ifndef SELVAGE_SERVER_TLS_CONTEXT_H
#define SELVAGE_SERVER_TLS_CONTEXT_H

#include <openssl/ssl.h>

#include "server/rest.h"
#include "server/tls.h"

struct tls_context {
	SSL_CTX *ssl; /* owned */
	struct tls_identities *identities;
	struct server_log *log;
	uint64_t ticket_key_time; /* when it was made, nanoseconds of CLOCK_MONOTONIC */
	/* Where parts that are to be one record are put together. */
	uint8_t record[SSL3_RT_MAX_PLAIN_LENGTH];
};

/* ---- tls_memory.c ---- */

/* SSL_new; `rest` is told of what of it can rest, if tls_memory_init was called. */
SSL *tls_memory_new(SSL_CTX *context, struct rest *rest);

/* ---- tls.c ---- */

/* The first session in an hour gets a new key for tickets. */
void tls_context_renew(struct tls_context *context);

/* ---- tls_client.c ---- */

/* SSL_set_msg_callback: keep what the client said first. */
void tls_client_take_hello(int is_written, int version, int type, const void *bytes, size_t length,
		SSL *ssl, void *data);

/* What is known of the client behind the handshake. NULL: no memory. */
struct host_client *tls_client_make(SSL *ssl, struct sv_bytes hello);

/* ---- tls_session.c ---- */

/* The first message of the client. */
void tls_session_set_hello(struct tls_session *session, struct sv_bytes hello);

/*
 * Keep the name that the client asks for; false, with a reason, if it is none. An address is as if
 * it had asked for nobody.
 */
SV_MUST_USE bool tls_session_set_name(struct tls_session *session, const char *name);

/* Why the handshake will fail; the first reason stays. */
void tls_session_set_reason(struct tls_session *session, const char *format, ...) SV_PRINTF(2, 3);

#endif
