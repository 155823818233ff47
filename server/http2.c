/*
 * http2.c: an HTTP/2 connection as a whole: its session with nghttp2, reading and sending frames,
 * time, and its end. Single requests are in http2_stream.c and what that names.
 */
#include "server/http2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

const char http2_preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/* Frames that are made at once; what is behind them waits for the client. */
static const size_t most_out = 65536;

/* Sends in one turn, so that others have theirs. */
static const int most_sends = 4;

/* Bytes of bodies of all streams together that a client may send ahead. */
static const int32_t connection_window = 1 << 20;

/* An idle connection keeps no larger buffer. */
static const size_t kept_out = 1024;

/* ---- time ---- */

/* Part of a head is here: of several frames, or of one that is not whole. */
static bool http2_in_head(const struct http2 *http2)
{
	return http2->in_head || (http2->streams && !http2->streams->has_head);
}

/* What the connection waits for, that must not take for ever. NULL: it does not wait. */
static struct timeout_list *http2_waits_for(const struct connection *connection)
{
	struct server *server = connection->server;
	const struct http2 *http2 = connection->http2;
	if (connection->source.events & EPOLLOUT)
		return &server->write;
	if (http2->has_failed || (http2->is_ending && !http2->stream_count))
		return &server->linger;
	if (http2_in_head(http2))
		return &server->head;
	if (http2->stream_count)
		return NULL;
	return connection->is_resting ? &server->rested : &server->rest;
}

/* Set the timeout; one that goes on is not begun again. */
static void http2_set_timeout(struct connection *connection)
{
	struct timeout_list *list = http2_waits_for(connection);
	if (list == connection->timeout.list)
		return;
	if (list)
		timeout_set(&connection->server->loop, list, &connection->timeout);
	else
		timeout_clear(&connection->timeout);
}

/* ---- sending ---- */

void http2_fail(struct connection *connection, uint32_t code, const char *reason)
{
	struct http2 *http2 = connection->http2;
	if (http2->has_failed)
		return;
	log_event(&connection->server->log, "%s: HTTP/2: %s", connection->remote_address, reason);
	http2->has_failed = true;
	http2_lose_all(connection, "its connection has been ended for a fault of the client");
	/* Fails only without memory; then the connection ends without a word. */
	(void)nghttp2_session_terminate_session(http2_session(http2), code);
	connection_send_later(connection);
}

/* Have frames made; false if the connection is lost. */
static bool http2_fill(struct connection *connection)
{
	struct buffer *out = &connection->out;
	out->length = connection->out_sent = 0;
	while (out->length < most_out) {
		const uint8_t *bytes;
		ssize_t count = nghttp2_session_mem_send(http2_session(connection->http2), &bytes);
		if (count == 0)
			break;
		if (count < 0 || !buffer_append(out, bytes, (size_t)count, NULL))
			return false;
	}
	return true;
}

/* Send what was made: false if the client takes no more now, or is lost (then it is closed). */
static bool http2_flush(struct connection *connection)
{
	struct buffer *out = &connection->out;
	while (connection->out_sent < out->length) {
		struct iovec part = {out->data + connection->out_sent,
				out->length - connection->out_sent};
		ssize_t count = transport_write(&connection->transport, &part, 1);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return false;
		if (count < 0) {
			connection_close(connection);
			return false;
		}
		connection->out_sent += (size_t)count;
		timeout_clear(&connection->timeout);
	}
	return true;
}

/* Nothing is left to be said, by either side. */
static bool http2_is_over(struct http2 *http2)
{
	return !nghttp2_session_want_read(http2_session(http2)) &&
			!nghttp2_session_want_write(http2_session(http2));
}

/* All was sent. */
static void http2_sent(struct connection *connection)
{
	if (connection->out.capacity > kept_out)
		buffer_finish(&connection->out);
	connection->out.length = connection->out_sent = 0;
	if (connection->http2->has_failed || http2_is_over(connection->http2)) {
		if (transport_end(&connection->transport))
			connection_linger(connection);
		else
			connection_watch_for(connection, EPOLLOUT);
		return;
	}
	connection_watch_for(connection,
			connection->at_end ? 0 : transport_wants(&connection->transport));
}

