/*
 * http1_stream.c: a response of HTTP/1.1 that goes out while its guest still runs. The guest fills
 * one buffer while the other one, the stream's piece, is being sent.
 */
#include "server/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include "server/http1_write.h"

/* So many are copied sooner than they are sent from a place of their own. */
static const size_t few_bytes = 512;

static const char no_memory[] = "no memory for a response";

/* ---- framing ---- */

/* These bytes come next. */
static bool piece_put(struct connection *connection, struct sv_bytes bytes)
{
	struct http1 *http1 = &connection->http1;
	struct buffer *out = &connection->out;
	bool is_chunk = http1->is_chunked && bytes.length;
	http1->stream.body = (struct sv_bytes){0};
	if (is_chunk && !buffer_printf(out, NULL, "%zx\r\n", bytes.length))
		return false;
	if (bytes.length <= few_bytes)
		return buffer_append(out, bytes.data, bytes.length, NULL) &&
				(!is_chunk || buffer_append(out, "\r\n", 2, NULL));
	http1->stream.body = bytes;
	if (is_chunk)
		http1->tail = host_text("\r\n");
	return true;
}

/* What tells the client that it has all. */
static bool last_put(struct connection *connection)
{
	static const struct host_response none;
	const struct exchange *exchange = connection->http1.stream.exchange;
	bool has_trailers = request_takes_trailers(&exchange->request);
	if (!connection->http1.is_chunked)
		return true;
	return buffer_append(&connection->out, "0\r\n", 3, NULL) &&
			http1_write_trailers(&connection->out,
					has_trailers ? &exchange->stream.trailers : &none, NULL);
}

/* ---- ends ---- */

/* The client must not take what it has for all there is: the end of a connection would say so. */
static void stream_abort(struct connection *connection)
{
	const struct linger reset = {.l_onoff = 1};
	bool is_told_by_end = !connection->http1.is_chunked &&
			connection->http1.stream.exchange->response.announced < 0;
	if (is_told_by_end && !connection->transport.tls)
		(void)setsockopt(connection->transport.fd, SOL_SOCKET, SO_LINGER, &reset,
				sizeof reset);
	connection_close(connection);
}

void http1_cut(struct stream *stream, const char *reason)
{
	(void)reason; /* the log has it from the stream */
	stream_abort(stream->connection);
}

static void stream_fail(struct connection *connection)
{
	log_event(&connection->server->log, "%s", no_memory);
	if (connection->http1.stream.is_out)
		host_stream_lose(&connection->http1.stream.exchange->stream, no_memory);
	stream_abort(connection);
}

/* ---- going on ---- */

/* Everything was sent: what comes next. False: nothing, for now or for good. */
static bool stream_next(struct connection *connection)
{
	struct server *server = connection->server;
	struct host_stream *stream = &connection->http1.stream.exchange->stream;
	connection->out.length = connection->out_sent = connection->http1.stream.piece.length = 0;
	enum host_stream_state state = host_stream_take(stream, &connection->http1.stream.piece);
	bool is_put = true;
	if (connection->http1.stream.piece.length) {
		is_put = piece_put(connection, buffer_view(&connection->http1.stream.piece));
	} else if (state == HOST_STREAM_WHOLE) {
		is_put = last_put(connection);
		connection->http1.state = HTTP1_WRITING;
	} else if (state == HOST_STREAM_BROKEN) {
		stream_abort(connection);
		return false;
	} else {
		timeout_clear(&connection->timeout);
		http1_watch_for(connection, 0);
		return false;
	}
	if (is_put)
		timeout_set(&server->loop, &server->write, &connection->timeout);
	else
		stream_fail(connection);
	return is_put;
}

bool http1_run_streaming(struct connection *connection)
{
	while (connection->http1.state == HTTP1_STREAMING) {
		if (!http1_send(connection))
			return false;
		if (!http1_has_sent_all(connection)) {
			http1_watch_for(connection, EPOLLOUT);
			return false;
		}
		if (!stream_next(connection))
			return false;
	}
	return true;
}

/* ---- beginning ---- */

void http1_respond(struct stream *stream)
{
	struct connection *connection = stream->connection;
	struct http1 *http1 = &connection->http1;
	struct exchange *exchange = stream->exchange;
	const struct stream_plan plan = stream_plan(stream);
	/* The next request would be behind a body that perhaps nobody reads. */
	if (stream->is_arriving || stream->status)
		http1->keep_alive = false;
	/* Trailers need chunks. */
	int64_t more = plan.has_trailers ? -1 : plan.more;
	bool is_open = plan.has_body && more < 0 && exchange->response.announced < 0;
	http1->is_chunked = is_open && !host_request_is_old(&exchange->request);
	if (is_open && !http1->is_chunked)
		http1->keep_alive = false;
	if (!http1_begin_response(connection, more)) {
		host_stream_lose(&exchange->stream, no_memory);
		return;
	}
	if (plan.has_body && more)
		http1->state = HTTP1_STREAMING;
	if (!piece_put(connection, stream->body))
		stream_fail(connection);
}

void http1_news(struct stream *stream)
{
	struct connection *connection = stream->connection;
	if (stream->is_arriving)
		http1_intake_news(connection);
	if (connection->phase != CONNECTION_OPEN)
		return;
	enum host_stream_state state = host_stream_look(&stream->exchange->stream, NULL);
	bool can_begin = state == HOST_STREAM_OPEN || state == HOST_STREAM_WHOLE;
	/* With a status, that is the answer. */
	if (connection->http1.state == HTTP1_WAITING && can_begin && !stream->status)
		http1_respond(stream);
	if (connection->http1.state == HTTP1_STREAMING || connection->http1.state == HTTP1_WRITING)
		http1_run(connection);
}
