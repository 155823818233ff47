/*
 * state.h: the server's state, which the files of the server share. Everything here belongs to the
 * loop's thread.
 */
#ifndef SELVAGE_SERVER_STATE_H
#define SELVAGE_SERVER_STATE_H

#include "server/exchange.h"
#include "server/executor.h"
#include "server/limits.h"
#include "server/log.h"
#include "server/loop.h"
#include "server/server.h"

/* Bytes behind a full head in an input buffer: what one read of a body takes. */
#define CONNECTION_READ_SIZE 16384u

/* A listening socket. */
struct listener {
	struct loop_source source; /* first: sources are cast to listeners */
	struct server *server;
	int fd; /* owned; -1: closed */
	struct tls_context *tls; /* owned; NULL: none */
	uint16_t port;
	char address[80];
	struct timeout pause; /* while nothing can be accepted */
};

struct server {
	struct loop loop;
	struct server_limits limits;
	struct server_log log;
	const struct handler *handler; /* borrowed */
	struct executor *executor;    /* owned */
	struct listener listeners[SERVER_LISTENERS_MOST];
	size_t listener_count;
	struct loop_source answers;   /* of the executor */
	struct loop_source stop;      /* event descriptor, owned */
	struct timeout_list handshake, idle, head, body, write, linger, accept; /* of connections */
	struct timeout_list stream_body, stream_write; /* the same, of one request of several */
	struct timeout_list rest, rested; /* the parts of the idle time, with HTTP/2 or TLS */
	struct timeout_list arrival; /* of bodies that a guest reads as they come */
	struct connection *connections;
	struct connection *unsent; /* those with something to send at the end of this turn */
	struct connection *dead; /* to be freed behind this turn */
	size_t connection_count;
	struct exchange *exchanges; /* spare ones */
	size_t exchange_count;
	struct input *inputs; /* spare ones */
	size_t input_count;
	size_t input_size;
	bool is_stopping;
	int stop_descriptor; /* same as stop.fd, constant: for server_stop */
};

/* An input buffer: the head of the current request, behind it what was read after it. */
struct input {
	struct input *next;
	size_t start; /* of the current request */
	size_t end; /* of what was read */
	uint8_t bytes[];
};

/* ---- spare.c: memory that is used again ---- */

struct exchange *spare_exchange_take(struct server *server);
void spare_exchange_give(struct server *server, struct exchange *exchange);
struct input *spare_input_take(struct server *server);
void spare_input_give(struct server *server, struct input *input);
void spare_finish(struct server *server);

/* ---- listen.c ---- */

/* Open the listeners of a configuration, whose places in the server are empty. */
SV_MUST_USE bool listen_open(struct server *server, const struct server_config *config,
		struct sv_error *error);

/* Close them. */
void listen_close(struct server *server);

/* ---- activation.c ---- */

/* True if `where` names a socket that systemd passed. */
bool activation_is_named(const char *where);

/*
 * Take that socket: its descriptor, checked to be a listening one and set not to block and not to
 * be inherited. -1 with `error` if there is no such, or more than one.
 */
int activation_take(const char *where, struct sv_error *error);

#endif
