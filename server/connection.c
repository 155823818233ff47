/*
 * connection.c: the life of a connection, one request after the other: find the head,
 * parse it, take the body, have it answered, send the answer. Requests that came early
 * (pipelining) wait in the input buffer until the one before is answered.
 */
#include "server/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server/http1_write.h"

static void connection_set_remote(struct connection *connection)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof address;
	snprintf(connection->remote_address, sizeof connection->remote_address, "unknown");
	if (getpeername(connection->transport.fd, (struct sockaddr *)&address, &length) != 0)
		return;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;
	bool is_v6 = address.ss_family == AF_INET6;
	connection->remote_port = ntohs(is_v6 ? v6->sin6_port : v4->sin_port);
	const void *bytes = is_v6 ? (const void *)&v6->sin6_addr : (const void *)&v4->sin_addr;
	inet_ntop(address.ss_family, bytes, connection->remote_address,
			sizeof connection->remote_address);
}

void connection_open(struct listener *listener, int fd, bool is_refused)
{
	struct server *server = listener->server;
	struct connection *connection = calloc(1, sizeof *connection);
	if (!connection) {
		close(fd);
		return;
	}
	connection->server = server;
	connection->listener = listener;
	connection->transport.fd = connection->source.fd = fd;
	connection->source.ready = connection_ready;
	connection_set_remote(connection);
	http1_parser_init(&connection->parser, &server->limits);
	int on = 1;
	/* Only a matter of speed: a response is one write. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (!loop_add(&server->loop, &connection->source, EPOLLIN | EPOLLRDHUP, NULL)) {
		close(fd);
		free(connection);
		return;
	}
	connection->next = server->connections;
	if (server->connections)
		server->connections->previous = connection;
	server->connections = connection;
	server->connection_count++;
	connection->is_refused = is_refused;
	if (listener->tls)
		timeout_set(&server->loop, &server->handshake, &connection->timeout);
	else
		connection_begin(connection);
}

void connection_begin(struct connection *connection)
{
	struct server *server = connection->server;
	connection->state = CONNECTION_IDLE;
	timeout_set(&server->loop, server->is_stopping ? &server->linger : &server->idle,
			&connection->timeout);
	if (connection->is_refused)
		connection_refuse(connection, 503, "too many connections");
	connection_run(connection);
}

static void connection_drop(struct connection *connection)
{
	struct server *server = connection->server;
	*(connection->previous ? &connection->previous->next : &server->connections) =
			connection->next;
	if (connection->next)
		connection->next->previous = connection->previous;
	server->connection_count--;
	if (connection->input)
		spare_input_give(server, connection->input);
	if (connection->exchange)
		spare_exchange_give(server, connection->exchange);
	buffer_finish(&connection->out);
	buffer_finish(&connection->piece);
	/* Events of this turn may still point here. */
	connection->next = server->dead;
	server->dead = connection;
}

void connection_close(struct connection *connection)
{
	if (connection->state == CONNECTION_CLOSED)
		return;
	if (connection->is_out)
		host_stream_lose(&connection->exchange->stream,
				"the client has closed its connection");
	/* Between two requests the end is an orderly one. */
	if (connection->state == CONNECTION_IDLE && connection->transport.tls)
		(void)tls_session_end(connection->transport.tls);
	connection->state = CONNECTION_CLOSED;
	timeout_clear(&connection->timeout);
	loop_remove(&connection->server->loop, &connection->source);
	transport_close(&connection->transport);
	if (!connection->is_out)
		connection_drop(connection);
}

void connection_stop(struct connection *connection)
{
	struct server *server = connection->server;
	connection->keep_alive = false;
	if (connection->state != CONNECTION_IDLE && connection->state != CONNECTION_HANDSHAKE)
		return;
	/* A client that has only just come is about to ask, and is heard. */
	if (connection->began)
		connection_close(connection);
	else
		timeout_set(&server->loop, &server->linger, &connection->timeout);
}

/* ---- answering ---- */

