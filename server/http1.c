/*
 * http1.c: HTTP/1.1 on a connection, one request after the other: find the head, parse it, take
 * the body, have it answered, send the answer. Requests that came early (pipelining) wait in the
 * input buffer until the one before is answered.
 */
#include "server/http1.h"

#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "server/connection.h"
#include "server/http1_write.h"
#include "server/http2.h"

void http1_init(struct connection *connection)
{
	struct http1 *http1 = &connection->http1;
	http1->stream.connection = connection;
	http1_parser_init(&http1->parser, &connection->server->limits);
}

/* ---- answering ---- */

bool http1_begin_response(struct connection *connection, int64_t more)
{
	struct server *server = connection->server;
	struct http1 *http1 = &connection->http1;
	struct stream *stream = &http1->stream;
	struct exchange *exchange = stream->exchange;
	const struct http1_frame frame = {
			.is_head = request_bytes_are(exchange->request.method, "HEAD"),
			.keep_alive = http1->keep_alive && !server->is_stopping,
			.is_old = exchange->request.method.length &&
					host_request_is_old(&exchange->request),
			.more = more,
			.time = time(NULL),
	};
	http1->keep_alive = frame.keep_alive;
	stream->has_begun = true;
	http1->state = HTTP1_WRITING;
	timeout_set(&server->loop, &server->write, &connection->timeout);
	bool is_made = http1_write_head(&connection->out, &exchange->response, &frame,
			&stream->body, NULL);
	if (!is_made) {
		http1->keep_alive = false;
		connection->out.length = connection->out_sent = 0;
		stream->body = (struct sv_bytes){0};
		log_event(&server->log, "no memory for a response");
	}
	exchange->sent = stream->body.length;
	return is_made;
}

void http1_answer(struct connection *connection, int status, const char *reason)
{
	struct http1 *http1 = &connection->http1;
	http1->keep_alive = false;
	if (stream_refuse(&http1->stream, status, reason))
		http1_begin_response(connection, 0);
	else
		connection_close(connection);
}

/* Ready for the next request, which may have been read already. */
static void http1_next(struct connection *connection)
{
	struct server *server = connection->server;
	struct http1 *http1 = &connection->http1;
	struct input *input = http1->input;
	stream_reset(&http1->stream);
	connection->out.length = connection->out_sent = 0;
	http1_parser_reset(&http1->parser);
	input->start += http1->head_length;
	http1->head_length = 0;
	http1->is_chunked = http1->is_gathering = false;
	http1->has_asked = true;
	http1->state = HTTP1_IDLE;
	connection_await_request(connection);
	if (input->start == input->end) {
		spare_input_give(server, input);
		http1->input = NULL;
	}
}

static bool run_writing(struct connection *connection)
{
	if (!http1_send(connection))
		return false;
	if (!http1_has_sent_all(connection)) {
		http1_watch_for(connection, EPOLLOUT);
		return false;
	}
	if (connection->http1.keep_alive) {
		connection->http1.state = HTTP1_SENT;
		timeout_clear(&connection->timeout);
		return true;
	}
	/* Who has the whole response need not send the rest of the request. */
	if (connection->http1.stream.is_arriving)
		stream_break_off(&connection->http1.stream, 0, "the client has its response");
	if (!transport_end(&connection->transport)) {
		http1_watch_for(connection, EPOLLOUT);
		return false;
	}
	connection_linger(connection);
	return false;
}

/* The guest may still look at the request, whose bytes are here. */
static bool run_sent(struct connection *connection)
{
	bool is_out = connection->http1.stream.is_out;
	if (is_out)
		http1_watch_for(connection, 0);
	else
		http1_next(connection);
	return !is_out;
}

static void http1_abort(struct stream *stream)
{
	connection_close(stream->connection);
}

/* The exchange is back. */
static void http1_settled(struct stream *stream)
{
	if (stream->connection->phase == CONNECTION_OPEN)
		http1_run(stream->connection);
}

/* ---- requests ---- */

