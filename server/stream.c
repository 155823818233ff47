/*
 * stream.c: see stream.h.
 */
#include "server/stream.h"

#include <stdio.h>
#include <string.h>

#include "server/connection.h"
#include "server/http1_write.h"
#include "server/response.h"
#include "server/trace.h"

bool stream_take_exchange(struct stream *stream)
{
	if (!stream->exchange)
		stream->exchange = spare_exchange_take(stream->connection->server);
	return stream->exchange != NULL;
}

void stream_reset(struct stream *stream)
{
	if (stream->exchange)
		spare_exchange_give(stream->connection->server, stream->exchange);
	stream->exchange = NULL;
	stream->has_begun = stream->is_over = false;
	stream->status = 0;
	stream->body = (struct sv_bytes){0};
	buffer_finish(&stream->piece);
}

/* ---- requests ---- */

bool stream_is_covered(const struct stream *stream, struct request_head *head)
{
	const struct tls_session *tls = stream->connection->transport.tls;
	/* In TLS the client has said who it wants to talk to, and with whom it does. */
	if (tls && !tls_session_covers(tls, head->host))
		return request_refuse(head, 421, "the connection is for another host");
	return true;
}

bool stream_is_admitted(const struct stream *stream, struct request_head *head)
{
	const struct handler *handler = stream->connection->server->handler;
	const char *reason = NULL;
	int status = handler->admit ? handler->admit(handler->data, head->request, &reason) : 0;
	return !status || request_refuse(head, status, "%s", reason);
}

static void set_server_name(struct exchange *exchange, struct sv_bytes host, const char *fallback)
{
	size_t length = host.length;
	const uint8_t *end = host.length ? memrchr(host.data, ':', host.length) : NULL;
	/* A colon inside brackets belongs to an IPv6 address. */
	if (end && !memchr(end, ']', host.length - (size_t)(end - host.data)))
		length = (size_t)(end - host.data);
	struct sv_bytes name = {host.data, length};
	if (!length || length >= sizeof exchange->server_name)
		name = host_text(fallback);
	if (name.length >= sizeof exchange->server_name)
		name.length = sizeof exchange->server_name - 1;
	memcpy(exchange->server_name, name.data, name.length);
	exchange->server_name[name.length] = '\0';
}

/* The session may be gone before the guest is. */
static const struct host_tls *stream_describe_tls(struct exchange *exchange,
		const struct tls_session *session)
{
	if (!session)
		return NULL;
	snprintf(exchange->tls_name, sizeof exchange->tls_name, "%s", tls_session_name(session));
	host_client_release(exchange->tls.client);
	exchange->tls = (struct host_tls){tls_session_protocol(session),
			tls_session_cipher(session), exchange->tls_name,
			host_client_use(tls_session_client(session))};
	return &exchange->tls;
}

/* What the connection knows of the request. */
static void stream_describe(struct stream *stream, const struct request_head *head)
{
	struct connection *connection = stream->connection;
	struct exchange *exchange = stream->exchange;
	struct host_request *request = &exchange->request;
	const struct tls_session *tls = connection->transport.tls;
	const char *name = tls ? tls_session_name(tls) : "";
	static const struct buffer none;
	set_server_name(exchange, head->host, name[0] ? name : "localhost");
	request->intake = stream->is_arriving ? &exchange->intake : NULL;
	request->body = buffer_view(stream->is_arriving ? &none : &exchange->body);
	request->trailers = &exchange->intake.trailers;
	request->body_length = head->has_length ? (int64_t)head->length : -1;
	request->scheme = tls ? "https" : "http";
	request->tls = stream_describe_tls(exchange, tls);
	request->remote_address = connection->remote_address;
	request->remote_port = connection->remote_port;
	memcpy(request->local_octets, connection->local_octets, sizeof request->local_octets);
	request->local_length = connection->local_length;
	request->server_name = exchange->server_name;
	request->server_port = connection->listener->port;
}

static void stream_settle(struct stream *stream);

void stream_submit(struct stream *stream, const struct request_head *head)
{
	struct connection *connection = stream->connection;
	struct server *server = connection->server;
	struct exchange *exchange = stream->exchange;
	stream_describe(stream, head);
	trace_begin(exchange);
	exchange->owner = stream;
	exchange->began = stream->began;
	exchange->deadline = server->loop.now + server->limits.request_time;
	if (connection->has_hung_up && !stream->is_arriving)
		host_stream_hang_up(&exchange->stream);
	stream->is_out = true;
	connection->out_count++;
	if (executor_submit(server->executor, exchange))
		return;
	host_outcome_set(&exchange->outcome, HOST_BUSY, "more than %llu requests are waiting",
			(unsigned long long)server->limits.queue);
	stream_settle(stream);
}

/* ---- bodies that arrive while a guest has the request ---- */

bool stream_takes_intake(struct stream *stream, const struct request_head *head)
{
	struct server *server = stream->connection->server;
	const struct handler *handler = server->handler;
	if (!handler->takes_intake)
		return false;
	stream_describe(stream, head);
	stream->is_arriving = handler->takes_intake(handler->data, &stream->exchange->request);
	if (stream->is_arriving)
		timeout_set(&server->loop, &server->arrival, &stream->arrival);
	return stream->is_arriving;
}