bool connection_begin_response(struct connection *connection, int64_t more)
{
	struct server *server = connection->server;
	struct exchange *exchange = connection->exchange;
	const struct http1_frame frame = {
			.is_head = host_name_equal(exchange->request.method, host_text("HEAD")),
			.keep_alive = connection->keep_alive && !server->is_stopping,
			.is_old = exchange->request.method.length &&
					exchange->request.minor_version == 0,
			.is_open = more < 0,
			.more = more < 0 ? 0 : (uint64_t)more,
			.time = time(NULL),
	};
	connection->keep_alive = frame.keep_alive;
	connection->has_begun = true;
	connection->state = CONNECTION_WRITING;
	timeout_set(&server->loop, &server->write, &connection->timeout);
	bool is_made = http1_write_head(&connection->out, &exchange->response, &frame,
			&connection->body, NULL);
	if (!is_made) {
		connection->keep_alive = false;
		connection->out.length = connection->out_sent = 0;
		connection->body = (struct sv_bytes){0};
		log_event(&server->log, "no memory for a response");
	}
	exchange->sent = connection->body.length;
	return is_made;
}

void connection_refuse(struct connection *connection, int status, const char *reason)
{
	struct server *server = connection->server;
	log_refusal(&server->log, connection->remote_address, status, reason);
	if (!connection->exchange)
		connection->exchange = spare_exchange_take(server);
	connection->keep_alive = false;
	if (!connection->exchange ||
			!http1_make_text(&connection->exchange->response, status, reason, NULL)) {
		connection_close(connection);
		return;
	}
	connection_begin_response(connection, 0);
}

/* A guest that failed: its answer is ours to write. */
static bool answer_for_failure(struct exchange *exchange)
{
	if (exchange->outcome.ending == HOST_ANSWERED)
		return true;
	int status = host_ending_status(exchange->outcome.ending);
	return http1_make_text(&exchange->response, status, exchange->outcome.cause, NULL);
}

/* Nothing is sent yet: an answer, or a failure. */
static void connection_respond(struct connection *connection)
{
	struct exchange *exchange = connection->exchange;
	bool is_streamed = exchange->outcome.ending == HOST_ANSWERED &&
			host_stream_look(&exchange->stream, NULL) == HOST_STREAM_WHOLE;
	if (!answer_for_failure(exchange))
		connection_close(connection);
	else if (is_streamed)
		connection_stream(connection);
	else
		connection_begin_response(connection, 0);
}

/* The exchange is back. It stays out until it is logged, so that it is not dropped before. */
static void connection_settle(struct connection *connection)
{
	struct server *server = connection->server;
	struct exchange *exchange = connection->exchange;
	if (connection->state == CONNECTION_WAITING)
		connection_respond(connection);
	else if (!connection->has_begun)
		/* Nobody gets it, but the log has its status. */
		(void)!answer_for_failure(exchange);
	if (connection->has_begun)
		exchange->sent += exchange->stream.total;
	log_exchange(&server->log, exchange, server->loop.now);
	connection->is_out = false;
	if (connection->state == CONNECTION_CLOSED)
		connection_drop(connection);
}

void connection_answer(struct exchange *exchange)
{
	struct connection *connection = exchange->connection;
	connection_settle(connection);
	connection_run(connection);
}

/* Ready for the next request, which may have been read already. */
static void connection_next(struct connection *connection)
{
	struct server *server = connection->server;
	spare_exchange_give(server, connection->exchange);
	connection->exchange = NULL;
	connection->out.length = connection->out_sent = 0;
	connection->has_begun = connection->is_chunked = false;
	buffer_finish(&connection->piece);
	http1_parser_reset(&connection->parser);
	struct input *input = connection->input;
	input->start += connection->head_length;
	connection->head_length = 0;
	connection->state = CONNECTION_IDLE;
	timeout_set(&server->loop, &server->idle, &connection->timeout);
	if (input->start == input->end) {
		spare_input_give(server, input);
		connection->input = NULL;
	}
}

/*
 * Closing with unread input would reset the connection and could take the response from the client
 * before it is read: the client knows that we are done, and we read on for a while.
 */
