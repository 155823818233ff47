/*
 * start.c: how long a program takes from exec to its end, or to its first answer over HTTP.
 *   start run COUNT COMMAND...     start it and wait for its end, COUNT times
 *   start serve COUNT COMMAND...   wait for a line with http://127.0.0.1:PORT/, ask for that page
 *                                  and read the answer to its end; then kill it
 * COMMAND is a path; its standard input, and for `run` its output, are /dev/null.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/timing.h"

extern char **environ;

/* What one start of a server is cut into. */
struct moments {
	uint64_t begin, listening, answered;
};

static bool failed(const char *what)
{
	perror(what);
	return false;
}

/* Standard output goes to `output`, or nowhere if that is -1. */
static pid_t start(char **command, int output)
{
	posix_spawn_file_actions_t actions;
	pid_t child = -1;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (output < 0)
		posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	else
		posix_spawn_file_actions_adddup2(&actions, output, 1);
	errno = posix_spawn(&child, command[0], &actions, NULL, command, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (errno != 0)
		failed(command[0]);
	return child;
}

static bool run(void *data)
{
	pid_t child = start(data, -1);
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child)
		return false;
	if (status == 0)
		return true;
	fprintf(stderr, "it ends with status 0x%x\n", (unsigned)status);
	return false;
}

/* The port in the first line, or 0. */
static uint16_t read_port(int from)
{
	static const char mark[] = "http://127.0.0.1:";
	char line[1024];
	size_t length = 0;

	while (length + 1 < sizeof line && read(from, line + length, 1) == 1 &&
			line[length] != '\n')
		length++;
	line[length] = '\0';
	char *at = strstr(line, mark);
	return at ? (uint16_t)strtoul(at + strlen(mark), NULL, 10) : 0;
}

/* Ask, and read until the server closes. */
static bool converse(int fd, char *answer, size_t size)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n"
				      "Connection: close\r\n\r\n";
	size_t length = 0;
	ssize_t got;

	if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != sizeof request - 1)
		return failed("send");
	while (length + 1 < size && (got = read(fd, answer + length, size - 1 - length)) > 0)
		length += (size_t)got;
	answer[length] = '\0';
	if (strncmp(answer, "HTTP/1.1 200 ", 13) == 0 && strstr(answer, "\r\n\r\n"))
		return true;
	fprintf(stderr, "answer: %s\n", answer);
	return false;
}

static bool ask(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
			.sin_addr = {htonl(INADDR_LOOPBACK)},
			.sin_port = htons(port)};
	char answer[8192];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
		return failed("connect");
	bool done = converse(fd, answer, sizeof answer);
	close(fd);
	return done;
}

static bool serve(char **command, struct moments *moments)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return failed("pipe");
	moments->begin = timing_now();
	pid_t child = start(command, ends[1]);
	close(ends[1]);
	uint16_t port = child < 0 ? 0 : read_port(ends[0]);
	moments->listening = timing_now();
	bool done = port && ask(port);
	moments->answered = timing_now();
	close(ends[0]);
	if (child >= 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	return done;
}

static bool serve_often(char **command, unsigned count)
{
	uint64_t *listening = calloc(count, sizeof *listening);
	uint64_t *answered = calloc(count, sizeof *answered);
	bool done = listening && answered;

	for (unsigned i = 0; i < count && done; i++) {
		struct moments moments;

		done = serve(command, &moments);
		listening[i] = moments.listening - moments.begin;
		answered[i] = moments.answered - moments.begin;
	}
	if (done) {
		timing_report("exec to listening", listening, count);
		timing_report("exec to the end of the first answer", answered, count);
	}
	free(listening);
	free(answered);
	return done;
}

int main(int argc, char **argv)
{
	unsigned count = argc > 3 ? (unsigned)atoi(argv[2]) : 0;

	if (count && strcmp(argv[1], "run") == 0)
		return !timing_print("exec to exit", count, run, argv + 3);
	if (count && strcmp(argv[1], "serve") == 0)
		return !serve_often(argv + 3, count);
	fprintf(stderr, "usage: %s run|serve COUNT COMMAND...\n", argv[0]);
	return 2;
}
