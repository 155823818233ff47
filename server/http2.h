/*
 * http2.h: HTTP/2 on a connection (RFC 9113): many streams at once, by nghttp2, which has the
 * framing, the header compression and the rules of the protocol. Here is what comes in and goes
 * out, and the limits.
 */
#ifndef SELVAGE_SERVER_HTTP2_H
#define SELVAGE_SERVER_HTTP2_H

#include <nghttp2/nghttp2.h>

#include "server/connection.h"
#include "server/rest.h"

/* What a client sends first: 24 bytes. */
#define HTTP2_PREFACE_LENGTH 24u
extern const char http2_preface[];

struct http2_stream {
	struct stream stream; /* first: streams are cast to those of HTTP/2 */
	struct http2_stream *previous, *next; /* of the connection; the newest is the first */
	struct timeout timeout;
	int32_t id;
	bool has_head;    /* fields that come now are trailers */
	bool has_request; /* all of it is here, or it is refused: what comes now is dropped */
	bool is_closed;   /* for nghttp2: it remains until its exchange is back */
	bool is_ours;     /* we have broken it off */
	struct request_head head;
	uint64_t head_size;  /* as SETTINGS_MAX_HEADER_LIST_SIZE counts */
	uint64_t body_bytes; /* that came */
	uint64_t withheld;   /* of these, those for which the client got no new window */
};

/* What the client's frames up to its first request are like; texts are cut off where they end. */
struct http2_print {
	char settings[96], priorities[64], order[8];
	uint32_t window;
	bool is_whole;
};

struct http2 {
	nghttp2_session *session; /* owned; to be had by http2_session */
	nghttp2_mem memory;       /* its allocator */
	struct rest rest; /* owned; of what the session allocates to begin with */
	size_t begin_used; /* of that */
	bool has_room;     /* it has its room for a frame, which is behind that */
	struct http2_stream *streams;
	size_t stream_count;  /* open or not settled */
	uint64_t gathered;    /* bytes of bodies that are not complete */
	bool is_ending;       /* it has been told that no more is taken */
	bool has_failed;      /* what comes is not looked at */
	bool in_head;         /* a block of fields has begun and goes on in the next frame */
	uint64_t block_bytes; /* of that block */
	uint64_t field_bytes; /* the same, unpacked */
	uint64_t second;      /* when counting began */
	uint64_t resets, pings; /* since then */
	struct http2_print print;
};

extern const struct protocol http2_protocol;

/* ---- http2.c ---- */

/* A connection that began as HTTP/1.1 is one of these: `bytes` came. */
void http2_take_over(struct connection *connection, struct sv_bytes bytes);

/* timeout_expired of streams. */
void http2_expired(struct timeout *timeout);

/* The client must not go on: say why and end the connection. `reason` is constant. */
void http2_fail(struct connection *connection, uint32_t code, const char *reason);

/* ---- http2_memory.c ---- */

/* Before there is a session. False without memory. */
SV_MUST_USE bool http2_memory_init(struct http2 *http2);

/* Behind its end. */
void http2_memory_finish(struct http2 *http2);

/* Nothing is under way: keep less. */
void http2_memory_rest(struct http2 *http2);

/* The session, to be used. */
static inline nghttp2_session *http2_session(struct http2 *http2)
{
	rest_wake(&http2->rest);
	return http2->session;
}

/* ---- http2_stream.c ---- */

/* A new stream; NULL: there is no memory. */
struct http2_stream *http2_stream_new(struct connection *connection, int32_t id);

/* nghttp2 knows it no more: free it, or leave that to http2_stream_settled. */
void http2_stream_close(struct http2_stream *stream, const char *reason);
void http2_stream_settled(struct stream *stream);

/* The connection can do nothing more for any of them; `reason` is constant. */
void http2_lose_all(struct connection *connection, const char *reason);

/* Break it off. */
void http2_stream_reset(struct http2_stream *stream, uint32_t code, const char *reason);

/* ---- http2_print.c ---- */

/* A frame came, or a field of the first request. */
void http2_print_frame(struct http2_print *print, const nghttp2_frame *frame);
void http2_print_field(struct http2_print *print, struct sv_bytes name);

/* "SETTINGS|WINDOW|PRIORITIES|ORDER". */
void http2_print_text(const struct http2_print *print, char *text, size_t size);

/* ---- http2_request.c ---- */

/* Callbacks about what comes in. */
void http2_request_callbacks(nghttp2_session_callbacks *callbacks);

/* The client may send as much again. */
void http2_give_window(struct http2_stream *stream, size_t length);

/* Give out the windows that were withheld, as far as there is room for bodies. */
void http2_give_windows(struct connection *connection);

/* ---- http2_response.c ---- */

/* protocol.respond and protocol.news. */
void http2_respond(struct stream *stream);
void http2_news(struct stream *stream);

/* protocol.abort and protocol.cut. */
void http2_abort(struct stream *stream);
void http2_cut(struct stream *stream, const char *reason);

/* Answer with a status of our own. */
void http2_answer(struct http2_stream *stream, int status, const char *reason);

/* The client may send the body now. */
bool http2_continue(struct http2_stream *stream);

#endif
