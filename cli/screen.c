/*
 * screen.c: see screen.h. ECMA-48 sequences that every terminal of today knows.
 */
#include "cli/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* The other page of the terminal, without its cursor; and back. */
static const char enter[] = "\033[?1049h\033[?25l\033[2J";
static const char leave[] = "\033[0m\033[?25h\033[?1049l";

static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static struct {
	bool is_open;
	struct termios before;
} screen;

static volatile sig_atomic_t has_resized;

static void on_resize(int number)
{
	(void)number;
	has_resized = 1;
}

/* Called by signals too: only what they may call. */
static void screen_restore(void)
{
	ssize_t written = write(STDOUT_FILENO, leave, sizeof leave - 1);
	(void)written;
	tcsetattr(STDIN_FILENO, TCSANOW, &screen.before);
}

/* The handler is gone when it is called (SA_RESETHAND): the signal does what it always does. */
static void on_end(int number)
{
	screen_restore();
	raise(number);
}

static void signals_take(void)
{
	struct sigaction action = {.sa_handler = on_resize};
	sigaction(SIGWINCH, &action, NULL);
	action = (struct sigaction){.sa_handler = on_end, .sa_flags = SA_RESETHAND};
	for (size_t i = 0; i < ARRAY_LENGTH(ending_signals); i++)
		sigaction(ending_signals[i], &action, NULL);
}

bool screen_open(struct sv_error *error)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
			tcgetattr(STDIN_FILENO, &screen.before) != 0)
		return sv_fail(error, SV_ERROR_USAGE,
				"there is no terminal to show it on: --once or --json does "
				"without");
	struct termios raw = screen.before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	raw.c_cc[VSUSP] = _POSIX_VDISABLE; /* who stops us would have our page */
	screen.is_open = true;
	signals_take();
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs(enter, stdout);
	fflush(stdout);
	return true;
}

void screen_close(void)
{
	if (!screen.is_open)
		return;
	screen.is_open = false;
	fflush(stdout);
	for (size_t i = 0; i < ARRAY_LENGTH(ending_signals); i++)
		signal(ending_signals[i], SIG_DFL);
	signal(SIGWINCH, SIG_DFL);
	screen_restore();
}

void screen_size(unsigned *columns, unsigned *lines)
{
	struct winsize size;
	bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col && size.ws_row;
	*columns = is_known ? size.ws_col : 80;
	*lines = is_known ? size.ws_row : 24;
}

void screen_show(const char *page, size_t length)
{
	unsigned columns, lines;
	const char *at = page, *end = page + length;
	screen_size(&columns, &lines);
	fputs("\033[H", stdout);
	for (unsigned row = 0; row < lines && at < end; row++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t width = stop ? (size_t)(stop - at) : (size_t)(end - at);
		printf("%s%s%.*s\033[0m\033[K", row ? "\r\n" : "", row ? "" : "\033[1m",
				(int)(width < columns ? width : columns), at);
		at += width + (stop != NULL);
	}
	fputs("\033[J", stdout);
	fflush(stdout);
}

static int64_t milliseconds_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A terminal that is gone ends it, as 'q' does. */
static bool key_is_end(void)
{
	char key;
	ssize_t count = read(STDIN_FILENO, &key, 1);
	return count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN) ||
			(count == 1 && (key == 'q' || key == 'Q'));
}

enum screen_event screen_wait(unsigned milliseconds)
{
	int64_t end = milliseconds_now() + milliseconds, left;
	while ((left = end - milliseconds_now()) > 0) {
		struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
		int ready = poll(&input, 1, (int)left);
		if (has_resized) {
			has_resized = 0;
			return SCREEN_RESIZED;
		}
		if (ready > 0 && key_is_end())
			return SCREEN_QUIT;
	}
	return SCREEN_TIME;
}
