/*
 * tls.h: what is known of the TLS connection that a request came through.
 */
#ifndef SELVAGE_HOST_TLS_H
#define SELVAGE_HOST_TLS_H

#include <stdatomic.h>

#include "base/bytes.h"

/* What a client has said of itself, for all requests of its connection, which it outlives. */
struct host_client {
	atomic_uint users;
	struct sv_bytes hello; /* the handshake message; no bytes: it was not kept */
	struct sv_bytes certificate; /* DER; no bytes: it has shown none */
	long verified; /* X509_V_…, of the certificate */
	uint8_t bytes[]; /* of these two */
};

struct host_tls {
	const char *protocol; /* "TLSv1.3" */
	const char *cipher; /* by OpenSSL's name */
	const char *name; /* that the client asked for; "": none */
	struct host_client *client; /* one use of it; NULL: nothing is known */
};

/* With copies of these; NULL: no memory. */
struct host_client *host_client_new(struct sv_bytes hello, struct sv_bytes certificate,
		long verified);

/* One user more or less; NULL is allowed. Any thread. */
struct host_client *host_client_use(struct host_client *client);
void host_client_release(struct host_client *client);

#endif
