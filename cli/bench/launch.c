/*
 * launch.c: starts this program, waits for what it has to say, ends it.
 */
#include "cli/bench/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/bench/clock.h"

extern char **environ;

/* Options in front of the guest's own arguments; each has its place below. */
#define LAUNCH_OPTIONS 10

/* Start ourselves with standard output at `output` (-1: nowhere), errors nowhere. */
static pid_t launch(const char *const *arguments, int output, struct sv_error *error)
{
	posix_spawn_file_actions_t actions;
	pid_t child = -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (output >= 0)
		posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	else
		posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	errno = posix_spawn(&child, "/proc/self/exe", &actions, NULL, (char *const *)arguments,
			environ);
	posix_spawn_file_actions_destroy(&actions);
	if (errno == 0)
		return child;
	sv_fail_errno(error, "cannot start selvage");
	return -1;
}

/* Its exit status as wait(2) has it. */
static int launch_wait(pid_t child)
{
	int status = 0;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* ---- run ---- */

static const char **run_arguments(const struct subject *subject, struct sv_error *error)
{
	size_t count = LAUNCH_OPTIONS + (size_t)subject->argument_count, at = 0;
	const char **arguments = calloc(count, sizeof *arguments);
	if (!arguments) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for arguments");
		return NULL;
	}
	arguments[at++] = "selvage";
	arguments[at++] = "run";
	if (subject->options->stub_imports)
		arguments[at++] = "--stub-imports";
	if (strcmp(subject->export, "_start") != 0) {
		arguments[at++] = "--invoke";
		arguments[at++] = subject->export;
	}
	arguments[at++] = "--";
	arguments[at++] = subject->path;
	for (int i = 0; i < subject->argument_count; i++)
		arguments[at++] = subject->arguments[i];
	check(at < count);
	return arguments;
}

bool launch_run(const struct subject *subject, uint64_t *time, struct sv_error *error)
{
	const char **arguments = run_arguments(subject, error);
	if (!arguments)
		return false;
	uint64_t start = clock_read();
	pid_t child = launch(arguments, -1, error);
	int status = child < 0 ? 0 : launch_wait(child);
	*time = clock_read() - start;
	free(arguments);
	if (child < 0)
		return false;
	if (WIFEXITED(status) && WEXITSTATUS(status) == subject->exit_code)
		return true;
	return sv_fail(error, SV_ERROR_SYSTEM,
			"`selvage run` of it ends with status %d, not with exit code %d", status,
			subject->exit_code);
}

/* ---- serve ---- */

/* The first line of `from`, without its end; false at the end of the stream. */
static bool line_read(int from, char *line, size_t size)
{
	for (size_t at = 0; at + 1 < size; at++) {
		ssize_t length = read(from, line + at, 1);
		if (length < 0 && errno == EINTR) {
			at--;
			continue;
		}
		if (length <= 0)
			return false;
		if (line[at] == '\n') {
			line[at] = '\0';
			return true;
		}
	}
	return false;
}

/* A connection to the port at the end of "serving ... on http://127.0.0.1:PORT/", or -1. */
static int line_connect(const char *line, struct sv_error *error)
{
	const char *colon = strrchr(line, ':');
	struct sockaddr_in address = {.sin_family = AF_INET,
			.sin_addr = {htonl(INADDR_LOOPBACK)},
			.sin_port = htons((uint16_t)(colon ? strtoul(colon + 1, NULL, 10) : 0))};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	sv_fail_errno(error, "cannot connect to the server");
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool server_ask(const char *line, uint64_t *time, struct sv_error *error)
{
	static const char request[] = "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n";
	char answer[16] = "";
	int fd = line_connect(line, error);
	if (fd < 0)
		return false;
	bool done = send(fd, request, sizeof request - 1, MSG_NOSIGNAL) == sizeof request - 1 &&
			recv(fd, answer, 12, MSG_WAITALL) == 12;
	*time = clock_read();
	close(fd);
	if (!done)
		return sv_fail(error, SV_ERROR_SYSTEM, "the server closes without an answer");
	/* "HTTP/1.1 200": the guest may say 404, the server itself answers with 5xx. */
	if (answer[9] == '5')
		return sv_fail(error, SV_ERROR_SYSTEM, "the server answers \"%s\"", answer);
	return true;
}

static bool server_watch(int from, uint64_t start, uint64_t *listening, uint64_t *answer,
		struct sv_error *error)
{
	char line[600];
	if (!line_read(from, line, sizeof line))
		return sv_fail(error, SV_ERROR_SYSTEM,
				"`selvage serve` of it ends at once (it says why itself)");
	*listening = clock_read() - start;
	TRY(server_ask(line, answer, error));
	*answer -= start;
	return true;
}

bool launch_serve(const struct subject *subject, uint64_t *listening, uint64_t *answer,
		struct sv_error *error)
{
	const char *const arguments[] = {"selvage", "serve", "--quiet", "--listen", "127.0.0.1:0",
			"--", subject->path, NULL};
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return sv_fail_errno(error, "cannot make a pipe");
	uint64_t start = clock_read();
	pid_t child = launch(arguments, ends[1], error);
	close(ends[1]);
	bool done = child >= 0 && server_watch(ends[0], start, listening, answer, error);
	close(ends[0]);
	if (child >= 0) {
		kill(child, SIGKILL);
		launch_wait(child);
	}
	return done;
}
