/*
 * compilation.c: see compilation.h.
 */
#include "platform/compilation.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/loop.h"

/* Descriptors of a child under way; -1: none. */
struct compilation {
	int module, artifact, messages, process;
	pid_t pid;
};

static void compilation_close(struct compilation *compilation)
{
	const int descriptors[] = {compilation->module, compilation->artifact,
			compilation->messages, compilation->process};
	for (size_t i = 0; i < ARRAY_LENGTH(descriptors); i++) {
		if (descriptors[i] >= 0)
			close(descriptors[i]);
	}
}

static bool compilation_open(struct compilation *compilation, const char *path,
		struct sv_error *error)
{
	*compilation = (struct compilation){-1, -1, -1, -1, 0};
	compilation->module = open(path, O_RDONLY | O_CLOEXEC);
	if (compilation->module < 0)
		return sv_fail_errno(error, "cannot open the module %s", path);
	compilation->artifact = memfd_create("selvage-artifact", MFD_CLOEXEC);
	compilation->messages = memfd_create("selvage-messages", MFD_CLOEXEC);
	if (compilation->artifact < 0 || compilation->messages < 0)
		return sv_fail_errno(error, "memfd_create");
	return true;
}

/* A group of its own, so that all of it can be killed; nothing of our environment. */
static int compilation_spawn(struct compilation *compilation, enum tier tier)
{
	char *const arguments[] = {"selvage", "builder", (char *)(uintptr_t)tier_name(tier), NULL};
	char *const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, compilation->module, 0);
	posix_spawn_file_actions_adddup2(&actions, compilation->artifact, 1);
	posix_spawn_file_actions_adddup2(&actions, compilation->messages, 2);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes,
			POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	int result = posix_spawn(&compilation->pid, "/proc/self/exe", &actions, &attributes,
			arguments, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return result;
}

/* poll(2) for the time of a compilation, whatever signals come between. */
static int compilation_poll(struct pollfd *polled, nfds_t count)
{
	uint64_t end = clock_now() + COMPILATION_TIME * UINT64_C(1000000000), now;
	int result = 0;
	while ((now = clock_now()) < end) {
		result = poll(polled, count, (int)((end - now) / 1000000) + 1);
		if (result >= 0 || errno != EINTR)
			break;
		result = 0;
	}
	return result;
}

/* Until it ends, is told to stop, or has used up its time. */
static bool compilation_wait(struct compilation *compilation, int stop, int *status,
		struct sv_error *error)
{
	compilation->process = (int)syscall(SYS_pidfd_open, compilation->pid, 0);
	struct pollfd polled[] = {{compilation->process, POLLIN, 0}, {stop, POLLIN, 0}};
	int result = compilation->process < 0 ? -1 : compilation_poll(polled, ARRAY_LENGTH(polled));
	int problem = errno;
	bool has_ended = result > 0 && polled[0].revents;
	/* All of its group, also what it left behind when it ended by itself. */
	kill(-compilation->pid, SIGKILL);
	while (waitpid(compilation->pid, status, 0) < 0 && errno == EINTR)
		;
	if (has_ended)
		return true;
	if (result < 0)
		return sv_fail(error, SV_ERROR_SYSTEM, "cannot wait for the compiler: %s",
				strerror(problem));
	if (result > 0)
		return sv_fail(error, SV_ERROR_SYSTEM, "stopped");
	return sv_fail(error, SV_ERROR_LIMIT, "the compilation took longer than %d seconds",
			COMPILATION_TIME);
}

/* The last line that the child wrote, without what every message begins with. */
static void compilation_message(int fd, char *text, size_t size)
{
	static const char prefix[] = "selvage: ";
	char bytes[2048];
	struct stat status;
	off_t from = fstat(fd, &status) == 0 && status.st_size > (off_t)sizeof bytes - 1
			? status.st_size - (off_t)sizeof bytes + 1
			: 0;
	ssize_t length = pread(fd, bytes, sizeof bytes - 1, from);
	while (length > 0 && bytes[length - 1] == '\n')
		length--;
	bytes[length > 0 ? length : 0] = '\0';
	const char *line = strrchr(bytes, '\n');
	line = line ? line + 1 : bytes;
	if (strncmp(line, prefix, sizeof prefix - 1) == 0)
		line += sizeof prefix - 1;
	/* The module came by standard input, whose name nobody knows. */
	if (strncmp(line, "standard input: ", 16) == 0)
		line += 16;
	snprintf(text, size, "%.*s", (int)size - 1, line);
}

static bool compilation_result(const struct compilation *compilation, int status,
		struct sv_error *error)
{
	char message[400];
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	compilation_message(compilation->messages, message, sizeof message);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
		return sv_fail(error, SV_ERROR_LIMIT,
				"the compilation used more than %d seconds of CPU time",
				COMPILATION_CPU_TIME);
	if (WIFSIGNALED(status))
		return sv_fail(error, SV_ERROR_INTERNAL, "the compiler was ended by signal %d%s%s",
				WTERMSIG(status), message[0] ? ": " : "", message);
	return sv_fail(error, SV_ERROR_INVALID, "%s",
			message[0] ? message : "the compiler failed without a message");
}

static bool artifact_read(int fd, struct buffer *artifact, struct sv_error *error)
{
	struct stat status;
	if (fstat(fd, &status) != 0)
		return sv_fail_errno(error, "fstat");
	size_t size = (size_t)status.st_size;
	TRY(buffer_reserve(artifact, size, error));
	for (size_t at = 0; at < size;) {
		ssize_t count = pread(fd, artifact->data + artifact->length, size - at, (off_t)at);
		if (count <= 0)
			return sv_fail_errno(error, "cannot read the artifact");
		at += (size_t)count;
		artifact->length += (size_t)count;
	}
	return size > 0 || sv_fail(error, SV_ERROR_INTERNAL, "the compiler made nothing");
}

bool compilation_run(const char *path, enum tier tier, int stop, struct buffer *artifact,
		struct sv_error *error)
{
	struct compilation compilation;
	int status = 0;
	bool done = compilation_open(&compilation, path, error);
	if (done) {
		int result = compilation_spawn(&compilation, tier);
		if (result != 0)
			done = sv_fail(error, SV_ERROR_SYSTEM, "cannot start the compiler: %s",
					strerror(result));
	}
	done = done && compilation_wait(&compilation, stop, &status, error) &&
			compilation_result(&compilation, status, error) &&
			artifact_read(compilation.artifact, artifact, error);
	compilation_close(&compilation);
	return done;
}
