/*
 * activation.c: listening sockets that systemd opened and passed (sd_listen_fds(3)): LISTEN_PID is
 * this process, LISTEN_FDS the number of descriptors from 3 on, LISTEN_FDNAMES their names.
 */
#include "server/connection.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The first descriptor that is passed. */
#define FIRST 3

static const char prefix[] = "systemd";

bool activation_is_named(const char *where)
{
	size_t length = sizeof prefix - 1;
	return strncmp(where, prefix, length) == 0 && (!where[length] || where[length] == ':');
}

/* How many were passed to this process. */
static unsigned long activation_count(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	if (!pid || !count || strtoul(pid, NULL, 10) != (unsigned long)getpid())
		return 0;
	unsigned long number = strtoul(count, NULL, 10);
	/* More than a process can have is no number of systemd's. */
	return number > 4096 ? 0 : number;
}

/* Find the one descriptor that is called `name`; NULL: any, if there is only one. */
static int activation_find(const char *name, unsigned long count, const char *where,
		struct sv_error *error)
{
	const char *names = getenv("LISTEN_FDNAMES");
	int found = -1;
	for (unsigned long i = 0; i < count; i++) {
		size_t length = names ? strcspn(names, ":") : 0;
		bool is_it = !name || (length == strlen(name) && !memcmp(names, name, length));
		if (is_it && found >= 0) {
			sv_fail(error, SV_ERROR_USAGE, "%s: systemd passed more than one socket %s",
					where, name ? "of that name" : "(use systemd:NAME)");
			return -1;
		}
		if (is_it)
			found = FIRST + (int)i;
		if (names)
			names = names[length] ? names + length + 1 : NULL;
	}
	if (found < 0)
		sv_fail(error, SV_ERROR_SYSTEM, "%s: systemd passed no such socket (of %lu)", where,
				count);
	return found;
}

int activation_take(const char *where, struct sv_error *error)
{
	const char *name = where[sizeof prefix - 1] ? where + sizeof prefix : NULL;
	int fd = activation_find(name, activation_count(), where, error);
	if (fd < 0)
		return -1;
	int is_listening = 0, type = 0;
	socklen_t size = sizeof is_listening;
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) != 0 || !is_listening ||
			getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
			type != SOCK_STREAM) {
		sv_fail(error, SV_ERROR_SYSTEM, "%s: descriptor %d is no listening stream socket",
				where, fd);
		return -1;
	}
	int flags = fcntl(fd, F_GETFL);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || flags < 0 ||
			fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
		sv_fail_errno(error, "%s: fcntl", where);
		return -1;
	}
	return fd;
}
