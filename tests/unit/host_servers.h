/*
 * host_servers.h: what hosts ask in tests of their functions: an HTTP server that gives the same
 * answer to every request, and a name server by UDP that knows every name. Each is threads that end
 * with the process.
 */
#ifndef SELVAGE_TESTS_UNIT_HOST_SERVERS_H
#define SELVAGE_TESTS_UNIT_HOST_SERVERS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"

static inline void server_thread(void *(*run)(void *), int fd)
{
	pthread_t thread;
	check(pthread_create(&thread, NULL, run, (void *)(intptr_t)fd) == 0);
	pthread_detach(thread);
}

/* A socket on a port of the system's choice, which is returned. */
static inline unsigned server_socket(int type, int *fd)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof address;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	check(*fd >= 0 && bind(*fd, (struct sockaddr *)&address, length) == 0 &&
			getsockname(*fd, (struct sockaddr *)&address, &length) == 0);
	return ntohs(address.sin_port);
}

/* ---- HTTP ---- */

static inline void *server_answer(void *data)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
				     "Cache-Control: no-store\r\nX-Own: value\r\n\r\nvalue";
	int fd = (int)(intptr_t)data;
	char text[8192];
	size_t length = 0;
	ssize_t count;
	while ((count = recv(fd, text + length, sizeof text - 1 - length, 0)) > 0) {
		length += (size_t)count;
		text[length] = '\0';
		char *end = strstr(text, "\r\n\r\n");
		/* One that is still being written has an end of its own. */
		bool is_written = end && strcasestr(text, "transfer-encoding: chunked");
		if (is_written)
			end = strstr(end + 2, "\r\n0\r\n\r\n");
		if (!end && length < sizeof text - 1)
			continue;
		if (send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0)
			break;
		length = 0;
	}
	close(fd);
	return NULL;
}

static inline void *server_accept(void *data)
{
	for (;;) {
		int fd = accept4((int)(intptr_t)data, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			server_thread(server_answer, fd);
	}
	return NULL;
}

/* Its port. */
static inline unsigned server_http(void)
{
	int fd;
	unsigned port = server_socket(SOCK_STREAM, &fd);
	check(listen(fd, 100) == 0);
	server_thread(server_accept, fd);
	return port;
}

/* ---- names (RFC 1035) ---- */

/* The answer to a question, in its place; its length. */
static inline size_t server_resolve(uint8_t *message, size_t length)
{
	static const uint8_t record[] = {0xc0, 12, 0, 0, 0, 1, 0, 0, 0, 60, 0};
	size_t at = 12;
	while (at < length && message[at])
		at += 1u + message[at];
	if (length < 12 || at + 5 > length)
		return 0;
	at += 5;
	uint8_t size = message[at - 3] == 28 ? 16 : 4;
	message[2] |= 0x80;
	message[7] = 1;
	memset(message + 8, 0, 4);
	memcpy(message + at, record, sizeof record);
	memcpy(message + at + 2, message + at - 4, 2);
	message[at + sizeof record] = size;
	memset(message + at + sizeof record + 1, 10, size);
	return at + sizeof record + 1 + size;
}

static inline void *server_names_run(void *data)
{
	int fd = (int)(intptr_t)data;
	uint8_t message[2048];
	for (;;) {
		struct sockaddr_in from;
		socklen_t size = sizeof from;
		ssize_t count = recvfrom(fd, message, sizeof message - 64, 0,
				(struct sockaddr *)&from, &size);
		size_t length = count > 0 ? server_resolve(message, (size_t)count) : 0;
		if (length)
			(void)!sendto(fd, message, length, 0, (struct sockaddr *)&from, size);
	}
	return NULL;
}

/* Its port. */
static inline unsigned server_names(void)
{
	int fd;
	unsigned port = server_socket(SOCK_DGRAM, &fd);
	server_thread(server_names_run, fd);
	return port;
}

#endif