bool http1_await(struct connection *connection)
{
	if (transport_has_pending(&connection->transport))
		return http1_read(connection);
	connection_watch_for(connection, EPOLLIN);
	return false;
}

bool http1_want_input(struct connection *connection)
{
	if (!connection->at_end)
		return http1_await(connection);
	http1_answer(connection, 400, "the request ends too early");
	return true;
}

static bool run_idle(struct connection *connection)
{
	struct server *server = connection->server;
	struct http1 *http1 = &connection->http1;
	if (http1->input && http1->input->end > http1->input->start) {
		http1->state = HTTP1_HEAD;
		http1->stream.began = server->loop.now;
		return true;
	}
	if (connection->at_end || (server->is_stopping && http1->has_asked)) {
		connection_close(connection);
		return false;
	}
	return http1_await(connection);
}

/* The request to the front of the buffer, so that there is room behind it. No views exist. */
static void input_compact(struct input *input)
{
	if (!input->start)
		return;
	memmove(input->bytes, input->bytes + input->start, input->end - input->start);
	input->end -= input->start;
	input->start = 0;
}

void http1_submit(struct connection *connection)
{
	struct http1 *http1 = &connection->http1;
	http1->keep_alive = http1->parser.keep_alive;
	http1->state = HTTP1_WAITING;
	timeout_clear(&connection->timeout);
	stream_submit(&http1->stream, &http1->parser.head);
}

static void http1_begin_body(struct connection *connection)
{
	struct server *server = connection->server;
	connection->http1.state = HTTP1_BODY;
	timeout_set(&server->loop, &server->body, &connection->timeout);
}

/* The first bytes of a plain connection may say that it is HTTP/2 (RFC 9113, section 3.3). */
static bool may_be_http2(const struct connection *connection, struct sv_bytes bytes)
{
	size_t length = bytes.length < HTTP2_PREFACE_LENGTH ? bytes.length : HTTP2_PREFACE_LENGTH;
	return !connection->http1.has_asked && !connection->transport.tls &&
			memcmp(bytes.data, http2_preface, length) == 0;
}

/* Parse the head, which is `bytes`. */
static enum http1_result http1_take_head(struct connection *connection, struct sv_bytes bytes)
{
	struct stream *stream = &connection->http1.stream;
	struct http1_parser *parser = &connection->http1.parser;
	if (!stream_take_exchange(stream))
		return http1_refuse(parser, 503, "no memory for the request");
	struct exchange *exchange = stream->exchange;
	parser->trailers = &exchange->intake.trailers;
	enum http1_result result = http1_parse_head(parser, bytes, &exchange->request,
			exchange->headers, &exchange->body);
	bool is_refused = result == HTTP1_REFUSED || !stream_is_covered(stream, &parser->head) ||
			/* A body that nobody is going to look at need not be read. */
			(result == HTTP1_MORE && !stream_is_admitted(stream, &parser->head));
	return is_refused ? HTTP1_REFUSED : result;
}

/* The head is not whole: its time began with its first byte. */
static bool http1_want_head(struct connection *connection)
{
	struct server *server = connection->server;
	if (connection->timeout.list != &server->head)
		timeout_set(&server->loop, &server->head, &connection->timeout);
	return http1_want_input(connection);
}

static bool run_head(struct connection *connection)
{
	struct server *server = connection->server;
	struct http1 *http1 = &connection->http1;
	struct input *input = http1->input;
	struct http1_parser *parser = &http1->parser;
	struct sv_bytes bytes = {input->bytes + input->start, input->end - input->start};
	if (may_be_http2(connection, bytes)) {
		if (bytes.length < HTTP2_PREFACE_LENGTH)
			return http1_want_head(connection);
		http2_take_over(connection, bytes);
		return false;
	}
	enum http1_result result = http1_find_head(parser, bytes, &http1->head_length);
	if (result == HTTP1_MORE) {
		input_compact(input);
		return http1_want_head(connection);
	}
	if (result == HTTP1_READY) {
		/* Behind this head there must be room to read a body. */
		if (server->input_size - input->start - http1->head_length < CONNECTION_READ_SIZE)
			input_compact(input);
		bytes = (struct sv_bytes){input->bytes + input->start, http1->head_length};
		result = http1_take_head(connection, bytes);
	}
	if (result == HTTP1_REFUSED)
		http1_answer(connection, parser->head.status, parser->head.reason);
	else if (result == HTTP1_READY)
		http1_submit(connection);
	else
		http1_begin_body(connection);
	return true;
}

