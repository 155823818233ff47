/*
 * connection_io.c: the socket's side of a connection: reading, sending, time.
 */
#include "server/connection.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static struct connection *connection_of_source(struct loop_source *source)
{
	return (struct connection *)source;
}

static struct connection *connection_of_timeout(struct timeout *timeout)
{
	return (struct connection *)((char *)timeout - offsetof(struct connection, timeout));
}

bool connection_has_sent_all(const struct connection *connection)
{
	return connection->out_sent == connection->out.length && !connection->body.length &&
			!connection->tail.length;
}

/* Drop the first of them, as many as there are; how many there were too few. */
static size_t bytes_drop(struct sv_bytes *bytes, size_t count)
{
	size_t dropped = count < bytes->length ? count : bytes->length;
	if (dropped)
		bytes->data += dropped;
	bytes->length -= dropped;
	return count - dropped;
}

/* Account for bytes the kernel has taken. */
static void connection_took(struct connection *connection, size_t count)
{
	size_t of_out = connection->out.length - connection->out_sent;
	if (of_out > count)
		of_out = count;
	connection->out_sent += of_out;
	count = bytes_drop(&connection->body, count - of_out);
	(void)bytes_drop(&connection->tail, count);
}

bool connection_send(struct connection *connection)
{
	while (!connection_has_sent_all(connection)) {
		struct iovec parts[] = {
				{connection->out.data + connection->out_sent,
						connection->out.length - connection->out_sent},
				{(void *)(uintptr_t)connection->body.data, connection->body.length},
				{(void *)(uintptr_t)connection->tail.data, connection->tail.length},
		};
		ssize_t count = transport_write(&connection->transport, parts, ARRAY_LENGTH(parts));
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return true;
		if (count < 0) {
			connection_close(connection);
			return false;
		}
		connection_took(connection, (size_t)count);
		if (connection->state == CONNECTION_WRITING ||
				connection->state == CONNECTION_STREAMING)
			timeout_set(&connection->server->loop, &connection->server->write,
					&connection->timeout);
	}
	return true;
}

void connection_watch_for(struct connection *connection, uint32_t events)
{
	if (!connection->has_hung_up)
		events |= EPOLLRDHUP;
	loop_change(&connection->server->loop, &connection->source, events);
}

/* Wait until there is something to read, and until what is left to be sent can be. */
static void connection_watch(struct connection *connection)
{
	uint32_t events = transport_wants(&connection->transport);
	if (!connection_has_sent_all(connection))
		events |= EPOLLOUT;
	connection_watch_for(connection, events);
}

/* Read and forget, a limited amount each turn. */
static void connection_discard(struct connection *connection)
{
	char scratch[16384];
	ssize_t count = recv(connection->transport.fd, scratch, sizeof scratch, 0);
	bool is_over = count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
	if (is_over)
		connection_close(connection);
}

bool connection_read(struct connection *connection)
{
	struct server *server = connection->server;
	if (!connection->input)
		connection->input = spare_input_take(server);
	struct input *input = connection->input;
	if (!input) {
		connection_close(connection);
		return false;
	}
	size_t room = server->input_size - input->end;
	check(room > 0);
	ssize_t count = transport_read(&connection->transport, input->bytes + input->end, room);
	if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
		/* An idle connection that has nothing needs no buffer. */
		if (connection->state == CONNECTION_IDLE && input->start == input->end) {
			spare_input_give(server, input);
			connection->input = NULL;
		}
		connection_watch(connection);
		return false;
	}
	if (count < 0) {
		connection_close(connection);
		return false;
	}
	connection->at_end = count == 0;
	input->end += (size_t)count;
	return true;
}

static void connection_readable(struct connection *connection)
{
	switch (connection->state) {
	case CONNECTION_HANDSHAKE:
		connection_handshake(connection);
		break;
	case CONNECTION_IDLE:
	case CONNECTION_HEAD:
	case CONNECTION_BODY:
		if (connection_read(connection))
			connection_run(connection);
		break;
	case CONNECTION_LINGER:
		connection_discard(connection);
		break;
	case CONNECTION_WAITING:
	case CONNECTION_STREAMING:
	case CONNECTION_WRITING:
	case CONNECTION_SENT:
		/* A request that comes early stays in the kernel until its turn. */
		connection_watch_for(connection, connection->source.events & ~(uint32_t)EPOLLIN);
		break;
	case CONNECTION_CLOSED:
		break;
	}
}

/* It is told once, as it stays so. */
static void connection_hang_up(struct connection *connection)
{
	connection->has_hung_up = true;
	connection_watch_for(connection, connection->source.events & ~(uint32_t)EPOLLRDHUP);
	if (connection->is_out)
		host_stream_hang_up(&connection->exchange->stream);
}

void connection_ready(struct loop_source *source, uint32_t events)
{
	struct connection *connection = connection_of_source(source);
	if (events & (EPOLLHUP | EPOLLERR)) {
		connection_close(connection);
		return;
	}
	if (events & EPOLLRDHUP)
		connection_hang_up(connection);
	if (events & EPOLLOUT) {
		if (connection->state == CONNECTION_WRITING ||
				connection->state == CONNECTION_STREAMING) {
			connection_run(connection);
			return;
		}
		/* "100 Continue" that did not go out at once, or a read that had to write. */
		bool is_read = transport_wants(&connection->transport) == EPOLLOUT;
		if (!connection_send(connection))
			return;
		connection_watch(connection);
		if (is_read)
			events |= EPOLLIN;
	}
	if (events & EPOLLIN)
		connection_readable(connection);
}

static void connection_is_slow(struct connection *connection)
{
	static const char reason[] = "the client took nothing for as long as --write-timeout";
	log_event(&connection->server->log, "%s: %s", connection->remote_address, reason);
	if (connection->is_out)
		host_stream_lose(&connection->exchange->stream, reason);
	connection_close(connection);
}

void connection_expired(struct timeout *timeout)
{
	struct connection *connection = connection_of_timeout(timeout);
	switch (connection->state) {
	case CONNECTION_HANDSHAKE:
		log_event(&connection->server->log, "%s: the TLS handshake took too long",
				connection->remote_address);
		connection_close(connection);
		break;
	case CONNECTION_HEAD:
		connection_refuse(connection, 408, "the head took too long");
		connection_run(connection);
		break;
	case CONNECTION_BODY:
		connection_refuse(connection, 408, "the body took too long");
		connection_run(connection);
		break;
	case CONNECTION_STREAMING:
	case CONNECTION_WRITING:
		connection_is_slow(connection);
		break;
	default:
		connection_close(connection);
		break;
	}
}
