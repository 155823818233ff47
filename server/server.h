/*
 * server.h: a server of HTTP/1.1 and HTTP/2, with and without TLS, for one handler. Made, run until
 * it is told to stop, freed.
 */
#ifndef SELVAGE_SERVER_H
#define SELVAGE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"
#include "server/executor.h"
#include "server/limits.h"

struct server;
struct tls_identities;

/* Where a server listens. */
struct server_listener {
	/*
	 * "ADDR:PORT", "[ADDR6]:PORT" (port 0: any free one), or a listening socket that systemd
	 * passed: "systemd" if it is the only one, "systemd:NAME" by its FileDescriptorName.
	 */
	const char *where;
	/* identities.h: the certificates, borrowed while the server lives; NULL: no TLS. */
	struct tls_identities *tls;
};

/* Most listeners of one server. */
#define SERVER_LISTENERS_MOST 16u

struct server_config {
	const struct server_listener *listeners; /* borrowed for server_new; at least one */
	size_t listener_count;
	struct server_limits limits;
	unsigned workers; /* threads that run guests */
	bool quiet;       /* no log line for requests that went well */
	const struct handler *handler;
};

/* Listen and start the workers. NULL with `error` on failure. */
struct server *server_new(const struct server_config *config, struct sv_error *error);

/*
 * Where listener `index` of the configuration is: "127.0.0.1:8080", with the port that was taken;
 * lives as long as the server.
 */
const char *server_address(const struct server *server, size_t index);

/*
 * Serve until server_stop, then finish requests in flight. False if some were still not
 * answered after the stop time: the process should then end without server_free.
 */
bool server_run(struct server *server);

/* Make server_run return. Any thread, and in a signal handler. */
void server_stop(struct server *server);

/* Release it after server_run. NULL is allowed. */
void server_free(struct server *server);

#endif