static void http2_send(struct connection *connection)
{
	bool is_flushed = http2_flush(connection);
	int sends = 0;
	while (is_flushed && sends++ < most_sends) {
		if (!http2_fill(connection)) {
			connection_close(connection);
			return;
		}
		if (!connection->out.length)
			break;
		is_flushed = http2_flush(connection);
	}
	if (connection->phase != CONNECTION_OPEN)
		return;
	if (is_flushed && sends <= most_sends)
		http2_sent(connection);
	else
		/* A client that takes nothing is not read from either. */
		connection_watch_for(connection, EPOLLOUT);
	if (connection->phase == CONNECTION_OPEN)
		http2_set_timeout(connection);
}

/* ---- receiving ---- */

static void http2_receive(struct connection *connection, struct sv_bytes bytes)
{
	struct http2 *http2 = connection->http2;
	if (http2->has_failed)
		return;
	ssize_t count = nghttp2_session_mem_recv(http2_session(http2), bytes.data, bytes.length);
	if (count == NGHTTP2_ERR_FLOODED)
		http2_fail(connection, NGHTTP2_ENHANCE_YOUR_CALM, nghttp2_strerror((int)count));
	else if (count < 0)
		http2_fail(connection, NGHTTP2_PROTOCOL_ERROR, nghttp2_strerror((int)count));
}

/* The client will send no more: what it has asked is answered, what is not whole cannot be. */
static void http2_take_end(struct connection *connection)
{
	struct http2 *http2 = connection->http2;
	static const char reason[] = "the request ends too early";
	connection->at_end = http2->is_ending = true;
	for (struct http2_stream *s = http2->streams; s; s = s->next) {
		if (s->stream.is_arriving)
			stream_break_off(&s->stream, 400, reason);
		else if (!s->has_head)
			http2_stream_reset(s, NGHTTP2_PROTOCOL_ERROR, reason);
		else if (!s->has_request)
			http2_answer(s, 400, reason);
	}
	/* Behind that the connection is over when the last stream is. */
	if (nghttp2_submit_goaway(http2_session(http2), NGHTTP2_FLAG_NONE,
			    nghttp2_session_get_last_proc_stream_id(http2_session(http2)),
			    NGHTTP2_NO_ERROR, NULL, 0) != 0)
		http2_fail(connection, NGHTTP2_INTERNAL_ERROR, "no memory");
}

/* Read what there is, a limited amount; false if the connection is over or lost. */
static bool http2_read(struct connection *connection, struct input *input)
{
	size_t room = connection->server->input_size;
	do {
		ssize_t count = transport_read(&connection->transport, input->bytes, room);
		if (count < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (count == 0 && connection->http2->stream_count && !connection->http2->has_failed)
			http2_take_end(connection);
		if (count <= 0)
			return connection->at_end;
		http2_receive(connection, (struct sv_bytes){input->bytes, (size_t)count});
	} while (transport_has_pending(&connection->transport));
	return true;
}

static void http2_readable(struct connection *connection)
{
	struct server *server = connection->server;
	struct input *input = spare_input_take(server);
	bool is_read = input && http2_read(connection, input);
	if (input)
		spare_input_give(server, input);
	if (is_read)
		http2_send(connection);
	else
		connection_close(connection);
}

/* ---- beginning ---- */

static nghttp2_session *session_new(struct connection *connection)
{
	const struct server_limits *limits = &connection->server->limits;
	nghttp2_session_callbacks *callbacks = NULL;
	nghttp2_option *option = NULL;
	nghttp2_session *session = NULL;
	if (nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0) {
		http2_request_callbacks(callbacks);
		/* Windows are given as there is room for bodies. */
		nghttp2_option_set_no_auto_window_update(option, 1);
		/* Ours are the limits that count. */
		nghttp2_option_set_stream_reset_rate_limit(option, limits->resets + 1,
				limits->resets + 1);
		nghttp2_option_set_max_continuations(option, limits->head_bytes / 4096 + 8);
		nghttp2_option_set_max_send_header_block_length(option,
				limits->response_head_bytes * 2 + 65536);
		(void)nghttp2_session_server_new3(&session, callbacks, connection, option,
				&connection->http2->memory);
	}
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(callbacks);
	return session;
}

/* A client may send as much of a body ahead as is kept of a streamed one. */
static bool session_begin(nghttp2_session *session, const struct server_limits *limits)
{
	const nghttp2_settings_entry settings[] = {
			{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, (uint32_t)limits->streams},
			{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, (uint32_t)limits->stream_bytes / 2},
			{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)limits->head_bytes},
			{NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
	};
	return nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings,
			       ARRAY_LENGTH(settings)) == 0 &&
			nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
					connection_window) == 0;
}