void http1_run(struct connection *connection)
{
	static bool (*const states[])(struct connection *) = {
			[HTTP1_IDLE] = run_idle,
			[HTTP1_HEAD] = run_head,
			[HTTP1_BODY] = http1_run_body,
			[HTTP1_WAITING] = NULL,
			[HTTP1_STREAMING] = http1_run_streaming,
			[HTTP1_WRITING] = run_writing,
			[HTTP1_SENT] = run_sent,
	};
	bool goes_on = true;
	while (goes_on && connection->phase == CONNECTION_OPEN) {
		bool (*run)(struct connection *) = states[connection->http1.state];
		goes_on = run && run(connection);
	}
}

/* ---- the connection ---- */

static void http1_begin(struct connection *connection)
{
	if (connection->is_refused)
		http1_answer(connection, 503, "too many connections");
	http1_run(connection);
}

static void http1_hung_up(struct connection *connection)
{
	struct stream *stream = &connection->http1.stream;
	if (stream->is_out && !stream->is_arriving)
		host_stream_hang_up(&stream->exchange->stream);
}

static bool http1_can_rest(const struct connection *connection)
{
	return connection->transport.tls && !connection->is_resting &&
			!connection->server->is_stopping;
}

static void http1_expired(struct connection *connection)
{
	struct http1 *http1 = &connection->http1;
	switch (http1->state) {
	case HTTP1_IDLE:
		if (http1_can_rest(connection)) {
			connection_rest(connection);
			return;
		}
		connection_close(connection);
		break;
	case HTTP1_HEAD:
		http1_answer(connection, 408, "the head took too long");
		break;
	case HTTP1_BODY:
		http1_answer(connection, 408, "the body took too long");
		break;
	case HTTP1_STREAMING:
	case HTTP1_WRITING:
		stream_lose(&http1->stream, connection_is_slow(connection));
		connection_close(connection);
		break;
	default:
		connection_close(connection);
		break;
	}
	http1_run(connection);
}

static void http1_stop(struct connection *connection)
{
	struct server *server = connection->server;
	struct http1 *http1 = &connection->http1;
	http1->keep_alive = false;
	if (http1->state != HTTP1_IDLE)
		return;
	/* A client that has only just come is about to ask, and is heard. */
	if (http1->has_asked)
		connection_close(connection);
	else
		timeout_set(&server->loop, &server->linger, &connection->timeout);
}

static void http1_lose(struct connection *connection)
{
	struct tls_session *tls = connection->transport.tls;
	stream_lose(&connection->http1.stream, "the client has closed its connection");
	/* Between two requests the end is an orderly one. */
	if (connection->phase == CONNECTION_OPEN && connection->http1.state == HTTP1_IDLE && tls)
		(void)tls_session_end(tls);
}

static void http1_finish(struct connection *connection)
{
	struct http1 *http1 = &connection->http1;
	if (http1->input)
		spare_input_give(connection->server, http1->input);
	stream_reset(&http1->stream);
	http1_parser_reset(&http1->parser);
}

const struct protocol http1_protocol = {
		.begin = http1_begin,
		.readable = http1_readable,
		.writable = http1_writable,
		.hung_up = http1_hung_up,
		.expired = http1_expired,
		.stop = http1_stop,
		.lose = http1_lose,
		.finish = http1_finish,
		.respond = http1_respond,
		.abort = http1_abort,
		.cut = http1_cut,
		.settled = http1_settled,
		.news = http1_news,
};
