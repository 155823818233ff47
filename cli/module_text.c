/*
 * module_text.c: see module_text.h.
 */
#include "cli/module_text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/limits.h"
#include "base/file.h"
#include "compiler/compiler.h"

/* Texts of 100 MB take seconds; a parser that runs longer than this is stuck. */
enum { SECONDS_MOST = 300 };

/* What the child says first; then comes a binary module, or nothing. */
struct reply {
	bool ok;
	struct sv_error error;
};

/* ---- the child ---- */

static bool write_all(int fd, const void *data, size_t length, struct sv_error *error)
{
	const char *at = data;
	while (length > 0) {
		ssize_t done = write(fd, at, length);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return sv_fail_errno(error, "cannot answer");
		at += done;
		length -= (size_t)done;
	}
	return true;
}

bool module_text_serve(struct sv_error *error)
{
	static const struct rlimit no_core = {0, 0}, seconds = {SECONDS_MOST, SECONDS_MOST};
	struct reply reply = {.error = SV_ERROR_INIT};
	struct buffer text = {.limit = SV_MAX_MODULE_BYTES}, binary = text;
	if (setrlimit(RLIMIT_CORE, &no_core) != 0 || setrlimit(RLIMIT_CPU, &seconds) != 0)
		return sv_fail_errno(error, "cannot limit the text parser");
	reply.ok = file_read("-", &text, &reply.error) &&
			sv_text_to_binary(buffer_view(&text), "text", &binary, &reply.error);
	bool done = write_all(STDOUT_FILENO, &reply, sizeof reply, error) &&
			(!reply.ok ||
					write_all(STDOUT_FILENO, binary.data, binary.length,
							error));
	buffer_finish(&text);
	buffer_finish(&binary);
	return done;
}

/* ---- its parent ---- */

/* What the parser says when it ends is for nobody: how it ended is enough. */
static int child_start(pid_t *child, int text, int output)
{
	char *const arguments[] = {"selvage", "builder", MODULE_TEXT_WORK, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, text, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	int problem = posix_spawn(child, "/proc/self/exe", &actions, &attributes, arguments,
			environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return problem;
}

/* Append what comes through a pipe until its end. */
static bool read_all(int fd, struct buffer *buffer, struct sv_error *error)
{
	for (;;) {
		TRY(buffer_reserve(buffer, 1 << 16, error));
		ssize_t length = read(fd, buffer->data + buffer->length, 1 << 16);
		if (length < 0 && errno != EINTR)
			return sv_fail_errno(error, "cannot read the translated text");
		if (length == 0)
			return true;
		buffer->length += length > 0 ? (size_t)length : 0;
	}
}

static bool child_failed(int status, struct sv_error *error)
{
	int signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	if (signal_number == SIGXCPU || signal_number == SIGKILL)
		return sv_fail(error, SV_ERROR_LIMIT,
				"the text parser was stopped after the limit of %d seconds",
				SECONDS_MOST);
	if (!signal_number)
		return sv_fail(error, SV_ERROR_SYSTEM, "the text parser ended with code %d",
				WEXITSTATUS(status));
	return sv_fail(error, SV_ERROR_MALFORMED,
			"the text parser cannot make sense of this text (it ended with signal %d)",
			signal_number);
}

static bool child_wait(pid_t child, struct sv_error *error)
{
	int status = 0;
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return sv_fail_errno(error, "cannot wait for the text parser");
	}
	return status == 0 || child_failed(status, error);
}

static bool child_run(int text, struct buffer *output, struct sv_error *error)
{
	int ends[2];
	pid_t child;
	if (lseek(text, 0, SEEK_SET) != 0)
		return sv_fail_errno(error, "cannot go to the beginning of the text");
	if (pipe2(ends, O_CLOEXEC) != 0)
		return sv_fail_errno(error, "cannot make a pipe to the text parser");
	int problem = child_start(&child, text, ends[1]);
	close(ends[1]);
	bool done = problem ? sv_fail(error, SV_ERROR_SYSTEM, "cannot start the text parser: %s",
					      strerror(problem))
			    : read_all(ends[0], output, error);
	close(ends[0]);
	/* If it was not heard to the end, that is the reason, and it ends of the closed pipe. */
	return (problem || child_wait(child, error)) && done;
}

/* The reply and the module of a child that ended well. */
static bool reply_take(const struct buffer *output, struct buffer *binary, struct sv_error *error)
{
	struct reply reply;
	if (output->length < sizeof reply)
		return sv_fail(error, SV_ERROR_INTERNAL, "the text parser said nothing");
	memcpy(&reply, output->data, sizeof reply);
	/* A parser that the text has taken over says what it likes. */
	reply.error.text[sizeof reply.error.text - 1] = '\0';
	if (!reply.ok)
		return sv_fail(error, reply.error.code, "%s", reply.error.text);
	return buffer_append(binary, output->data + sizeof reply, output->length - sizeof reply,
			error);
}

bool module_text_translate(int file, struct buffer *binary, struct sv_error *error)
{
	struct buffer output = {.limit = sizeof(struct reply) + SV_MAX_MODULE_BYTES + (1 << 16)};
	bool done = child_run(file, &output, error) && reply_take(&output, binary, error);
	buffer_finish(&output);
	return done;
}

/* ---- where no child can be started ---- */

/* Async-signal-safe. */
static void parser_ended(int signal_number)
{
	static const char line[] =
			"selvage: the text parser cannot make sense of this text\n";
	(void)signal_number;
	ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);
	(void)written;
	_exit(1);
}

bool module_text_translate_here(struct sv_bytes text, struct buffer *binary, struct sv_error *error)
{
	/* Where abort() may not send itself a signal, it ends with SIGSEGV. */
	static const int signals[] = {SIGABRT, SIGSEGV};
	const struct sigaction ended = {.sa_handler = parser_ended};
	struct sigaction before[ARRAY_LENGTH(signals)];
	for (size_t i = 0; i < ARRAY_LENGTH(signals); i++)
		check(sigaction(signals[i], &ended, &before[i]) == 0);
	bool done = sv_text_to_binary(text, "text", binary, error);
	for (size_t i = 0; i < ARRAY_LENGTH(signals); i++)
		check(sigaction(signals[i], &before[i], NULL) == 0);
	return done;
}
