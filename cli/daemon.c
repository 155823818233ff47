/*
 * daemon.c: see daemon.h. The protocol is that of sd_notify(3): a datagram of lines to the socket
 * in NOTIFY_SOCKET, a path or, with @ for the first byte, an abstract name.
 */
#include "cli/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/processors.h"

/* For the signal handler: set before it is installed. */
static struct {
	void (*stop)(void *data);
	void *data;
	int manager; /* -1: nobody asked */
} running = {.manager = -1};

unsigned daemon_workers(uint64_t asked)
{
	unsigned processors = processors_count();
	if (asked)
		return (unsigned)asked;
	return processors < 2 ? 4 : processors * 2;
}

void daemon_begin(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

/* A connected socket; -1 with `error` if there is none to be had. */
static int manager_connect(const char *name, struct sv_error *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(name);
	if ((name[0] != '/' && name[0] != '@') || length < 2 || length >= sizeof address.sun_path) {
		sv_fail(error, SV_ERROR_USAGE, "NOTIFY_SOCKET is no address of a socket");
		return -1;
	}
	memcpy(address.sun_path, name, length);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, size) == 0)
		return fd;
	sv_fail_errno(error, "cannot tell the service manager (NOTIFY_SOCKET)");
	if (fd >= 0)
		close(fd);
	return -1;
}

/* async-signal-safe */
static void manager_tell(const char *state)
{
	if (running.manager >= 0)
		(void)send(running.manager, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void daemon_stop(int signal_number)
{
	int saved_errno = errno;
	(void)signal_number;
	manager_tell("STOPPING=1");
	running.stop(running.data);
	errno = saved_errno;
}

/* The handler may run while this thread is in a guest, whose stack is not for it. */
void daemon_ready(void (*stop)(void *data), void *data)
{
	struct sigaction action = {.sa_handler = daemon_stop, .sa_flags = SA_RESTART | SA_ONSTACK};
	struct sv_error error = SV_ERROR_INIT;
	const char *name = getenv("NOTIFY_SOCKET");
	running.stop = stop;
	running.data = data;
	if (name && *name)
		running.manager = manager_connect(name, &error);
	if (error.code != SV_ERROR_NONE)
		fprintf(stderr, "selvage: %s\n", error.text);
	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	manager_tell("READY=1");
}
