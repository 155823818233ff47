/*
 * journals.c: see journals.h. A list of the journals that have something to write, and a thread
 * that empties it.
 *
 * Lock: that of the journals, never held while something is written.
 */
#include "platform/journals.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/aside.h"
#include "platform/background.h"

/* Nanoseconds from the first line to when it is written, so that others come along. */
static const long write_after = 20000000;

/* Or as soon as there is so much of one journal. */
static const size_t write_from = 64 * 1024;

/* What is more than this is dropped: of one journal, and of all while the disk does not move. */
static const size_t pending_most = 1024 * 1024, pending_most_of_all = 32 * 1024 * 1024;

struct journals {
	char folder[512];
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* something to write soon or at once, one is written, or the end */
	struct journal *first, *last; /* those that have something to write, oldest first */
	size_t count; /* of them */
	size_t pending; /* bytes of all */
	struct journal *current; /* the thread is writing this one */
	bool is_urgent, is_ending;
};

/* ---- the list; under the lock ---- */

static void list_add(struct journals *journals, struct journal *journal)
{
	journal->is_listed = true;
	journal->next = NULL;
	if (journals->last)
		journals->last->next = journal;
	else
		journals->first = journal;
	journals->last = journal;
	journals->count++;
}

static void list_remove(struct journals *journals, struct journal *journal)
{
	struct journal *before = NULL;
	if (!journal->is_listed)
		return;
	for (struct journal *each = journals->first; each != journal; each = each->next)
		before = each;
	if (before)
		before->next = journal->next;
	else
		journals->first = journal->next;
	if (journals->last == journal)
		journals->last = before;
	journals->count--;
	journal->is_listed = false;
}

void journals_add(struct journal *journal, const char *line, size_t size)
{
	struct journals *journals = journal->journals;
	pthread_mutex_lock(&journals->lock);
	size_t before = journal->pending.length;
	bool was_empty = !journals->first;
	/* Those behind the first that is dropped are dropped with it. */
	if (!line || journal->dropped || size > pending_most - before ||
			size > pending_most_of_all - journals->pending ||
			!buffer_append(&journal->pending, line, size, NULL))
		journal->dropped++;
	journals->pending += journal->pending.length - before;
	bool is_urgent = before < write_from && journal->pending.length >= write_from;
	if (!journal->is_listed)
		list_add(journals, journal);
	journals->is_urgent |= is_urgent;
	if (was_empty || is_urgent)
		pthread_cond_broadcast(&journals->changed);
	pthread_mutex_unlock(&journals->lock);
}

uint64_t journals_take(struct journal *journal, struct buffer *lines)
{
	struct journals *journals = journal->journals;
	pthread_mutex_lock(&journals->lock);
	uint64_t dropped = journal->dropped;
	*lines = journal->pending;
	journals->pending -= lines->length;
	journal->pending = (struct buffer){0};
	journal->dropped = 0;
	list_remove(journals, journal);
	pthread_mutex_unlock(&journals->lock);
	return dropped;
}

/* ---- the thread; under the lock, but while it waits or writes ---- */

/* Until lines have had time to gather. */
static void journals_gather(struct journals *journals)
{
	struct timespec until;
	int result = 0;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += write_after;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (result == 0 && !journals->is_urgent && !journals->is_ending)
		result = pthread_cond_timedwait(&journals->changed, &journals->lock, &until);
	journals->is_urgent = false;
}

/* What is added meanwhile gathers again. */
static void journals_write_all(struct journals *journals)
{
	for (size_t count = journals->count; count && journals->first; count--) {
		journals->current = journals->first;
		pthread_mutex_unlock(&journals->lock);
		journal_flush(journals->current);
		pthread_mutex_lock(&journals->lock);
		journals->current = NULL;
		pthread_cond_broadcast(&journals->changed);
	}
}

static void *journals_main(void *data)
{
	struct journals *journals = data;
	background_thread();
	pthread_mutex_lock(&journals->lock);
	while (!journals->is_ending) {
		if (journals->first) {
			journals_gather(journals);
			journals_write_all(journals);
		} else {
			pthread_cond_wait(&journals->changed, &journals->lock);
		}
	}
	pthread_mutex_unlock(&journals->lock);
	return NULL;
}

static void journals_release(struct journals *journals)
{
	pthread_cond_destroy(&journals->changed);
	pthread_mutex_destroy(&journals->lock);
	free(journals);
}

struct journals *journals_new(const char *folder, struct sv_error *error)
{
	struct journals *journals = calloc(1, sizeof *journals);
	pthread_condattr_t monotonic;
	if (!journals) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for logs");
		return NULL;
	}
	snprintf(journals->folder, sizeof journals->folder, "%s", folder);
	pthread_mutex_init(&journals->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&journals->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	int failure = aside_start(&journals->thread, NULL, journals_main, journals);
	if (failure == 0)
		return journals;
	sv_fail(error, SV_ERROR_SYSTEM, "no thread for logs: %s", strerror(failure));
	journals_release(journals);
	return NULL;
}

void journals_free(struct journals *journals)
{
	if (!journals)
		return;
	pthread_mutex_lock(&journals->lock);
	journals->is_ending = true;
	pthread_cond_broadcast(&journals->changed);
	pthread_mutex_unlock(&journals->lock);
	pthread_join(journals->thread, NULL);
	check(!journals->first);
	journals_release(journals);
}

/* ---- one journal ---- */

bool journal_init(struct journal *journal, struct journals *journals, int64_t id,
		struct sv_error *error)
{
	*journal = (struct journal){.journals = journals, .fd = -1};
	int length = snprintf(journal->path, sizeof journal->path, "%s/%" PRId64 ".log",
			journals->folder, id);
	if (length < 0 || (size_t)length >= sizeof journal->path)
		return sv_fail(error, SV_ERROR_LIMIT, "the path of the data folder is too long");
	pthread_mutex_init(&journal->lock, NULL);
	return true;
}

void journal_finish(struct journal *journal)
{
	struct journals *journals = journal->journals;
	journal_flush(journal);
	/* The thread may have seen it before. */
	pthread_mutex_lock(&journals->lock);
	while (journals->current == journal)
		pthread_cond_wait(&journals->changed, &journals->lock);
	pthread_mutex_unlock(&journals->lock);
	if (journal->fd >= 0)
		close(journal->fd);
	pthread_mutex_destroy(&journal->lock);
}
