/*
 * journal.c: see journal.h. The first line of a file says at which position it begins. The thread
 * that writes is in journals.c.
 */
#include "platform/journals.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A file is put aside before it grows beyond this; two are kept. */
static const uint64_t file_most = 4 * 1024 * 1024;

static const char *const kind_names[] = {"guest", "request", "event"};

/* ---- files ---- */

static void journal_old_path(const struct journal *journal, char *path, size_t size)
{
	snprintf(path, size, "%s.1", journal->path);
}

/* The position a file begins at, from its first line; 0 if it has none. */
static uint64_t file_base(int fd)
{
	char text[64] = "";
	uint64_t base = 0;
	ssize_t count = pread(fd, text, sizeof text - 1, 0);
	if (count > 0 && sscanf(text, "{\"base\":%" SCNu64 "}", &base) == 1)
		return base;
	return 0;
}

static bool file_begin(struct journal *journal, struct sv_error *error)
{
	char text[64];
	journal->fd = open(journal->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (journal->fd < 0)
		return sv_fail_errno(error, "cannot open %s", journal->path);
	struct stat status;
	if (fstat(journal->fd, &status) == 0 && status.st_size > 0) {
		journal->base = file_base(journal->fd);
		journal->end = journal->base + (uint64_t)status.st_size;
		return true;
	}
	journal->base = journal->end;
	int length = snprintf(text, sizeof text, "{\"base\":%" PRIu64 "}\n", journal->base);
	if (write(journal->fd, text, (size_t)length) == length)
		journal->end += (uint64_t)length;
	return true;
}

static void file_rotate(struct journal *journal)
{
	char old[520];
	journal_old_path(journal, old, sizeof old);
	(void)rename(journal->path, old);
	close(journal->fd);
	journal->fd = -1;
	(void)file_begin(journal, NULL); /* if that fails, the next line tries again */
}

void journal_remove(struct journal *journal)
{
	char old[520];
	journal_old_path(journal, old, sizeof old);
	pthread_mutex_lock(&journal->lock);
	(void)unlink(journal->path);
	(void)unlink(old);
	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = -1;
	journal->is_removed = true;
	journal_write(journal);
	pthread_mutex_unlock(&journal->lock);
}

/* Under the lock: the file is open. A full set of descriptors costs lines, nothing else. */
static bool journal_is_open(struct journal *journal)
{
	return journal->fd >= 0 || (!journal->is_removed && file_begin(journal, NULL));
}

/* ---- writing ---- */

static char *line_make(enum journal_kind kind, const char *trace_id, const char *text,
		size_t length)
{
	struct timespec now;
	struct tm parts;
	char second[24], stamp[40];
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	strftime(second, sizeof second, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(stamp, sizeof stamp, "%s.%03dZ", second, (int)(now.tv_nsec / 1000000));
	/* What is not UTF-8 is shown as '?'. */
	json_t *value = json_stringn(text, length);
	if (!value) {
		char *clean = malloc(length + 1);
		for (size_t i = 0; clean && i < length; i++)
			clean[i] = (text[i] & 0x80) ? '?' : text[i];
		value = clean ? json_stringn(clean, length) : NULL;
		free(clean);
	}
	json_t *line = json_pack("{s:s, s:s, s:o}", "time", stamp, "kind", kind_names[kind], "text",
			value);
	if (line && trace_id[0] && json_object_set_new(line, "trace", json_string(trace_id)) != 0) {
		json_decref(line);
		line = NULL;
	}
	char *made = line ? json_dumps(line, JSON_COMPACT) : NULL;
	json_decref(line);
	return made;
}

void journal_add(struct journal *journal, enum journal_kind kind, const char *trace_id,
		const char *text, size_t length)
{
	char *line = line_make(kind, trace_id, text, length);
	size_t size = line ? strlen(line) : 0;
	if (line)
		line[size++] = '\n'; /* in place of the NUL */
	journals_add(journal, line, size);
	free(line);
}

/* Part of a line, on a full disk, would spoil the next one: all of them or none. */
static void journal_append(struct journal *journal, const void *lines, size_t size)
{
	if (size && journal_is_open(journal) && journal->end - journal->base + size > file_most)
		file_rotate(journal);
	if (!size || !journal_is_open(journal))
		return;
	if (write(journal->fd, lines, size) == (ssize_t)size)
		journal->end += size;
	else if (ftruncate(journal->fd, (off_t)(journal->end - journal->base)) != 0)
		file_rotate(journal);
}

void journal_write(struct journal *journal)
{
	char text[100];
	struct buffer lines;
	uint64_t dropped = journals_take(journal, &lines);
	journal_append(journal, lines.data, lines.length);
	buffer_finish(&lines);
	if (!dropped)
		return;
	int length = snprintf(text, sizeof text,
			"%" PRIu64
			" log lines dropped: they came faster than they could be written",
			dropped);
	char *line = line_make(JOURNAL_EVENT, "", text, (size_t)length);
	size_t size = line ? strlen(line) : 0;
	if (line)
		line[size++] = '\n';
	journal_append(journal, line, size);
	free(line);
}

void journal_event(struct journal *journal, const char *format, ...)
{
	char text[1024];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (length > 0)
		journal_add(journal, JOURNAL_EVENT, "", text,
				(size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
	journal_flush(journal);
}

void journal_flush(struct journal *journal)
{
	pthread_mutex_lock(&journal->lock);
	journal_write(journal);
	pthread_mutex_unlock(&journal->lock);
}

/* ---- reading ---- */

/* Whole lines from `offset` on, the file's first one left out; returns how far it came. */
static size_t file_read_lines(int fd, uint64_t offset, size_t most, struct buffer *lines,
		struct sv_error *error)
{
	if (!buffer_reserve(lines, most, error))
		return 0;
	ssize_t count = pread(fd, lines->data + lines->length, most, (off_t)offset);
	if (count <= 0)
		return 0;
	const uint8_t *begin = lines->data + lines->length;
	const uint8_t *last = memrchr(begin, '\n', (size_t)count);
	size_t whole = last ? (size_t)(last - begin) + 1 : 0;
	const uint8_t *first = offset == 0 && whole ? memchr(begin, '\n', whole) : NULL;
	size_t skipped = first ? (size_t)(first - begin) + 1 : 0;
	memmove(lines->data + lines->length, begin + skipped, whole - skipped);
	lines->length += whole - skipped;
	return whole;
}

/* Under the lock: from the file before this one, if `after` is in it. */
static bool journal_read_old(struct journal *journal, uint64_t *after, size_t most,
		struct buffer *lines, struct sv_error *error)
{
	char old[520];
	struct stat status;
	journal_old_path(journal, old, sizeof old);
	int fd = open(old, O_RDONLY | O_CLOEXEC);
	uint64_t base = fd >= 0 ? file_base(fd) : 0, before = *after;
	if (fd >= 0 && fstat(fd, &status) == 0 && *after < base + (uint64_t)status.st_size) {
		uint64_t offset = *after > base ? *after - base : 0;
		*after = base + offset + file_read_lines(fd, offset, most, lines, error);
	}
	/* Nothing there that could be read: it is passed over. */
	if (*after == before || lines->length == 0)
		*after = journal->base;
	if (fd >= 0)
		close(fd);
	return true;
}

bool journal_read(struct journal *journal, uint64_t after, size_t most, struct buffer *lines,
		uint64_t *next, struct sv_error *error)
{
	bool done = true;
	pthread_mutex_lock(&journal->lock);
	journal_write(journal);
	if (!journal_is_open(journal))
		done = sv_fail_errno(error, "cannot open %s", journal->path);
	if (done && after < journal->base)
		done = journal_read_old(journal, &after, most, lines, error);
	/* The old file first, to its end; then this one. */
	if (done && lines->length < most && after >= journal->base && after < journal->end) {
		uint64_t offset = after > journal->base ? after - journal->base : 0;
		offset += file_read_lines(journal->fd, offset, most - lines->length, lines, error);
		after = journal->base + offset;
	}
	*next = after < journal->end ? after : journal->end;
	pthread_mutex_unlock(&journal->lock);
	return done;
}

uint64_t journal_tail(struct journal *journal, unsigned count)
{
	static const size_t window = 65536;
	uint64_t position = 0;
	char *bytes = malloc(window);
	pthread_mutex_lock(&journal->lock);
	journal_write(journal);
	if (bytes && journal_is_open(journal)) {
		uint64_t size = journal->end - journal->base;
		uint64_t offset = size > window ? size - window : 0;
		ssize_t length = pread(journal->fd, bytes, window, (off_t)offset);
		size_t at = length > 0 ? (size_t)length : 0;
		while (at > 0 && (bytes[at - 1] != '\n' || count-- > 0))
			at--;
		position = journal->base + offset + at;
	}
	pthread_mutex_unlock(&journal->lock);
	free(bytes);
	return position;
}

uint64_t journal_end(struct journal *journal)
{
	pthread_mutex_lock(&journal->lock);
	journal_write(journal);
	uint64_t end = journal_is_open(journal) ? journal->end : 0;
	pthread_mutex_unlock(&journal->lock);
	return end;
}
