/*
 * child.c: see child.h.
 */
#include "platform/child.h"

#include <errno.h>
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
struct child {
	int output, messages, kept, process;
	pid_t pid;
};

static void child_close(struct child *child)
{
	const int descriptors[] = {child->output, child->messages, child->kept, child->process};
	for (size_t i = 0; i < ARRAY_LENGTH(descriptors); i++) {
		if (descriptors[i] >= 0)
			close(descriptors[i]);
	}
}

/* A file of this process's, with the bytes that the child is to find there. */
static bool kept_open(struct child *child, const struct buffer *kept, struct sv_error *error)
{
	child->kept = memfd_create("selvage-kept", MFD_CLOEXEC);
	if (child->kept < 0)
		return sv_fail_errno(error, "memfd_create");
	for (size_t at = 0; at < kept->length;) {
		ssize_t count = pwrite(child->kept, kept->data + at, kept->length - at, (off_t)at);
		if (count <= 0)
			return sv_fail_errno(error, "cannot write to a memory file");
		at += (size_t)count;
	}
	return true;
}

static bool child_open(struct child *child, const struct child_task *task, struct sv_error *error)
{
	*child = (struct child){-1, -1, -1, -1, 0};
	child->output = memfd_create("selvage-output", MFD_CLOEXEC);
	child->messages = memfd_create("selvage-messages", MFD_CLOEXEC);
	if (child->output < 0 || child->messages < 0)
		return sv_fail_errno(error, "memfd_create");
	return !task->kept || kept_open(child, task->kept, error);
}

/* A group of its own, so that all of it can be killed; nothing of our environment. */
static int child_spawn(struct child *child, const struct child_task *task)
{
	char *const arguments[] = {"selvage", "builder", (char *)(uintptr_t)task->work,
			(char *)(uintptr_t)task->more[0], (char *)(uintptr_t)task->more[1], NULL};
	char *const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, task->input, 0);
	posix_spawn_file_actions_adddup2(&actions, child->output, 1);
	posix_spawn_file_actions_adddup2(&actions, child->messages, 2);
	/* Last, since that descriptor may be one of the others. */
	if (task->kept)
		posix_spawn_file_actions_adddup2(&actions, child->kept, CHILD_KEPT);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes,
			POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	int result = posix_spawn(&child->pid, "/proc/self/exe", &actions, &attributes, arguments,
			environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return result;
}

/* poll(2) for the time it has, whatever signals come between. */
static int child_poll(struct pollfd *polled, nfds_t count, uint64_t seconds)
{
	uint64_t end = clock_now() + seconds * UINT64_C(1000000000), now;
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
static bool child_wait(struct child *child, const struct child_task *task, int *status,
		struct sv_error *error)
{
	child->process = (int)syscall(SYS_pidfd_open, child->pid, 0);
	struct pollfd polled[] = {{child->process, POLLIN, 0}, {task->stop, POLLIN, 0}};
	int result = child->process < 0 ? -1
					: child_poll(polled, ARRAY_LENGTH(polled), task->seconds);
	int problem = errno;
	bool has_ended = result > 0 && polled[0].revents;
	/* All of its group, also what it left behind when it ended by itself. */
	kill(-child->pid, SIGKILL);
	while (waitpid(child->pid, status, 0) < 0 && errno == EINTR)
		;
	if (has_ended)
		return true;
	if (result < 0)
		return sv_fail(error, SV_ERROR_SYSTEM, "cannot wait for %s: %s", task->what,
				strerror(problem));
	if (result > 0)
		return sv_fail(error, SV_ERROR_SYSTEM, "stopped");
	return sv_fail(error, SV_ERROR_LIMIT, "%s took longer than %u seconds", task->what,
			task->seconds);
}

/* The last line that the child wrote, without what every message begins with. */
static void child_message(int fd, char *text, size_t size)
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
	/* It came by standard input, whose name nobody knows. */
	if (strncmp(line, "standard input: ", 16) == 0)
		line += 16;
	snprintf(text, size, "%.*s", (int)size - 1, line);
}

static bool child_result(const struct child *child, const struct child_task *task, int status,
		struct sv_error *error)
{
	char message[400];
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	child_message(child->messages, message, sizeof message);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
		return sv_fail(error, SV_ERROR_LIMIT, "%s used more than %u seconds of CPU time",
				task->what, task->cpu_seconds);
	/* Not what it worked on: the kernel, for want of memory, or somebody. */
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return sv_fail(error, SV_ERROR_SYSTEM, "%s was killed", task->what);
	if (WIFSIGNALED(status))
		return sv_fail(error, SV_ERROR_INTERNAL, "%s was ended by signal %d%s%s",
				task->what, WTERMSIG(status), message[0] ? ": " : "", message);
	if (message[0])
		return sv_fail(error, SV_ERROR_INVALID, "%s", message);
	return sv_fail(error, SV_ERROR_INVALID, "%s failed without a message", task->what);
}

static bool output_read(int fd, struct buffer *output, struct sv_error *error)
{
	struct stat status;
	if (fstat(fd, &status) != 0)
		return sv_fail_errno(error, "fstat");
	size_t size = (size_t)status.st_size;
	TRY(buffer_reserve(output, size, error));
	for (size_t at = 0; at < size;) {
		ssize_t count = pread(fd, output->data + output->length, size - at, (off_t)at);
		if (count <= 0)
			return sv_fail_errno(error, "cannot read what the child made");
		at += (size_t)count;
		output->length += (size_t)count;
	}
	return true;
}

/* What it said, or as much of it as there is room for; without, all goes on. */
static void child_keep_log(const struct child *child, struct buffer *log)
{
	struct stat status;
	if (!log || fstat(child->messages, &status) != 0)
		return;
	size_t size = (size_t)status.st_size;
	if (log->limit && size > log->limit - log->length)
		size = log->limit - log->length;
	if (!buffer_reserve(log, size, NULL))
		return;
	ssize_t count = pread(child->messages, log->data + log->length, size, 0);
	if (count > 0)
		log->length += (size_t)count;
}

bool child_run(const struct child_task *task, struct buffer *output, struct sv_error *error)
{
	struct child child;
	int status = 0;
	bool done = child_open(&child, task, error);
	if (done) {
		int result = child_spawn(&child, task);
		if (result != 0)
			done = sv_fail(error, SV_ERROR_SYSTEM, "cannot start %s: %s", task->what,
					strerror(result));
	}
	done = done && child_wait(&child, task, &status, error) &&
			child_result(&child, task, status, error) &&
			output_read(child.output, output, error);
	if (task->kept) {
		task->kept->length = 0;
		/* Too much of it is nothing: the work is done all the same. */
		if (done && !output_read(child.kept, task->kept, NULL))
			task->kept->length = 0;
	}
	if (child.messages >= 0)
		child_keep_log(&child, task->log);
	child_close(&child);
	return done;
}
