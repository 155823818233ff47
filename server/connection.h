/*
 * connection.h: a client's connection: how its bytes travel, what it speaks, and its end. What is
 * said there is the protocol's. Everything here belongs to the loop's thread.
 */
#ifndef SELVAGE_SERVER_CONNECTION_H
#define SELVAGE_SERVER_CONNECTION_H

#include "server/http1.h"
#include "server/state.h"
#include "server/stream.h"
#include "server/transport.h"

struct connection;
struct http2;

/* What is done with a connection that is OPEN, and with its streams. */
struct protocol {
	/* It can be used; it may be meant to be refused. */
	void (*begin)(struct connection *connection);
	/* There is something to read; there is room to write. */
	void (*readable)(struct connection *connection);
	void (*writable)(struct connection *connection);
	/* The client will send no more, though there may be something to read. Told once. */
	void (*hung_up)(struct connection *connection);
	/* Its timeout is over. */
	void (*expired)(struct connection *connection);
	/* The server is stopping: end it as soon as nothing is under way. */
	void (*stop)(struct connection *connection);
	/* It is being closed: nothing gets to the client any more. */
	void (*lose)(struct connection *connection);
	/* Release what is the protocol's; no worker has anything of it. */
	void (*finish)(struct connection *connection);
	/* Begin the response of a stream, which is whole or has begun. */
	void (*respond)(struct stream *stream);
	/* There is no memory for its response: it ends without one. */
	void (*abort)(struct stream *stream);
	/* The rest of a response that has begun does not follow, which the client is to see. */
	void (*cut)(struct stream *stream, const char *reason);
	/* No worker has the stream any more. */
	void (*settled)(struct stream *stream);
	/* A worker has the stream and has put something into it, or taken something out. */
	void (*news)(struct stream *stream);
};

enum connection_phase {
	CONNECTION_HANDSHAKE, /* agrees on TLS */
	CONNECTION_OPEN,      /* the protocol has it */
	CONNECTION_LINGER,    /* has sent all; reads on so that the client gets it */
	CONNECTION_CLOSED,
};

struct connection {
	struct loop_source source; /* first: sources are cast to connections */
	struct timeout timeout;
	struct server *server;
	struct listener *listener; /* the one it came from */
	struct connection *previous, *next;
	struct connection *unsent_next; /* in the server's list */
	const struct protocol *protocol; /* HTTP/1.1 until it is known to be another */
	enum connection_phase phase;
	bool is_refused; /* it is only told that there are too many */
	bool is_unsent;  /* it is in the server's list */
	bool at_end;     /* the client will send no more: that was read */
	bool is_resting; /* idle for a while, it keeps less memory */
	bool has_hung_up; /* the same: the system says so, though there may be something to read */
	size_t out_count; /* streams that workers have, whatever has become of the connection */
	struct transport transport;
	struct buffer out; /* made to be sent: heads or frames */
	size_t out_sent;
	uint16_t remote_port;
	uint8_t local_octets[16], local_length; /* 4 or 16; 0: not known */
	char remote_address[48];
	struct http1 http1;
	struct http2 *http2; /* owned; NULL: it speaks something else */
};

/* ---- connection.c ---- */

/* Take over a descriptor; `is_refused`: only to say that there are too many. */
void connection_open(struct listener *listener, int fd, bool is_refused);

/* Nothing is under way: give it the time until the next request. */
void connection_await_request(struct connection *connection);

/* Part of that time is over: what its transport keeps can rest until it is used again. */
void connection_rest(struct connection *connection);

/* TLS is agreed on, or there is none: the protocol has it. */
void connection_begin(struct connection *connection);

/* The server is stopping: a new client has a little time to ask. */
void connection_stop(struct connection *connection);

/* All was sent: wait a little until the client has read it, then close. */
void connection_linger(struct connection *connection);

/* End it now. If workers have streams of it, the rest follows when those are answered. */
void connection_close(struct connection *connection);

/* Free a closed one of which no worker has anything. */
void connection_drop(struct connection *connection);

/* Free the dropped ones; events of this turn no longer point to them. */
void connection_bury(struct server *server);

/* Send what it has at the end of this turn, with what comes until then. */
void connection_send_later(struct connection *connection);
void connection_send_all(struct server *server);

/* Have the loop watch for these events, and for the client's end. */
void connection_watch_for(struct connection *connection, uint32_t events);

/* timeout_expired of connections. */
void connection_expired(struct timeout *timeout);

/* The client takes nothing of a response: log it. The reason is constant. */
const char *connection_is_slow(const struct connection *connection);

/* ---- connection_tls.c ---- */

/* Go on with a handshake; then the connection has begun, or is closed. */
void connection_handshake(struct connection *connection);

#endif