void connection_linger(struct connection *connection)
{
	struct server *server = connection->server;
	connection->state = CONNECTION_LINGER;
	timeout_set(&server->loop, &server->linger, &connection->timeout);
	connection_watch_for(connection, EPOLLIN);
	if (connection->at_end)
		connection_close(connection);
}

static bool run_writing(struct connection *connection)
{
	if (!connection_send(connection))
		return false;
	if (!connection_has_sent_all(connection)) {
		connection_watch_for(connection, EPOLLOUT);
		return false;
	}
	if (connection->keep_alive) {
		connection->state = CONNECTION_SENT;
		timeout_clear(&connection->timeout);
		return true;
	}
	if (!transport_end(&connection->transport)) {
		connection_watch_for(connection, EPOLLOUT);
		return false;
	}
	connection_linger(connection);
	return false;
}

/* The guest may still look at the request, whose bytes are here. */
static bool run_sent(struct connection *connection)
{
	if (connection->is_out)
		connection_watch_for(connection, 0);
	else
		connection_next(connection);
	return !connection->is_out;
}

/* ---- requests ---- */

static void set_server_name(struct exchange *exchange, struct sv_bytes host, const char *fallback)
{
	size_t length = host.length;
	const uint8_t *end = host.length ? memrchr(host.data, ':', host.length) : NULL;
	/* A colon inside brackets belongs to an IPv6 address. */
	if (end && !memchr(end, ']', host.length - (size_t)(end - host.data)))
		length = (size_t)(end - host.data);
	if (length && length < sizeof exchange->server_name)
		snprintf(exchange->server_name, sizeof exchange->server_name, "%.*s", (int)length,
				(const char *)host.data);
	else
		snprintf(exchange->server_name, sizeof exchange->server_name, "%s", fallback);
}

/* The request is complete: give it to a worker. */
static void connection_submit(struct connection *connection)
{
	struct server *server = connection->server;
	struct exchange *exchange = connection->exchange;
	struct host_request *request = &exchange->request;
	const struct tls_session *tls = connection->transport.tls;
	const char *name = tls ? tls_session_name(tls) : "";
	set_server_name(exchange, connection->parser.host, name[0] ? name : "localhost");
	request->body = buffer_view(&exchange->body);
	request->scheme = tls ? "https" : "http";
	request->remote_address = connection->remote_address;
	request->remote_port = connection->remote_port;
	request->server_name = exchange->server_name;
	request->server_port = connection->listener->port;
	exchange->connection = connection;
	exchange->began = connection->began;
	exchange->deadline = server->loop.now + server->limits.request_time;
	connection->keep_alive = connection->parser.keep_alive;
	connection->state = CONNECTION_WAITING;
	timeout_clear(&connection->timeout);
	if (connection->has_hung_up)
		host_stream_hang_up(&exchange->stream);
	connection->is_out = true;
	if (executor_submit(server->executor, exchange))
		return;
	host_outcome_set(&exchange->outcome, HOST_BUSY, "more than %llu requests are waiting",
			(unsigned long long)server->limits.queue);
	connection_settle(connection);
}

/* Wait for input, unless the transport holds some already; true if it is here. */
static bool connection_await(struct connection *connection)
{
	if (transport_has_pending(&connection->transport))
		return connection_read(connection);
	connection_watch_for(connection, EPOLLIN);
	return false;
}

/* Wait for more input of the current request. */
static bool connection_want_input(struct connection *connection)
{
	if (!connection->at_end)
		return connection_await(connection);
	connection_refuse(connection, 400, "the request ends too early");
	return true;
}

static bool run_idle(struct connection *connection)
{
	struct server *server = connection->server;
	if (connection->input && connection->input->end > connection->input->start) {
		connection->state = CONNECTION_HEAD;
		connection->began = server->loop.now;
		timeout_set(&server->loop, &server->head, &connection->timeout);
		return true;
	}
	if (connection->at_end || (server->is_stopping && connection->began)) {
		connection_close(connection);
		return false;
	}
	return connection_await(connection);
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

static void connection_begin_body(struct connection *connection)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct server *server = connection->server;
	struct input *input = connection->input;
	connection->state = CONNECTION_BODY;
	timeout_set(&server->loop, &server->body, &connection->timeout);
	bool has_begun = input->end > input->start + connection->head_length;
	if (!connection->parser.expects_continue || has_begun)
		return;
	if (!buffer_append(&connection->out, text, sizeof text - 1, NULL))
		connection_close(connection);
	else if (connection_send(connection) && !connection_has_sent_all(connection))
		connection_watch_for(connection, EPOLLIN | EPOLLOUT);
}

