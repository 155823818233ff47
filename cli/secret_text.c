/*
 * secret_text.c: reads and wipes secrets.
 */
#include "cli/secret_text.h"

#include <jansson.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/module_open.h"

/* file_read wants room for 64 KiB behind what is there. More than the limit is never moved, so
 * that no copy is left behind. */
#define BUFFER_SIZE (2 * SECRET_TEXT_LIMIT)

static void secret_buffer_finish(struct buffer *buffer)
{
	if (buffer->data)
		explicit_bzero(buffer->data, buffer->capacity);
	buffer_finish(buffer);
}

/* How the terminal was, for who types Ctrl-C as well. */
static struct termios terminal_before;

static void terminal_restore(void)
{
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal_before);
}

/* async-signal-safe */
static void terminal_interrupted(int signal_number)
{
	terminal_restore();
	raise(signal_number); /* SA_RESETHAND: this one ends the process */
}

/* Whoever looks at the screen does not see what is typed; false: standard input is no terminal. */
static bool terminal_hide(const char *what)
{
	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &terminal_before) != 0)
		return false;
	struct sigaction action = {.sa_handler = terminal_interrupted, .sa_flags = SA_RESETHAND};
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	struct termios hidden = terminal_before;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) != 0)
		return false;
	fprintf(stderr, "%s (not shown; end with Enter and Ctrl-D): ", what);
	fflush(stderr);
	return true;
}

static void terminal_show(void)
{
	terminal_restore();
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	fputc('\n', stderr);
}

static bool secret_buffer_fill(struct buffer *buffer, const char *path, const char *what,
		struct sv_error *error)
{
	bool hidden = strcmp(path, "-") == 0 && terminal_hide(what);
	bool done = buffer_reserve(buffer, BUFFER_SIZE, error) && file_read(path, buffer, error);
	if (hidden)
		terminal_show();
	if (buffer->length <= SECRET_TEXT_LIMIT && done)
		return true;
	/* What was over the limit is said in our words, not in the buffer's. */
	if (error && (done || error->code == SV_ERROR_LIMIT)) {
		sv_error_clear(error);
		sv_fail(error, SV_ERROR_LIMIT, "%s: over the limit of %d bytes for %s",
				module_label(path), SECRET_TEXT_LIMIT, what);
	}
	return false;
}

char *secret_text_read(const char *path, const char *what, struct sv_error *error)
{
	struct buffer buffer = {.limit = BUFFER_SIZE};
	char *text = NULL;
	if (!secret_buffer_fill(&buffer, path, what, error))
		goto finish_buffer;
	size_t length = buffer.length;
	if (length && buffer.data[length - 1] == '\n')
		length--;
	if (length && length < buffer.length && buffer.data[length - 1] == '\r')
		length--;
	if (memchr(buffer.data, 0, length)) {
		sv_fail(error, SV_ERROR_USAGE, "%s: %s has a zero byte in it", module_label(path),
				what);
		goto finish_buffer;
	}
	text = strndup((const char *)buffer.data, length);
	if (!text)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for %s", what);
finish_buffer:
	secret_buffer_finish(&buffer);
	return text;
}

void secret_text_free(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

static void wiped_free(void *memory)
{
	if (memory)
		explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

void secret_text_guard_json(void)
{
	json_set_alloc_funcs(malloc, wiped_free);
}
