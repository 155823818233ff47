/*
 * watch.c: see watch.h. It is the folders that are watched (inotify(7)): editors and compilers put
 * a new file in place of the old one.
 */
#include "cli/watch.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/aside.h"
#include "base/check.h"

/* Changes that follow each other so soon are one; milliseconds. */
#define QUIET 10

/* Who has the watch: nobody, a call, or nobody ever again. */
enum { IDLE, BUSY, STOPPED };

struct watch {
	atomic_int state;
	const char *paths[WATCH_MOST];
	int folders[WATCH_MOST]; /* watch descriptors */
	size_t count;
	int inotify, stop;
	pthread_t thread;
	void (*changed)(void *data);
	void *data;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* A link to a file that is whole; a file that is made is written next, which is told later. */
static bool is_whole(const struct inotify_event *event, const char *path)
{
	struct stat status;
	return !(event->mask & IN_CREATE) ||
			(lstat(path, &status) == 0 &&
					(S_ISLNK(status.st_mode) || status.st_nlink > 1));
}

static bool event_counts(const struct watch *watch, const struct inotify_event *event)
{
	for (size_t i = 0; i < watch->count && event->len; i++) {
		if (event->wd == watch->folders[i] &&
				strcmp(event->name, base_name(watch->paths[i])) == 0 &&
				is_whole(event, watch->paths[i]))
			return true;
	}
	/* What was lost may have been about these. */
	return event->mask & IN_Q_OVERFLOW;
}

/* Read what is there; true if some of it counts. */
static bool events_read(const struct watch *watch)
{
	_Alignas(struct inotify_event) char
			bytes[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
	bool counts = false;
	ssize_t length = read(watch->inotify, bytes, sizeof bytes);
	for (ssize_t at = 0; at < length;) {
		const struct inotify_event *event = (const void *)(bytes + at);
		counts |= event_counts(watch, event);
		at += (ssize_t)(sizeof *event + event->len);
	}
	return counts;
}

static void *watch_run(void *data)
{
	struct watch *watch = data;
	struct pollfd polled[] = {{watch->inotify, POLLIN, 0}, {watch->stop, POLLIN, 0}};
	bool has_changed = false;
	for (;;) {
		int ready = poll(polled, 2, has_changed ? QUIET : -1);
		if (ready < 0 && errno != EINTR)
			return NULL;
		if (ready > 0 && polled[1].revents)
			return NULL;
		if (ready > 0 && polled[0].revents)
			has_changed |= events_read(watch);
		if (ready != 0 || !has_changed)
			continue;
		has_changed = false;
		int idle = IDLE, busy = BUSY;
		if (!atomic_compare_exchange_strong(&watch->state, &idle, BUSY))
			return NULL;
		watch->changed(watch->data);
		if (!atomic_compare_exchange_strong(&watch->state, &busy, IDLE))
			return NULL;
	}
}

static bool folder_watch(struct watch *watch, size_t number, struct sv_error *error)
{
	char folder[PATH_MAX];
	const char *path = watch->paths[number];
	size_t length = (size_t)(base_name(path) - path);
	if (length >= sizeof folder)
		return sv_fail(error, SV_ERROR_LIMIT, "%.100s…: the path is too long", path);
	snprintf(folder, sizeof folder, "%.*s", (int)(length ? length : 1), length ? path : ".");
	watch->folders[number] = inotify_add_watch(watch->inotify, folder,
			IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE);
	if (watch->folders[number] >= 0)
		return true;
	sv_fail_errno(error, "cannot watch the folder %s", folder);
	return false;
}

static void watch_free(struct watch *watch)
{
	if (watch->inotify >= 0)
		close(watch->inotify);
	if (watch->stop >= 0)
		close(watch->stop);
	free(watch);
}

struct watch *watch_start(const char *const *paths, size_t count, void (*changed)(void *data),
		void *data, struct sv_error *error)
{
	struct watch *watch = calloc(1, sizeof *watch);
	if (!watch) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a watch");
		return NULL;
	}
	check(count <= WATCH_MOST);
	watch->changed = changed;
	watch->data = data;
	watch->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	watch->stop = eventfd(0, EFD_CLOEXEC);
	bool is_ready = watch->inotify >= 0 && watch->stop >= 0;
	if (!is_ready)
		sv_fail_errno(error, "cannot watch files");
	for (size_t i = 0; is_ready && i < count; i++) {
		watch->paths[watch->count++] = paths[i];
		is_ready = folder_watch(watch, i, error);
	}
	if (is_ready && (errno = aside_start(&watch->thread, NULL, watch_run, watch)) != 0)
		is_ready = sv_fail_errno(error, "cannot start a thread");
	if (is_ready)
		return watch;
	watch_free(watch);
	return NULL;
}

bool watch_stop(struct watch *watch)
{
	const uint64_t one = 1;
	if (!watch)
		return true;
	if (atomic_exchange(&watch->state, STOPPED) == BUSY)
		return false;
	(void)!write(watch->stop, &one, sizeof one);
	pthread_join(watch->thread, NULL);
	watch_free(watch);
	return true;
}
