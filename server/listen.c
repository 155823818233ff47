/*
 * listen.c: the listening sockets: where, and taking connections from them.
 */
#include "server/connection.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connections beyond the limit that are told so; more are closed without a word. */
static const size_t most_refused = 64;

/* Split "ADDR:PORT", "[ADDR6]:PORT". */
static bool address_split(const char *where, char *host, size_t size, const char **port,
		struct sv_error *error)
{
	const char *colon = strrchr(where, ':');
	size_t length = colon ? (size_t)(colon - where) : 0;
	if (length >= 2 && where[0] == '[' && where[length - 1] == ']') {
		where++;
		length -= 2;
	}
	if (!colon || !length || length >= size || !colon[1] ||
			strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
			strtoul(colon + 1, NULL, 10) > 65535)
		return sv_fail(error, SV_ERROR_USAGE,
				"a server listens on ADDR:PORT with a port from 0 to 65535, not on "
				"\"%s\"",
				where);
	memcpy(host, where, length);
	host[length] = '\0';
	*port = colon + 1;
	return true;
}

static void listener_name_address(struct listener *listener)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof address;
	char host[64] = "?", port[8] = "0";
	if (getsockname(listener->fd, (struct sockaddr *)&address, &length) == 0)
		(void)getnameinfo((struct sockaddr *)&address, length, host, sizeof host, port,
				sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
	bool is_v6 = strchr(host, ':') != NULL;
	listener->port = (uint16_t)strtoul(port, NULL, 10);
	snprintf(listener->address, sizeof listener->address, is_v6 ? "[%s]:%s" : "%s:%s", host,
			port);
}

static void listener_failed(struct listener *listener)
{
	struct server *server = listener->server;
	/* No descriptors or memory for more connections: those that exist go on. */
	log_event(&server->log, "accept: %s; trying again", strerror(errno));
	loop_change(&server->loop, &listener->source, 0);
	timeout_set(&server->loop, &server->accept, &listener->pause);
}

static void listener_resume(struct timeout *timeout)
{
	struct listener *listener =
			(struct listener *)((char *)timeout - offsetof(struct listener, pause));
	loop_change(&listener->server->loop, &listener->source, EPOLLIN);
}

static void listener_ready(struct loop_source *source, uint32_t events)
{
	struct listener *listener = (struct listener *)source;
	struct server *server = listener->server;
	(void)events;
	/* A few at a time, so that connections that exist have their turn too. */
	for (int i = 0; i < 64; i++) {
		int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			bool is_short = errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
					errno == ENOMEM;
			if (is_short)
				listener_failed(listener);
			return;
		}
		size_t limit = server->limits.connections;
		if (server->connection_count >= limit + most_refused)
			close(fd);
		else
			connection_open(listener, fd, server->connection_count >= limit);
	}
}

static int listen_socket(const struct addrinfo *address)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	int on = 1;
	/* Connections of a server that ran here before must not keep the port. */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, 4096) == 0)
		return fd;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* A new socket at "ADDR:PORT", or -1. */
static int listen_at(const char *where, struct sv_error *error)
{
	char host[128];
	const char *port = NULL;
	if (!address_split(where, host, sizeof host, &port, error))
		return -1;
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *address;
	int result = getaddrinfo(host, port, &hints, &address);
	if (result != 0) {
		sv_fail(error, SV_ERROR_SYSTEM, "cannot listen on %s: %s", where,
				gai_strerror(result));
		return -1;
	}
	int fd = listen_socket(address);
	freeaddrinfo(address);
	if (fd < 0)
		sv_fail_errno(error, "cannot listen on %s", where);
	return fd;
}

static bool listener_open(struct listener *listener, const struct server_listener *config,
		struct sv_error *error)
{
	listener->fd = activation_is_named(config->where) ? activation_take(config->where, error)
							  : listen_at(config->where, error);
	if (listener->fd < 0)
		return false;
	for (const struct listener *other = listener->server->listeners; other < listener;
			other++) {
		if (other->fd == listener->fd) {
			listener->fd = -1;
			return sv_fail(error, SV_ERROR_USAGE, "%s is given twice", config->where);
		}
	}
	listener_name_address(listener);
	if (config->tls) {
		listener->tls = tls_context_new(config->tls, &listener->server->log, error);
		if (!listener->tls)
			return false;
	}
	listener->source = (struct loop_source){.fd = listener->fd, .ready = listener_ready};
	if (loop_add(&listener->server->loop, &listener->source, EPOLLIN, error))
		return true;
	listener->source.fd = -1;
	return false;
}

bool listen_open(struct server *server, const struct server_config *config, struct sv_error *error)
{
	if (!config->listener_count || config->listener_count > SERVER_LISTENERS_MOST)
		return sv_fail(error, SV_ERROR_USAGE,
				"a server has from 1 to %u listeners, not %zu",
				SERVER_LISTENERS_MOST, config->listener_count);
	loop_add_timeouts(&server->loop, &server->accept, 100000000, listener_resume);
	for (size_t i = 0; i < config->listener_count; i++) {
		struct listener *listener = &server->listeners[server->listener_count++];
		*listener = (struct listener){.server = server, .fd = -1, .source.fd = -1};
		TRY(listener_open(listener, &config->listeners[i], error));
	}
	return true;
}

void listen_close(struct server *server)
{
	for (size_t i = 0; i < server->listener_count; i++) {
		struct listener *listener = &server->listeners[i];
		if (listener->fd < 0)
			continue;
		timeout_clear(&listener->pause);
		/* Whoever passed it still has it, so that closing it here is not enough. */
		loop_remove(&server->loop, &listener->source);
		close(listener->fd);
		listener->fd = -1;
	}
}