/* False without memory. */
static bool http2_init(struct connection *connection)
{
	connection->http2 = calloc(1, sizeof *connection->http2);
	if (!connection->http2)
		return false;
	if (!http2_memory_init(connection->http2))
		return false;
	connection->http2->session = session_new(connection);
	return connection->http2->session &&
			session_begin(connection->http2->session, &connection->server->limits);
}

static void http2_begin(struct connection *connection)
{
	if (!http2_init(connection)) {
		connection_close(connection);
		return;
	}
	if (connection->is_refused)
		http2_fail(connection, NGHTTP2_ENHANCE_YOUR_CALM, "too many connections");
	http2_send(connection);
	/* Bytes of the client may have come with the end of the handshake. */
	if (connection->phase == CONNECTION_OPEN && transport_has_pending(&connection->transport))
		http2_readable(connection);
}

void http2_take_over(struct connection *connection, struct sv_bytes bytes)
{
	struct input *input = connection->http1.input;
	connection->http1.input = NULL;
	connection->protocol = &http2_protocol;
	http2_begin(connection);
	if (connection->phase == CONNECTION_OPEN) {
		http2_receive(connection, bytes);
		http2_send(connection);
	}
	spare_input_give(connection->server, input);
}

/* ---- events and ends ---- */

static void http2_hung_up(struct connection *connection)
{
	for (struct http2_stream *s = connection->http2->streams; s; s = s->next) {
		if (s->stream.is_out && !s->stream.is_arriving)
			host_stream_hang_up(&s->stream.exchange->stream);
	}
}

static void http2_expired_connection(struct connection *connection)
{
	struct http2 *http2 = connection->http2;
	if (connection->source.events & EPOLLOUT) {
		http2_lose_all(connection, connection_is_slow(connection));
		connection_close(connection);
		return;
	}
	if (http2->has_failed || http2->is_ending) {
		connection_close(connection);
		return;
	}
	if (!http2_in_head(http2) && !connection->is_resting) {
		http2_memory_rest(http2);
		connection_rest(connection);
		return;
	}
	if (http2_in_head(http2)) {
		http2_fail(connection, NGHTTP2_ENHANCE_YOUR_CALM, "the head took too long");
	} else {
		http2->is_ending = true;
		(void)nghttp2_session_terminate_session(http2_session(http2), NGHTTP2_NO_ERROR);
	}
	http2_send(connection);
}

/*
 * Streams that the client has begun before it hears of the end are still answered: the last one is
 * named when it has answered a ping behind the notice (RFC 9113, section 6.8).
 */
static void http2_stop(struct connection *connection)
{
	struct http2 *http2 = connection->http2;
	if (http2->is_ending || http2->has_failed)
		return;
	http2->is_ending = true;
	(void)nghttp2_submit_shutdown_notice(http2_session(http2));
	(void)nghttp2_submit_ping(http2_session(http2), NGHTTP2_FLAG_NONE, NULL);
	http2_send(connection);
}

static void http2_lose(struct connection *connection)
{
	struct http2 *http2 = connection->http2;
	struct tls_session *tls = connection->transport.tls;
	if (!http2)
		return;
	http2_lose_all(connection, "the client has closed its connection");
	/* Between requests the end is an orderly one. */
	if (!http2->stream_count && tls)
		(void)tls_session_end(tls);
}

static void http2_finish(struct connection *connection)
{
	struct http2 *http2 = connection->http2;
	if (!http2)
		return;
	struct http2_stream *next;
	for (struct http2_stream *stream = http2->streams; stream; stream = next) {
		next = stream->next;
		http2_stream_close(stream, "the client has closed its connection");
	}
	nghttp2_session_del(http2_session(http2));
	http2_memory_finish(http2);
	free(http2);
	connection->http2 = NULL;
}

const struct protocol http2_protocol = {
		.begin = http2_begin,
		.readable = http2_readable,
		.writable = http2_send,
		.hung_up = http2_hung_up,
		.expired = http2_expired_connection,
		.stop = http2_stop,
		.lose = http2_lose,
		.finish = http2_finish,
		.respond = http2_respond,
		.abort = http2_abort,
		.cut = http2_cut,
		.settled = http2_stream_settled,
		.news = http2_news,
};
