/*
 * connection.c: the life of a connection: opened, given to its protocol, closed, and freed when no
 * worker has anything of it.
 */
#include "server/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/http2.h"

static struct connection *connection_of_source(struct loop_source *source)
{
	return (struct connection *)source;
}

static struct connection *connection_of_timeout(struct timeout *timeout)
{
	return (struct connection *)((char *)timeout - offsetof(struct connection, timeout));
}

/* ---- beginning ---- */

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

/* Where the client has found us, which is not where we listen if that is everywhere. */
static void connection_set_local(struct connection *connection)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof address;
	if (getsockname(connection->transport.fd, (struct sockaddr *)&address, &length) != 0)
		return;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;
	connection->local_length = address.ss_family == AF_INET6 ? 16 : 4;
	memcpy(connection->local_octets,
			address.ss_family == AF_INET6 ? (const void *)&v6->sin6_addr
						      : (const void *)&v4->sin_addr,
			connection->local_length);
}

static void connection_ready(struct loop_source *source, uint32_t events);

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
	connection->protocol = &http1_protocol;
	connection->transport.fd = connection->source.fd = fd;
	connection->source.ready = connection_ready;
	connection_set_remote(connection);
	connection_set_local(connection);
	http1_init(connection);
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
	const struct tls_session *tls = connection->transport.tls;
	connection->phase = CONNECTION_OPEN;
	if (tls && tls_session_is_http2(tls))
		connection->protocol = &http2_protocol;
	if (server->is_stopping)
		timeout_set(&server->loop, &server->linger, &connection->timeout);
	else
		connection_await_request(connection);
	connection->protocol->begin(connection);
}

void connection_await_request(struct connection *connection)
{
	struct server *server = connection->server;
	bool can_rest = connection->transport.tls;
	connection->is_resting = false;
	timeout_set(&server->loop, can_rest ? &server->rest : &server->idle, &connection->timeout);
}

void connection_rest(struct connection *connection)
{
	struct server *server = connection->server;
	connection->is_resting = true;
	transport_rest(&connection->transport);
	timeout_set(&server->loop, &server->rested, &connection->timeout);
}

/* ---- ending ---- */

void connection_stop(struct connection *connection)
{
	struct server *server = connection->server;
	if (connection->phase == CONNECTION_HANDSHAKE)
		timeout_set(&server->loop, &server->linger, &connection->timeout);
	else if (connection->phase == CONNECTION_OPEN)
		connection->protocol->stop(connection);
}

/*
 * Closing with unread input would reset the connection and could take the response from the client
 * before it is read: the client knows that we are done, and we read on for a while.
 */
void connection_linger(struct connection *connection)
{
	struct server *server = connection->server;
	connection->phase = CONNECTION_LINGER;
	timeout_set(&server->loop, &server->linger, &connection->timeout);
	connection_watch_for(connection, EPOLLIN);
	if (connection->at_end)
		connection_close(connection);
}

void connection_close(struct connection *connection)
{
	if (connection->phase == CONNECTION_CLOSED)
		return;
	connection->protocol->lose(connection);
	connection->phase = CONNECTION_CLOSED;
	timeout_clear(&connection->timeout);
	loop_remove(&connection->server->loop, &connection->source);
	transport_close(&connection->transport);
	if (!connection->out_count)
		connection_drop(connection);
}

void connection_drop(struct connection *connection)
{
	struct server *server = connection->server;
	*(connection->previous ? &connection->previous->next : &server->connections) =
			connection->next;
	if (connection->next)
		connection->next->previous = connection->previous;
	server->connection_count--;
	connection->protocol->finish(connection);
	buffer_finish(&connection->out);
	/* Events of this turn may still point here. */
	connection->next = server->dead;
	server->dead = connection;
}

void connection_bury(struct server *server)
{
	while (server->dead) {
		struct connection *connection = server->dead;
		server->dead = connection->next;
		free(connection);
	}
}

/* ---- events ---- */

void connection_send_later(struct connection *connection)
{
	struct server *server = connection->server;
	if (connection->is_unsent)
		return;
	connection->is_unsent = true;
	connection->unsent_next = server->unsent;
	server->unsent = connection;
}

void connection_send_all(struct server *server)
{
	while (server->unsent) {
		struct connection *connection = server->unsent;
		server->unsent = connection->unsent_next;
		connection->is_unsent = false;
		if (connection->phase == CONNECTION_OPEN)
			connection->protocol->writable(connection);
	}
}

void connection_watch_for(struct connection *connection, uint32_t events)
{
	if (!connection->has_hung_up)
		events |= EPOLLRDHUP;
	loop_change(&connection->server->loop, &connection->source, events);
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

/* It is told once, as it stays so. */
static void connection_hang_up(struct connection *connection)
{
	connection->has_hung_up = true;
	connection_watch_for(connection, connection->source.events & ~(uint32_t)EPOLLRDHUP);
	if (connection->phase == CONNECTION_OPEN)
		connection->protocol->hung_up(connection);
}

/* What is not looked at now is told of again. */
static void connection_ready(struct loop_source *source, uint32_t events)
{
	struct connection *connection = connection_of_source(source);
	if (events & (EPOLLHUP | EPOLLERR)) {
		connection_close(connection);
		return;
	}
	if (events & EPOLLRDHUP)
		connection_hang_up(connection);
	bool is_readable = events & EPOLLIN, is_writable = events & EPOLLOUT;
	if (!is_readable && !is_writable)
		return;
	if (connection->phase == CONNECTION_HANDSHAKE)
		connection_handshake(connection);
	else if (connection->phase == CONNECTION_LINGER)
		connection_discard(connection);
	else if (connection->phase == CONNECTION_OPEN && is_writable)
		connection->protocol->writable(connection);
	else if (connection->phase == CONNECTION_OPEN)
		connection->protocol->readable(connection);
}

const char *connection_is_slow(const struct connection *connection)
{
	static const char reason[] = "the client took nothing for as long as --write-timeout";
	log_event(&connection->server->log, "%s: %s", connection->remote_address, reason);
	return reason;
}

void connection_expired(struct timeout *timeout)
{
	struct connection *connection = connection_of_timeout(timeout);
	if (connection->phase == CONNECTION_OPEN) {
		connection->protocol->expired(connection);
		return;
	}
	if (connection->phase == CONNECTION_HANDSHAKE)
		log_event(&connection->server->log, "%s: the TLS handshake took too long",
				connection->remote_address);
	connection_close(connection);
}
