/*
 * load.c: clients of a server and the backend that its guests ask, in one thread of few system
 * calls, so that the server has the machine.
 *
 *   load CLIENTS ROUNDS
 *
 * Prints the backend's port, reads the server's port and process from standard input, then prints a
 * line a round: seconds from the first connection to the last answer, and CPU seconds that the
 * server and this process took.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

static const char question[] = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

enum { MAX_DESCRIPTORS = 65536, MAX_EVENTS = 512, TEXT = 512 };

/* What a descriptor is. */
enum role { LISTENER = 1, ASKED, CLIENT };

struct peer {
	enum role role;
	size_t length;
	char text[TEXT]; /* what it has sent */
};

/* Answers that are due, in the order in which they were asked for. */
struct due {
	int fd;
	uint64_t when;
};

static struct peer *peers[MAX_DESCRIPTORS];
static struct due queue[MAX_DESCRIPTORS];
static unsigned queue_first, queue_length;
static int epoll;
static unsigned answered;

static void fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now(clockid_t clock)
{
	struct timespec time;
	if (clock_gettime(clock, &time) != 0)
		fail("clock_gettime");
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static void peer_add(int fd, enum role role)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
	if (fd < 0 || fd >= MAX_DESCRIPTORS)
		fail("a socket");
	if (!peers[fd])
		peers[fd] = malloc(sizeof *peers[fd]);
	if (!peers[fd] || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		fail("epoll_ctl");
	peers[fd]->role = role;
	peers[fd]->length = 0;
}

static int backend_listen(uint16_t *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 4096) != 0 ||
			getsockname(fd, (struct sockaddr *)&address, &size) != 0)
		fail("the backend's socket");
	*port = ntohs(address.sin_port);
	return fd;
}

/* Connected at once, as the server's backlog is as long as there are clients. */
static void client_start(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port),
			.sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
			write(fd, question, sizeof question - 1) != sizeof question - 1)
		fail("a client");
	peer_add(fd, CLIENT);
}

static void client_check(const struct peer *peer)
{
	static const char ok[] = "HTTP/1.1 200";
	bool is_good = peer->length > sizeof ok && memcmp(peer->text, ok, sizeof ok - 1) == 0 &&
			memcmp(peer->text + peer->length - 2, "ok", 2) == 0;
	if (!is_good) {
		fprintf(stderr, "load: an answer is \"%.*s\"\n", (int)peer->length, peer->text);
		exit(1);
	}
	answered++;
}

/* A request is whole: it has no body. */
static void backend_take(int fd, struct peer *peer)
{
	if (peer->length < 4 || memcmp(peer->text + peer->length - 4, "\r\n\r\n", 4) != 0)
		return;
	peer->length = 0;
	queue[(queue_first + queue_length++) % MAX_DESCRIPTORS] =
			(struct due){fd, now(CLOCK_MONOTONIC) + SECOND};
}

static void peer_read(int fd)
{
	struct peer *peer = peers[fd];
	if (peer->role == LISTENER) {
		int accepted;
		while ((accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) >= 0)
			peer_add(accepted, ASKED);
		return;
	}
	ssize_t count = read(fd, peer->text + peer->length, TEXT - peer->length);
	if (count > 0) {
		peer->length += (size_t)count;
		if (peer->role == ASKED)
			backend_take(fd, peer);
		return;
	}
	if (peer->role == CLIENT)
		client_check(peer);
	close(fd);
}

/* Milliseconds until the next answer is due, those that are having been sent. */
static int backend_answer(void)
{
	while (queue_length) {
		const struct due *first = &queue[queue_first];
		uint64_t at = now(CLOCK_MONOTONIC);
		if (first->when > at)
			return (int)((first->when - at + 999999) / 1000000);
		/* A server that has gone away is seen by the client. */
		(void)!send(first->fd, reply, sizeof reply - 1, MSG_NOSIGNAL);
		queue_first = (queue_first + 1) % MAX_DESCRIPTORS;
		queue_length--;
	}
	return -1;
}

static void turn(void)
{
	static struct epoll_event events[MAX_EVENTS];
	int count = epoll_wait(epoll, events, MAX_EVENTS, backend_answer());
	if (count < 0 && errno != EINTR)
		fail("epoll_wait");
	for (int i = 0; i < count; i++)
		peer_read(events[i].data.fd);
}

/* Clients of which some connect, and what there is to do for those that have. */
static void measure(unsigned clients, uint16_t port, clockid_t server)
{
	uint64_t began = now(CLOCK_MONOTONIC), used = now(server);
	uint64_t own = now(CLOCK_PROCESS_CPUTIME_ID);
	answered = 0;
	for (unsigned i = 0; i < clients; i++)
		client_start(port);
	while (answered < clients)
		turn();
	printf("%.3f %.3f %.3f\n", (double)(now(CLOCK_MONOTONIC) - began) / SECOND,
			(double)(now(server) - used) / SECOND,
			(double)(now(CLOCK_PROCESS_CPUTIME_ID) - own) / SECOND);
	fflush(stdout);
}

int main(int count, char **arguments)
{
	uint16_t backend;
	unsigned port, pid;
	clockid_t server;
	if (count != 3)
		return 2;
	epoll = epoll_create1(0);
	peer_add(backend_listen(&backend), LISTENER);
	printf("%u\n", (unsigned)backend);
	fflush(stdout);
	if (scanf("%u %u", &port, &pid) != 2 || clock_getcpuclockid((pid_t)pid, &server) != 0)
		fail("the server's port and process");
	for (int i = 0; i < atoi(arguments[2]); i++)
		measure((unsigned)atoi(arguments[1]), (uint16_t)port, server);
	return 0;
}
