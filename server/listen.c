/*
 * listen.c: the listening socket: where, and taking connections from it.
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
				"--listen takes ADDR:PORT with a port from 0 to 65535, not \"%s\"",
				where);
	memcpy(host, where, length);
	host[length] = '\0';
	*port = colon + 1;
	return true;
}

static void server_name_address(struct server *server)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof address;
	char host[64] = "?", port[8] = "0";
	if (getsockname(server->listen_descriptor, (struct sockaddr *)&address, &length) == 0)
		(void)getnameinfo((struct sockaddr *)&address, length, host, sizeof host, port,
				sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
	bool is_v6 = strchr(host, ':') != NULL;
	server->port = (uint16_t)strtoul(port, NULL, 10);
	snprintf(server->address, sizeof server->address, is_v6 ? "[%s]:%s" : "%s:%s", host, port);
}

static void listen_failed(struct server *server)
{
	/* No descriptors or memory for more connections: those that exist go on. */
	log_event(&server->log, "accept: %s; trying again", strerror(errno));
	loop_change(&server->loop, &server->listener, 0);
	timeout_set(&server->loop, &server->accept, &server->accept_pause);
}

static void listen_resume(struct timeout *timeout)
{
	struct server *server =
			(struct server *)((char *)timeout - offsetof(struct server, accept_pause));
	loop_change(&server->loop, &server->listener, EPOLLIN);
}

static void listen_ready(struct loop_source *source, uint32_t events)
{
	struct server *server =
			(struct server *)((char *)source - offsetof(struct server, listener));
	(void)events;
	/* A few at a time, so that connections that exist have their turn too. */
	for (int i = 0; i < 64; i++) {
		int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			bool is_short = errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
					errno == ENOMEM;
			if (is_short)
				listen_failed(server);
			return;
		}
		size_t limit = server->limits.connections;
		if (server->connection_count >= limit + most_refused)
			close(fd);
		else
			connection_open(server, fd, server->connection_count >= limit);
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

bool listen_open(struct server *server, const char *where, struct sv_error *error)
{
	char host[128];
	const char *port = NULL;
	TRY(address_split(where, host, sizeof host, &port, error));
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *address;
	int result = getaddrinfo(host, port, &hints, &address);
	if (result != 0)
		return sv_fail(error, SV_ERROR_SYSTEM, "cannot listen on %s: %s", where,
				gai_strerror(result));
	server->listen_descriptor = listen_socket(address);
	freeaddrinfo(address);
	if (server->listen_descriptor < 0)
		return sv_fail_errno(error, "cannot listen on %s", where);
	server_name_address(server);
	server->listener = (struct loop_source){
			.fd = server->listen_descriptor, .ready = listen_ready};
	loop_add_timeouts(&server->loop, &server->accept, 100000000, listen_resume);
	return loop_add(&server->loop, &server->listener, EPOLLIN, error);
}

void listen_close(struct server *server)
{
	if (server->listen_descriptor < 0)
		return;
	timeout_clear(&server->accept_pause);
	loop_remove(&server->loop, &server->listener);
	close(server->listen_descriptor);
	server->listen_descriptor = -1;
}
