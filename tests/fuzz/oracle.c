/*
 * oracle.c: the process that runs V8, and what goes to and fro.
 */
#include "tests/fuzz/oracle.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void oracle_child(const char *node, const char *script, const int *theirs, unsigned count)
{
	char numbers[ORACLE_MAX_CLIENTS][12];
	char *arguments[ORACLE_MAX_CLIENTS + 5] = {(char *)node, "--no-warnings", (char *)script};
	for (unsigned i = 0; i < count; i++) {
		snprintf(numbers[i], sizeof numbers[i], "%d", theirs[i]);
		arguments[3 + i] = numbers[i];
		fcntl(theirs[i], F_SETFD, 0);
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execv(node, arguments);
	_exit(127);
}

bool oracle_start(struct oracle *oracle, const char *node, const char *script, unsigned count,
		struct sv_error *error)
{
	int theirs[ORACLE_MAX_CLIENTS];
	oracle->count = count;
	for (unsigned i = 0; i < count; i++) {
		int pair[2];
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
			return sv_fail_errno(error, "socketpair");
		oracle->sockets[i] = pair[0];
		theirs[i] = pair[1];
	}
	oracle->pid = fork();
	if (oracle->pid == 0)
		oracle_child(node, script, theirs, count);
	for (unsigned i = 0; i < count; i++)
		close(theirs[i]);
	return oracle->pid > 0 || sv_fail_errno(error, "fork");
}

void oracle_stop(struct oracle *oracle)
{
	if (oracle->pid <= 0)
		return;
	kill(oracle->pid, SIGKILL);
	waitpid(oracle->pid, NULL, 0);
	for (unsigned i = 0; i < oracle->count; i++)
		close(oracle->sockets[i]);
	oracle->pid = 0;
}

static bool socket_write(int socket, const void *data, size_t length)
{
	const char *at = data;
	while (length) {
		ssize_t done = send(socket, at, length, MSG_NOSIGNAL);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		at += done;
		length -= (size_t)done;
	}
	return true;
}

static bool socket_read(int socket, void *data, size_t length)
{
	char *at = data;
	while (length) {
		ssize_t done = recv(socket, at, length, 0);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		at += done;
		length -= (size_t)done;
	}
	return true;
}

bool oracle_ask(int socket, struct sv_bytes module)
{
	uint32_t length = (uint32_t)module.length;
	return socket_write(socket, &length, sizeof length) &&
			socket_write(socket, module.data, module.length);
}

bool oracle_answer(int socket, struct transcript *transcript)
{
	static uint8_t packed[TRANSCRIPT_RECORDS * 9];
	uint32_t count;
	if (!socket_read(socket, &count, sizeof count))
		return false;
	uint32_t sent = count < TRANSCRIPT_RECORDS ? count : TRANSCRIPT_RECORDS;
	if (!socket_read(socket, packed, (size_t)sent * 9) ||
			!socket_read(socket, transcript->why, sizeof transcript->why))
		return false;
	transcript->count = count;
	for (uint32_t i = 0; i < sent; i++) {
		transcript->records[i].tag = packed[i * 9];
		memcpy(&transcript->records[i].value, packed + i * 9 + 1, 8);
	}
	return true;
}
