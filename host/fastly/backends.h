/*
 * backends.h: where a guest may send requests, by name: those of the settings, and those that it
 * has made up for itself.
 */
#ifndef SELVAGE_HOST_FASTLY_BACKENDS_H
#define SELVAGE_HOST_FASTLY_BACKENDS_H

#include <jansson.h>

#include "host/fastly/fastly.h"
#include "host/fetch/fetch.h"

/* Bytes of a name, with its NUL, and of a certificate that a guest gives. */
#define FASTLY_MAX_NAME 256u
#define FASTLY_MAX_CERTIFICATE (16u * 1024)

enum fastly_health { FASTLY_HEALTH_UNKNOWN, FASTLY_HEALTHY, FASTLY_UNHEALTHY };

struct fastly_backend {
	char name[FASTLY_MAX_NAME];
	char host[FASTLY_MAX_NAME];
	char path[FASTLY_MAX_NAME]; /* in front of that of a request; no slash at its end */
	char override_host[FASTLY_MAX_NAME]; /* empty: none; as `tls_name` */
	char tls_name[FASTLY_MAX_NAME];
	char *ca; /* owned; NULL: the system's */
	char *certificate, *key; /* owned, PEM; to be shown to the server; NULL: none */
	char *ciphers;           /* owned; NULL: the usual ones */
	struct fetch_target target; /* its strings are those above */
	enum fastly_health health;
	bool is_dynamic;
	bool has_keepalive; /* these were said: */
	uint32_t http_keepalive, tcp_keepalive, tcp_interval, tcp_probes, tcp_time;
};

struct fastly_backends {
	struct fastly_backend *backends; /* owned */
	size_t count;
};

void fastly_backends_finish(struct fastly_backends *backends);

/* With the limits of time that there are by default; then with its strings in place. */
void fastly_backend_init(struct fastly_backend *backend);
void fastly_backend_settle(struct fastly_backend *backend);

/* Release what it owns. */
void fastly_backend_finish(struct fastly_backend *backend);

/* "host", "host:port" or "[address]:port"; `host` has FASTLY_MAX_NAME bytes, `port` may stay. */
SV_MUST_USE bool fastly_authority_parse(struct sv_bytes text, char *host, uint16_t *port);

/* The backend that arguments `index` and `index` + 1 name; NULL with what to return. */
struct fastly_backend *fastly_backend_of(struct fastly_call *call, unsigned index,
		enum fastly_status *status);

/* Forget those of a guest. */
void fastly_close_backends(struct fastly_guest *guest);

#endif
