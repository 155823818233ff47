/*
 * journal.h: the log of a deployment: lines of its guests, of requests, of what happened to it. A
 * file of JSON lines, and the one before it, so that there is a limit. Positions count bytes since
 * the log began and stay valid across both. Any thread.
 *
 * Who adds a line does not wait for a disk: a thread that all logs share writes it some
 * milliseconds later, or who reads the log does so before. What comes faster than that is dropped,
 * counted, and the log says so.
 */
#ifndef SELVAGE_PLATFORM_JOURNAL_H
#define SELVAGE_PLATFORM_JOURNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

struct journals;

struct journal {
	struct journals *journals; /* borrowed */
	char path[512];
	pthread_mutex_t lock; /* of the files; taken before that of the journals */
	bool is_removed;
	int fd;         /* owned; -1 until the first line */
	uint64_t base;  /* position of the file's first byte */
	uint64_t end;   /* position behind the last line */
	/* Under the lock of the journals: what is still to be written. */
	struct buffer pending;
	uint64_t dropped;     /* lines, since some were written */
	struct journal *next; /* in the list of those with something to write */
	bool is_listed;
};

enum journal_kind {
	JOURNAL_GUEST,   /* the guest said so */
	JOURNAL_REQUEST, /* a request was answered */
	JOURNAL_EVENT,   /* deployed, failed, rolled back */
};

/* Start the thread that writes the journals of `folder`. NULL with `error`. */
struct journals *journals_new(const char *folder, struct sv_error *error);

/* End it; all journals are finished. NULL is allowed. */
void journals_free(struct journals *journals);

/* The journal of deployment `id`; what was written before is kept. */
SV_MUST_USE bool journal_init(struct journal *journal, struct journals *journals, int64_t id,
		struct sv_error *error);

/* Write what is to be written, and release it. */
void journal_finish(struct journal *journal);

/* Remove its files. Lines that come later are dropped. */
void journal_remove(struct journal *journal);

/*
 * Add a line; one that cannot be written is lost rather than the request. It waits for nothing but
 * locks that are held shortly. `trace_id` is that of the request, "" for none.
 */
void journal_add(struct journal *journal, enum journal_kind kind, const char *trace_id,
		const char *text, size_t length);

/* Add a line of the third kind, and write it at once. */
void journal_event(struct journal *journal, const char *format, ...) SV_PRINTF(2, 3);

/*
 * Append whole lines from position `after` on to `lines`, at most so many bytes, and set `*next`
 * to the position behind them. An `after` that is no longer kept begins at the oldest line.
 */
SV_MUST_USE bool journal_read(struct journal *journal, uint64_t after, size_t most,
		struct buffer *lines, uint64_t *next, struct sv_error *error);

/* Position from which on about `count` lines are left. */
uint64_t journal_tail(struct journal *journal, unsigned count);

/* Position behind the last line. */
uint64_t journal_end(struct journal *journal);

#endif