/* In TLS the client has said who it wants to talk to, and with whom it does (RFC 9110, 7.4). */
static bool host_is_covered(const struct connection *connection)
{
	const struct tls_session *tls = connection->transport.tls;
	return !tls || tls_session_covers(tls, connection->parser.host);
}

/* A body that nobody is going to look at need not be read. */
static enum http1_result connection_admit(struct connection *connection)
{
	const struct handler *handler = connection->server->handler;
	const char *reason;
	int status = handler->admit
			? handler->admit(handler->data, &connection->exchange->request, &reason)
			: 0;
	return status ? http1_refuse(&connection->parser, status, reason) : HTTP1_MORE;
}

static bool run_head(struct connection *connection)
{
	struct server *server = connection->server;
	struct input *input = connection->input;
	struct http1_parser *parser = &connection->parser;
	struct sv_bytes bytes = {input->bytes + input->start, input->end - input->start};
	enum http1_result result = http1_find_head(parser, bytes, &connection->head_length);
	if (result == HTTP1_MORE) {
		input_compact(input);
		return connection_want_input(connection);
	}
	if (result == HTTP1_READY) {
		/* Behind this head there must be room to read a body. */
		if (server->input_size - input->start - connection->head_length <
				CONNECTION_READ_SIZE)
			input_compact(input);
		connection->exchange = spare_exchange_take(server);
		if (!connection->exchange) {
			connection_refuse(connection, 503, "no memory for the request");
			return false;
		}
		struct exchange *exchange = connection->exchange;
		bytes = (struct sv_bytes){input->bytes + input->start, connection->head_length};
		result = http1_parse_head(parser, bytes, &exchange->request, exchange->headers,
				&exchange->body);
	}
	if (result != HTTP1_REFUSED && !host_is_covered(connection))
		result = http1_refuse(parser, 421, "the connection is for another host");
	if (result == HTTP1_MORE)
		result = connection_admit(connection);
	if (result == HTTP1_REFUSED)
		connection_refuse(connection, parser->status, parser->reason);
	else if (result == HTTP1_READY)
		connection_submit(connection);
	else
		connection_begin_body(connection);
	return true;
}

static bool run_body(struct connection *connection)
{
	struct input *input = connection->input;
	size_t from = input->start + connection->head_length, used = 0;
	struct sv_bytes bytes = {input->bytes + from, input->end - from};
	enum http1_result result = HTTP1_MORE;
	if (bytes.length)
		result = http1_parse_body(&connection->parser, bytes, &used);
	/* The head stays where it is, since the request points to it. */
	memmove(input->bytes + from, bytes.data + used, bytes.length - used);
	input->end -= used;
	if (result == HTTP1_REFUSED)
		connection_refuse(connection, connection->parser.status, connection->parser.reason);
	else if (result == HTTP1_READY)
		connection_submit(connection);
	else
		return connection_want_input(connection);
	return true;
}

void connection_run(struct connection *connection)
{
	bool goes_on = true;
	while (goes_on) {
		switch (connection->state) {
		case CONNECTION_IDLE:
			goes_on = run_idle(connection);
			break;
		case CONNECTION_HEAD:
			goes_on = run_head(connection);
			break;
		case CONNECTION_BODY:
			goes_on = run_body(connection);
			break;
		case CONNECTION_STREAMING:
			goes_on = connection_run_streaming(connection);
			break;
		case CONNECTION_WRITING:
			goes_on = run_writing(connection);
			break;
		case CONNECTION_SENT:
			goes_on = run_sent(connection);
			break;
		case CONNECTION_HANDSHAKE:
		case CONNECTION_WAITING:
		case CONNECTION_LINGER:
		case CONNECTION_CLOSED:
			goes_on = false;
			break;
		}
	}
}
