/*
 * http1_io.c: HTTP/1.1's reading and sending.
 */
#include "server/connection.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

bool http1_has_sent_all(const struct connection *connection)
{
	return connection->out_sent == connection->out.length &&
			!connection->http1.stream.body.length && !connection->http1.tail.length;
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
static void http1_took(struct connection *connection, size_t count)
{
	size_t of_out = connection->out.length - connection->out_sent;
	if (of_out > count)
		of_out = count;
	connection->out_sent += of_out;
	count = bytes_drop(&connection->http1.stream.body, count - of_out);
	(void)bytes_drop(&connection->http1.tail, count);
}

/* What is left to be sent, in up to three parts; how many there are. */
static size_t http1_parts(const struct connection *connection, struct iovec *parts)
{
	const struct sv_bytes all[] = {
			{connection->out.data + connection->out_sent,
					connection->out.length - connection->out_sent},
			connection->http1.stream.body,
			connection->http1.tail,
	};
	size_t count = 0;
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
		if (all[i].length)
			parts[count++] = (struct iovec){
					(void *)(uintptr_t)all[i].data, all[i].length};
	}
	return count;
}

bool http1_send(struct connection *connection)
{
	while (!http1_has_sent_all(connection)) {
		struct iovec parts[3];
		size_t part_count = http1_parts(connection, parts);
		ssize_t count = transport_write(&connection->transport, parts, part_count);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return true;
		if (count < 0) {
			connection_close(connection);
			return false;
		}
		http1_took(connection, (size_t)count);
		bool is_response = connection->http1.state == HTTP1_WRITING ||
				connection->http1.state == HTTP1_STREAMING;
		if (is_response && !http1_has_sent_all(connection))
			timeout_set(&connection->server->loop, &connection->server->write,
					&connection->timeout);
	}
	return true;
}

/* Wait until there is something to read, and until what is left to be sent can be. */
static void http1_watch(struct connection *connection)
{
	uint32_t events = transport_wants(&connection->transport);
	if (!http1_has_sent_all(connection))
		events |= EPOLLOUT;
	connection_watch_for(connection, events);
}

bool http1_read(struct connection *connection)
{
	struct server *server = connection->server;
	if (!connection->http1.input)
		connection->http1.input = spare_input_take(server);
	struct input *input = connection->http1.input;
	if (!input) {
		connection_close(connection);
		return false;
	}
	size_t room = server->input_size - input->end;
	check(room > 0);
	ssize_t count = transport_read(&connection->transport, input->bytes + input->end, room);
	if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
		/* An idle connection that has nothing needs no buffer. */
		if (connection->http1.state == HTTP1_IDLE && input->start == input->end) {
			spare_input_give(server, input);
			connection->http1.input = NULL;
		}
		http1_watch(connection);
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

void http1_readable(struct connection *connection)
{
	switch (connection->http1.state) {
	case HTTP1_IDLE:
	case HTTP1_HEAD:
	case HTTP1_BODY:
		if (http1_read(connection))
			http1_run(connection);
		break;
	case HTTP1_WAITING:
	case HTTP1_STREAMING:
	case HTTP1_WRITING:
	case HTTP1_SENT:
		if (connection->http1.stream.is_arriving &&
				!connection->http1.stream.exchange->body.length) {
			if (http1_read(connection))
				http1_arrive(connection);
			break;
		}
		/* A request that comes early stays in the kernel until its turn. */
		connection_watch_for(connection, connection->source.events & ~(uint32_t)EPOLLIN);
		break;
	}
}

void http1_writable(struct connection *connection)
{
	enum http1_state state = connection->http1.state;
	if (state == HTTP1_WRITING || state == HTTP1_STREAMING) {
		http1_run(connection);
		return;
	}
	/* "100 Continue" that did not go out at once, or a read that had to write. */
	bool is_read = transport_wants(&connection->transport) == EPOLLOUT;
	if (!http1_send(connection))
		return;
	http1_watch(connection);
	if (is_read)
		http1_readable(connection);
}
