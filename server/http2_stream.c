/*
 * http2_stream.c: a stream of HTTP/2 from its beginning to its end, which are nghttp2's to say.
 */
#include "server/http2.h"

#include <stdlib.h>

static struct http2_stream *stream_of_timeout(struct timeout *timeout)
{
	return (struct http2_stream *)((char *)timeout - offsetof(struct http2_stream, timeout));
}

struct http2_stream *http2_stream_new(struct connection *connection, int32_t id)
{
	struct http2 *http2 = connection->http2;
	struct http2_stream *stream = calloc(1, sizeof *stream);
	if (!stream)
		return NULL;
	stream->stream.connection = connection;
	stream->stream.began = connection->server->loop.now;
	stream->id = id;
	stream->head.limits = &connection->server->limits;
	stream->next = http2->streams;
	if (stream->next)
		stream->next->previous = stream;
	http2->streams = stream;
	http2->stream_count++;
	return stream;
}

static void http2_stream_free(struct http2_stream *stream)
{
	struct http2 *http2 = stream->stream.connection->http2;
	*(stream->previous ? &stream->previous->next : &http2->streams) = stream->next;
	if (stream->next)
		stream->next->previous = stream->previous;
	http2->stream_count--;
	timeout_clear(&stream->timeout);
	stream_reset(&stream->stream);
	free(stream);
}

void http2_stream_close(struct http2_stream *stream, const char *reason)
{
	struct http2 *http2 = stream->stream.connection->http2;
	stream->is_closed = true;
	timeout_clear(&stream->timeout);
	stream_lose(&stream->stream, reason);
	if (!stream->has_request)
		http2->gathered -= stream->body_bytes;
	stream->has_request = true;
	if (!stream->stream.is_out)
		http2_stream_free(stream);
}

void http2_stream_settled(struct stream *base)
{
	struct http2_stream *stream = (struct http2_stream *)base;
	struct connection *connection = base->connection;
	if (stream->is_closed)
		http2_stream_free(stream);
	else if (base->has_begun && !base->is_over)
		http2_news(base);
	if (connection->phase == CONNECTION_OPEN)
		connection_send_later(connection);
}

void http2_stream_reset(struct http2_stream *stream, uint32_t code, const char *reason)
{
	struct connection *connection = stream->stream.connection;
	stream->is_ours = true;
	stream_lose(&stream->stream, reason);
	/* Fails only without memory: then nothing else can be done for it. */
	if (nghttp2_submit_rst_stream(http2_session(connection->http2), NGHTTP2_FLAG_NONE,
			    stream->id, code) != 0)
		http2_fail(connection, NGHTTP2_INTERNAL_ERROR, "no memory");
	connection_send_later(connection);
}

void http2_lose_all(struct connection *connection, const char *reason)
{
	for (struct http2_stream *s = connection->http2->streams; s; s = s->next) {
		timeout_clear(&s->timeout);
		stream_lose(&s->stream, reason);
	}
}

/* True if the client has given no window for what is to be sent. */
static bool http2_stream_is_stuck(const struct http2_stream *stream)
{
	nghttp2_session *session = http2_session(stream->stream.connection->http2);
	return nghttp2_session_get_stream_remote_window_size(session, stream->id) <= 0 ||
			nghttp2_session_get_remote_window_size(session) <= 0;
}

void http2_expired(struct timeout *timeout)
{
	struct http2_stream *stream = stream_of_timeout(timeout);
	struct connection *connection = stream->stream.connection;
	if (!stream->has_request)
		http2_answer(stream, 408, "the body took too long");
	else if (http2_stream_is_stuck(stream))
		http2_stream_reset(stream, NGHTTP2_CANCEL, connection_is_slow(connection));
	else
		/* The connection is busy with other streams. */
		timeout_set(&connection->server->loop, &connection->server->stream_write, timeout);
}
