/*
 * connection_stream.c: a response that goes out while its guest still runs. The guest fills one
 * buffer while the other one, the connection's piece, is being sent.
 */
#include "server/connection.h"

#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "server/http1_write.h"

static const char no_memory[] = "no memory for a response";

/* ---- framing ---- */

/* These bytes come next. */
static bool piece_put(struct connection *connection, struct sv_bytes bytes)
{
	connection->body = bytes;
	if (!connection->is_chunked || !bytes.length)
		return true;
	connection->tail = host_text("\r\n");
	return buffer_printf(&connection->out, NULL, "%zx\r\n", bytes.length);
}

/* A list of words, some with parameters (RFC 9110, section 10.1.4). */
static bool list_has_trailers(struct sv_bytes list)
{
	static const char word[] = "trailers";
	const size_t length = sizeof word - 1;
	for (size_t at = 0; at + length <= list.length; at++) {
		const char *here = (const char *)list.data + at;
		bool begins = !at || strchr(", \t", here[-1]);
		bool ends = at + length == list.length || strchr(",; \t", here[length]);
		if (begins && ends && strncasecmp(here, word, length) == 0)
			return true;
	}
	return false;
}

static bool client_takes_trailers(const struct host_request *request)
{
	for (size_t i = 0; i < request->header_count; i++) {
		const struct host_header *field = &request->headers[i];
		if (host_name_equal(field->name, host_text("TE")) &&
				list_has_trailers(field->value))
			return true;
	}
	return false;
}

/* What tells the client that it has all. */
static bool last_put(struct connection *connection)
{
	static const struct host_response none;
	const struct exchange *exchange = connection->exchange;
	bool has_trailers = client_takes_trailers(&exchange->request);
	if (!connection->is_chunked)
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
	bool is_told_by_end =
			!connection->is_chunked && connection->exchange->response.announced < 0;
	if (is_told_by_end && !connection->transport.tls)
		(void)setsockopt(connection->transport.fd, SOL_SOCKET, SO_LINGER, &reset,
				sizeof reset);
	connection_close(connection);
}

static void stream_fail(struct connection *connection)
{
	log_event(&connection->server->log, "%s", no_memory);
	if (connection->is_out)
		host_stream_lose(&connection->exchange->stream, no_memory);
	stream_abort(connection);
}

/* ---- going on ---- */

/* Everything was sent: what comes next. False: nothing, for now or for good. */
static bool stream_next(struct connection *connection)
{
	struct server *server = connection->server;
	struct host_stream *stream = &connection->exchange->stream;
	connection->out.length = connection->out_sent = connection->piece.length = 0;
	enum host_stream_state state = host_stream_take(stream, &connection->piece);
	bool is_put = true;
	if (connection->piece.length) {
		is_put = piece_put(connection, buffer_view(&connection->piece));
	} else if (state == HOST_STREAM_WHOLE) {
		is_put = last_put(connection);
		connection->state = CONNECTION_WRITING;
	} else if (state == HOST_STREAM_BROKEN) {
		stream_abort(connection);
		return false;
	} else {
		timeout_clear(&connection->timeout);
		connection_watch_for(connection, 0);
		return false;
	}
	if (is_put)
		timeout_set(&server->loop, &server->write, &connection->timeout);
	else
		stream_fail(connection);
	return is_put;
}

bool connection_run_streaming(struct connection *connection)
{
	while (connection->state == CONNECTION_STREAMING) {
		if (!connection_send(connection))
			return false;
		if (!connection_has_sent_all(connection)) {
			connection_watch_for(connection, EPOLLOUT);
			return false;
		}
		if (!stream_next(connection))
			return false;
	}
	return true;
}

/* ---- beginning ---- */

/* How long the rest is, or -1: it is not known, or there are trailers, which need chunks. */
static int64_t stream_more(const struct connection *connection)
{
	struct exchange *exchange = connection->exchange;
	size_t waiting;
	bool is_whole = host_stream_look(&exchange->stream, &waiting) == HOST_STREAM_WHOLE;
	if (!is_whole)
		return -1;
	bool has_trailers = exchange->stream.trailers.field_count &&
			exchange->request.minor_version > 0 &&
			client_takes_trailers(&exchange->request);
	return has_trailers ? -1 : (int64_t)waiting;
}

void connection_stream(struct connection *connection)
{
	struct exchange *exchange = connection->exchange;
	bool is_head = host_name_equal(exchange->request.method, host_text("HEAD"));
	bool has_body = !is_head && http1_has_content(exchange->response.status);
	int64_t more = stream_more(connection);
	bool is_open = has_body && more < 0 && exchange->response.announced < 0;
	connection->is_chunked = is_open && exchange->request.minor_version > 0;
	if (is_open && !connection->is_chunked)
		connection->keep_alive = false;
	if (!has_body)
		host_stream_drop(&exchange->stream);
	if (!connection_begin_response(connection, more)) {
		host_stream_lose(&exchange->stream, no_memory);
		return;
	}
	if (has_body)
		connection->state = CONNECTION_STREAMING;
	if (!piece_put(connection, connection->body))
		stream_fail(connection);
}

void connection_news(struct exchange *exchange)
{
	struct connection *connection = exchange->connection;
	enum host_stream_state state = host_stream_look(&exchange->stream, NULL);
	bool can_begin = state == HOST_STREAM_OPEN || state == HOST_STREAM_WHOLE;
	if (connection->state == CONNECTION_WAITING && can_begin)
		connection_stream(connection);
	if (connection->state == CONNECTION_STREAMING || connection->state == CONNECTION_WRITING)
		connection_run(connection);
}
