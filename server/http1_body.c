/*
 * http1_body.c: bodies of HTTP/1.1's requests: gathered before a guest begins, or given to one that
 * has begun. What its guest does not take stays in the kernel, so that the client has to wait.
 */
#include <string.h>
#include <sys/epoll.h>

#include "server/connection.h"

/* Tell a client that waits for it to send the body. */
static void http1_continue(struct connection *connection)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct request_head *head = &connection->http1.parser.head;
	if (!head->expects_continue)
		return;
	head->expects_continue = false;
	if (!buffer_append(&connection->out, text, sizeof text - 1, NULL))
		connection_close(connection);
	else if (http1_send(connection) && !http1_has_sent_all(connection))
		connection_watch_for(connection, EPOLLIN | EPOLLOUT);
}

/* Parse what was read; the bytes of the body go to the exchange. */
static enum http1_result body_parse(struct connection *connection)
{
	struct http1 *http1 = &connection->http1;
	struct input *input = http1->input;
	size_t from = input->start + http1->head_length, used = 0;
	struct sv_bytes bytes = {input->bytes + from, input->end - from};
	if (!bytes.length)
		return HTTP1_MORE;
	http1->parser.head.expects_continue = false;
	enum http1_result result = http1_parse_body(&http1->parser, bytes, &used);
	/* The head stays where it is, since the request points to it. */
	memmove(input->bytes + from, bytes.data + used, bytes.length - used);
	input->end -= used;
	return result;
}

/* ---- gathered ---- */

/* Bytes are missing: a guest may begin without them. */
static bool body_misses(struct connection *connection)
{
	struct http1 *http1 = &connection->http1;
	if (!http1->is_gathering && !connection->at_end &&
			stream_takes_intake(&http1->stream, &http1->parser.head)) {
		http1_submit(connection);
		http1_arrive(connection);
		return true;
	}
	http1->is_gathering = true;
	http1_continue(connection);
	return connection->phase == CONNECTION_OPEN && http1_want_input(connection);
}

bool http1_run_body(struct connection *connection)
{
	struct request_head *head = &connection->http1.parser.head;
	enum http1_result result = body_parse(connection);
	if (result == HTTP1_MORE)
		return body_misses(connection);
	if (result == HTTP1_REFUSED)
		http1_answer(connection, head->status, head->reason);
	else
		http1_submit(connection);
	return true;
}

/* ---- given to a guest that has begun ---- */

/* More of the body may come, and there is room for it. */
static bool body_is_wanted(const struct connection *connection)
{
	const struct stream *stream = &connection->http1.stream;
	return stream->is_arriving && !stream->exchange->body.length && !connection->at_end;
}

void http1_watch_for(struct connection *connection, uint32_t events)
{
	if (body_is_wanted(connection))
		events |= transport_wants(&connection->transport);
	connection_watch_for(connection, events);
}

/* False: the guest has to take something first. */
static bool body_give(struct stream *stream)
{
	struct buffer *body = &stream->exchange->body;
	if (body->length)
		buffer_consume(body, host_intake_put(&stream->exchange->intake, buffer_view(body)));
	return !body->length;
}

/* One step; false if nothing more can be done now. */
static bool body_step(struct connection *connection)
{
	struct http1 *http1 = &connection->http1;
	struct stream *stream = &http1->stream;
	if (!body_give(stream))
		return false;
	if (http1->parser.is_complete) {
		stream_arrived(stream);
		return false;
	}
	size_t here = http1->input->end - http1->input->start - http1->head_length;
	if (here && body_parse(connection) == HTTP1_REFUSED) {
		stream_break_off(stream, http1->parser.head.status, http1->parser.head.reason);
		return false;
	}
	if (here)
		return true;
	if (connection->at_end) {
		stream_break_off(stream, 400, "the request ends too early");
		return false;
	}
	return transport_has_pending(&connection->transport) && http1_read(connection);
}

void http1_arrive(struct connection *connection)
{
	const struct stream *stream = &connection->http1.stream;
	while (stream->is_arriving && body_step(connection))
		continue;
	uint32_t events = connection->source.events & ~(uint32_t)(EPOLLIN | EPOLLRDHUP);
	if (connection->phase == CONNECTION_OPEN && stream->is_arriving)
		http1_watch_for(connection, events);
}

void http1_intake_news(struct connection *connection)
{
	struct stream *stream = &connection->http1.stream;
	bool is_wanted;
	size_t taken = host_intake_account(&stream->exchange->intake, &is_wanted);
	if (is_wanted && !stream->has_begun)
		http1_continue(connection);
	if (taken && connection->phase == CONNECTION_OPEN)
		http1_arrive(connection);
}
