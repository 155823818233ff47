/*
 * tls.h: what is known of the TLS connection that a request came through.
 */
#ifndef SELVAGE_HOST_TLS_H
#define SELVAGE_HOST_TLS_H

struct host_tls {
	const char *protocol; /* "TLSv1.3" */
	const char *cipher;   /* by OpenSSL's name */
	const char *name;     /* that the client asked for; "": none */
};

#endif