static void stream_end_arrival(struct stream *stream)
{
	stream->is_arriving = false;
	timeout_clear(&stream->arrival);
}

void stream_arrived(struct stream *stream)
{
	stream_end_arrival(stream);
	host_intake_end(&stream->exchange->intake);
	/* Until now it was to be seen in the body. */
	if (stream->connection->has_hung_up)
		host_stream_hang_up(&stream->exchange->stream);
}

/*
 * Who breaks the rules gets no answer of the guest's: one that waits is ended at once, and what has
 * begun to go out is cut off.
 */
void stream_break_off(struct stream *stream, int status, const char *reason)
{
	struct host_stream *answer = &stream->exchange->stream;
	bool is_lost = status && host_stream_look(answer, NULL) != HOST_STREAM_WHOLE;
	stream_end_arrival(stream);
	stream->status = status;
	stream->reason = reason;
	/* In this order: who is woken by the second is to find the first. */
	if (is_lost)
		host_stream_lose(answer, reason);
	host_intake_break(&stream->exchange->intake, reason);
	if (is_lost && stream->has_begun)
		stream->connection->protocol->cut(stream, reason);
}

void stream_arrival_expired(struct timeout *timeout)
{
	struct stream *stream =
			(struct stream *)((char *)timeout - offsetof(struct stream, arrival));
	stream_break_off(stream, 408, "the body took too long");
}

/* ---- answers ---- */

bool stream_refuse(struct stream *stream, int status, const char *reason)
{
	struct connection *connection = stream->connection;
	log_refusal(&connection->server->log, connection->remote_address, status, reason);
	return stream_take_exchange(stream) &&
			http1_make_text(&stream->exchange->response, status, reason, NULL);
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
static void stream_respond(struct stream *stream)
{
	const struct protocol *protocol = stream->connection->protocol;
	struct host_response *response = &stream->exchange->response;
	struct host_outcome *outcome = &stream->exchange->outcome;
	if (stream->status)
		host_outcome_set(outcome, HOST_LEFT, "%s", stream->reason);
	bool is_failure = outcome->ending != HOST_ANSWERED;
	bool is_made = stream->status
			? http1_make_text(response, stream->status, stream->reason, NULL)
			: answer_for_failure(stream->exchange);
	if (!is_made) {
		protocol->abort(stream);
		return;
	}
	/* What it had begun to stream is not for the client. */
	if (is_failure)
		host_stream_reset(&stream->exchange->stream);
	protocol->respond(stream);
}

/* The exchange is back. It stays out until it is logged, so that it is not dropped before. */
static void stream_settle(struct stream *stream)
{
	struct connection *connection = stream->connection;
	struct server *server = connection->server;
	struct exchange *exchange = stream->exchange;
	if (!stream->has_begun && !stream->is_over)
		stream_respond(stream);
	else if (!stream->has_begun)
		/* Nobody gets it, but the log has its status. */
		(void)!answer_for_failure(exchange);
	if (stream->has_begun)
		exchange->sent += exchange->stream.total;
	log_exchange(&server->log, exchange, server->loop.now);
	stream->is_out = false;
	stream_end_arrival(stream);
	connection->out_count--;
	bool was_closed = connection->phase == CONNECTION_CLOSED;
	connection->protocol->settled(stream);
	if (was_closed && !connection->out_count)
		connection_drop(connection);
}

void stream_answered(struct exchange *exchange)
{
	stream_settle(exchange->owner);
}

void stream_news(struct exchange *exchange)
{
	struct stream *stream = exchange->owner;
	if (!stream->is_over)
		stream->connection->protocol->news(stream);
}

void stream_lose(struct stream *stream, const char *reason)
{
	stream->is_over = true;
	if (stream->is_out)
		host_stream_lose(&stream->exchange->stream, reason);
	if (stream->is_arriving)
		stream_break_off(stream, 0, reason);
}

struct stream_plan stream_plan(struct stream *stream)
{
	struct exchange *exchange = stream->exchange;
	const struct host_request *request = &exchange->request;
	size_t waiting = 0;
	enum host_stream_state state = host_stream_look(&exchange->stream, &waiting);
	struct stream_plan plan = {
			.is_head = request_bytes_are(request->method, "HEAD"),
			.is_whole = state == HOST_STREAM_NONE || state == HOST_STREAM_WHOLE,
			.more = -1,
	};
	plan.has_body = !plan.is_head && response_has_content(exchange->response.status);
	if (plan.is_whole) {
		plan.has_trailers = state == HOST_STREAM_WHOLE &&
				exchange->stream.trailers.field_count &&
				!host_request_is_old(request) && request_takes_trailers(request);
		plan.more = (int64_t)waiting;
	}
	if (!plan.has_body && state != HOST_STREAM_NONE)
		host_stream_drop(&exchange->stream);
	return plan;
}
