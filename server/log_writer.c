/*
 * log_writer.c: two buffers: one fills while the thread writes the other.
 *
 * Lock: writer.lock, taken alone; never held while something is written.
 */
#include "server/log_writer.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/aside.h"

/* Some hundred requests; a reader that is slower for longer than that loses lines. */
enum { log_room = 128 * 1024 };

struct log_writer {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* something to write, or all is written */
	bool has_thread;
	bool is_writing;
	char *lines; /* of the two rooms, the one that fills */
	size_t length;
	uint64_t dropped; /* since then */
	char rooms[2][log_room];
};

static struct log_writer writer = {.lock = PTHREAD_MUTEX_INITIALIZER, .lines = writer.rooms[0]};

/* Somebody else may have made the descriptor non-blocking. */
static void write_all(const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(STDERR_FILENO, bytes, length);
		if (written < 0 && errno == EAGAIN)
			poll(&(struct pollfd){.fd = STDERR_FILENO, .events = POLLOUT}, 1, -1);
		else if (written <= 0 && errno != EINTR)
			return; /* there is no reader any more: serve on without */
		if (written > 0) {
			bytes += written;
			length -= (size_t)written;
		}
	}
}

static void write_notice(uint64_t dropped)
{
	char text[120], time_text[32] = "";
	time_t now = time(NULL);
	struct tm parts;
	if (gmtime_r(&now, &parts))
		strftime(time_text, sizeof time_text, "%Y-%m-%dT%H:%M:%SZ", &parts);
	int length = snprintf(text, sizeof text,
			"%s %llu log lines dropped: they were not read in time\n", time_text,
			(unsigned long long)dropped);
	write_all(text, (size_t)length);
}

static void *log_writer_run(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&writer.lock);
	for (;;) {
		while (writer.length == 0 && writer.dropped == 0)
			pthread_cond_wait(&writer.changed, &writer.lock);
		const char *lines = writer.lines;
		size_t length = writer.length;
		uint64_t dropped = writer.dropped;
		writer.lines = lines == writer.rooms[0] ? writer.rooms[1] : writer.rooms[0];
		writer.length = 0;
		writer.dropped = 0;
		writer.is_writing = true;
		pthread_mutex_unlock(&writer.lock);
		write_all(lines, length);
		if (dropped)
			write_notice(dropped);
		pthread_mutex_lock(&writer.lock);
		writer.is_writing = false;
		pthread_cond_broadcast(&writer.changed);
	}
	return NULL;
}

static int log_writer_create(void)
{
	pthread_attr_t attributes;
	pthread_condattr_t monotonic;
	pthread_t thread;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&writer.changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 * 1024 + (size_t)PTHREAD_STACK_MIN);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	int failure = aside_start(&thread, &attributes, log_writer_run, NULL);
	pthread_attr_destroy(&attributes);
	return failure;
}

bool log_writer_start(struct sv_error *error)
{
	pthread_mutex_lock(&writer.lock);
	int failure = writer.has_thread ? 0 : log_writer_create();
	writer.has_thread = failure == 0;
	pthread_mutex_unlock(&writer.lock);
	if (failure == 0)
		return true;
	return sv_fail(error, SV_ERROR_SYSTEM, "no thread for the log: %s", strerror(failure));
}

/* The lines that have room; those behind the first that has none are dropped with it. */
void log_writer_add(const char *lines, size_t length)
{
	pthread_mutex_lock(&writer.lock);
	const char *end = lines + length;
	while (lines < end) {
		const char *newline = memchr(lines, '\n', (size_t)(end - lines));
		size_t line = (size_t)((newline ? newline + 1 : end) - lines);
		if (writer.has_thread && !writer.dropped && line <= log_room - writer.length) {
			memcpy(writer.lines + writer.length, lines, line);
			writer.length += line;
		} else {
			writer.dropped++;
		}
		lines += line;
	}
	if (writer.has_thread)
		pthread_cond_broadcast(&writer.changed);
	pthread_mutex_unlock(&writer.lock);
}

void log_writer_drain(uint64_t patience)
{
	const uint64_t second = 1000000000;
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	uint64_t nanoseconds = (uint64_t)until.tv_nsec + patience;
	until.tv_sec += (time_t)(nanoseconds / second);
	until.tv_nsec = (long)(nanoseconds % second);
	pthread_mutex_lock(&writer.lock);
	int waited = 0;
	while (writer.has_thread && waited == 0 &&
			(writer.is_writing || writer.length || writer.dropped))
		waited = pthread_cond_timedwait(&writer.changed, &writer.lock, &until);
	pthread_mutex_unlock(&writer.lock);
}
