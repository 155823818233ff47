/*
 * http1.h: HTTP/1.1 and 1.0 on a connection: one request after the other.
 */
#ifndef SELVAGE_SERVER_HTTP1_H
#define SELVAGE_SERVER_HTTP1_H

#include "server/http1_parse.h"
#include "server/state.h"
#include "server/stream.h"

struct connection;
struct protocol;

enum http1_state {
	HTTP1_IDLE,      /* waits for the first byte of a request */
	HTTP1_HEAD,      /* has a part of a head */
	HTTP1_BODY,      /* has a head and waits for the body */
	HTTP1_WAITING,   /* a worker has the request */
	HTTP1_STREAMING, /* sends the response while the worker still has the request */
	HTTP1_WRITING,   /* sends the rest of the response */
	HTTP1_SENT,      /* has sent it, though the worker may still have the request */
};

struct http1 {
	enum http1_state state;
	bool has_asked;  /* there was a request before the current one */
	bool keep_alive; /* behind the current response */
	bool is_chunked; /* the response's body */
	bool is_gathering; /* the request's body, before a guest begins */
	struct input *input; /* owned; NULL while idle */
	size_t head_length;  /* of the current request, once known */
	struct http1_parser parser;
	struct stream stream;
	struct sv_bytes tail; /* of a chunk of the response, what is left of it */
};

extern const struct protocol http1_protocol;

/* ---- http1.c ---- */

/* Ready for a first request. */
void http1_init(struct connection *connection);

/* Give the request to a worker. */
void http1_submit(struct connection *connection);

/* Wait for input, unless the transport holds some already; true if it is here. */
bool http1_await(struct connection *connection);

/* The same for the rest of the current request. */
bool http1_want_input(struct connection *connection);

/* Do what can be done now. */
void http1_run(struct connection *connection);

/* Answer with a status of our own, and end the connection behind it. */
void http1_answer(struct connection *connection, int status, const char *reason);

/*
 * Make the response's head; `more` bytes follow those of its body, or -1: nobody knows. False if
 * there is no memory: then the connection ends without a response.
 */
bool http1_begin_response(struct connection *connection, int64_t more);

/* ---- http1_body.c ---- */

/* The state BODY; true if there is more to do now. */
bool http1_run_body(struct connection *connection);

/* Give what has come of a body to the guest that has begun; read more as long as there is room. */
void http1_arrive(struct connection *connection);

/* The guest has taken some of it, or waits for it. */
void http1_intake_news(struct connection *connection);

/* Have the loop watch for these events, and for more of the body if it may come. */
void http1_watch_for(struct connection *connection, uint32_t events);

/* ---- http1_stream.c ---- */

/* protocol.news, protocol.respond and protocol.cut. */
void http1_news(struct stream *stream);
void http1_respond(struct stream *stream);
void http1_cut(struct stream *stream, const char *reason);

/* The state STREAMING; true if there is more to do now. */
bool http1_run_streaming(struct connection *connection);

/* ---- http1_io.c ---- */

/* protocol.readable, protocol.writable. */
void http1_readable(struct connection *connection);
void http1_writable(struct connection *connection);

/*
 * Read once into the input buffer. True if there is something new, be it the end; false if nothing
 * came, or the connection is lost (and closed).
 */
bool http1_read(struct connection *connection);

/* Send what there is; false if the connection is lost (and closed). */
bool http1_send(struct connection *connection);

/* True if everything was sent. */
bool http1_has_sent_all(const struct connection *connection);

#endif
