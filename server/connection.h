/*
 * connection.h: what the files of the server share: the server's state and that of its
 * connections. Everything here belongs to the loop's thread.
 */
#ifndef SELVAGE_SERVER_CONNECTION_H
#define SELVAGE_SERVER_CONNECTION_H

#include "server/exchange.h"
#include "server/executor.h"
#include "server/http1_parse.h"
#include "server/limits.h"
#include "server/log.h"
#include "server/loop.h"
#include "server/server.h"
#include "server/transport.h"

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
	struct timeout_list handshake, idle, head, body, write, linger, accept;
	struct connection *connections;
	struct connection *dead;      /* to be freed behind this turn */
	size_t connection_count;
	struct exchange *exchanges;   /* spare ones */
	size_t exchange_count;
	struct input *inputs;         /* spare ones */
	size_t input_count;
	size_t input_size;
	bool is_stopping;
	int stop_descriptor; /* same as stop.fd, constant: for server_stop */
};

enum connection_state {
	CONNECTION_HANDSHAKE, /* agrees on TLS */
	CONNECTION_IDLE,     /* waits for the first byte of a request */
	CONNECTION_HEAD,     /* has a part of a head */
	CONNECTION_BODY,     /* has a head and waits for the body */
	CONNECTION_WAITING,  /* a worker has the request */
	CONNECTION_STREAMING, /* sends the response while the worker still has the request */
	CONNECTION_WRITING,  /* sends the rest of the response */
	CONNECTION_SENT,     /* has sent it, though the worker still has the request */
	CONNECTION_LINGER,   /* has sent all; reads on so that the client gets it */
	CONNECTION_CLOSED,
};

/* An input buffer: the head of the current request, behind it what was read after it. */
struct input {
	struct input *next;
	size_t start; /* of the current request */
	size_t end;   /* of what was read */
	uint8_t bytes[];
};

struct connection {
	struct loop_source source; /* first: sources are cast to connections */
	struct timeout timeout;
	struct server *server;
	struct listener *listener; /* the one it came from */
	struct connection *previous, *next;
	enum connection_state state;
	bool is_refused; /* it is only told that there are too many */
	bool keep_alive; /* behind the current response */
	bool at_end;     /* the client will send no more: that was read */
	bool has_hung_up; /* the same: the system says so, though there may be something to read */
	bool is_out;     /* a worker has the request, whatever has become of the connection */
	bool has_begun;  /* the head of the response was made */
	bool is_chunked; /* the response's body */
	struct transport transport;
	struct input *input;        /* owned; NULL while idle */
	size_t head_length;         /* of the current request, once known */
	struct http1_parser parser;
	struct exchange *exchange;  /* owned, or the executor's while it is out (exchange.h) */
	struct buffer out;          /* what goes before the body */
	size_t out_sent;
	struct sv_bytes body;       /* of the response, what is left of it */
	struct sv_bytes tail;       /* what goes behind that, the same */
	struct buffer piece;        /* of a streamed body, what `body` shows */
	uint64_t began;
	uint16_t remote_port;
	char remote_address[48];
};

/* ---- connection.c ---- */

/* Take over a descriptor; `is_refused`: only to say that there are too many. */
void connection_open(struct listener *listener, int fd, bool is_refused);

/* It can be used: the first request may come. */
void connection_begin(struct connection *connection);

/* A worker has answered. */
void connection_answer(struct exchange *exchange);

/*
 * Make the response's head; `more` bytes follow those of its body, or -1: nobody knows. False if
 * there is no memory: then the connection ends without a response.
 */
bool connection_begin_response(struct connection *connection, int64_t more);

/* The server is stopping: end it if nothing is under way; a new client has a little time to ask. */
void connection_stop(struct connection *connection);

/* Do what can be done now. */
void connection_run(struct connection *connection);

/* Answer with a status of our own and end the connection. */
void connection_refuse(struct connection *connection, int status, const char *reason);

/* All was sent: wait a little until the client has read it, then close. */
void connection_linger(struct connection *connection);

/* End it now. If a worker has its request, the rest follows when that is answered. */
void connection_close(struct connection *connection);

/* ---- connection_stream.c ---- */

/* A worker goes on, but has something for the client. */
void connection_news(struct exchange *exchange);

/* Send the response, whose stream has begun or is whole. */
void connection_stream(struct connection *connection);

/* The state STREAMING; true if there is more to do now. */
bool connection_run_streaming(struct connection *connection);

/* ---- connection_io.c ---- */

/* Have the loop watch for these events, and for the client's end. */
void connection_watch_for(struct connection *connection, uint32_t events);

/* loop_ready and timeout_expired of connections. */
void connection_ready(struct loop_source *source, uint32_t events);
void connection_expired(struct timeout *timeout);

/*
 * Read once into the input buffer. True if there is something new, be it the end; false if nothing
 * came, or the connection is lost (and closed).
 */
bool connection_read(struct connection *connection);

/* Send what there is; false if the connection is lost (and closed). */
bool connection_send(struct connection *connection);

/* True if everything was sent. */
bool connection_has_sent_all(const struct connection *connection);

/* ---- connection_tls.c ---- */

/* Go on with a handshake; then the connection is idle, or closed. */
void connection_handshake(struct connection *connection);

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
