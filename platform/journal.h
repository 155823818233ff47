/*
 * journal.h: the log of a deployment: lines of its guests, of requests, of what happened to it. A
 * file of JSON lines, and the one before it, so that there is a limit. Positions count bytes since
 * the log began and stay valid across both. Any thread.
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

struct journal {
	pthread_mutex_t lock;
	char path[512];
	bool is_removed;
	int fd;         /* owned; -1 until the first line */
	uint64_t base;  /* position of the file's first byte */
	uint64_t end;   /* position behind the last line */
};

enum journal_kind {
	JOURNAL_GUEST,   /* the guest said so */
	JOURNAL_REQUEST, /* a request was answered */
	JOURNAL_EVENT,   /* deployed, failed, rolled back */
};

/* The journal of deployment `id` in `folder`; what was written before is kept. */
SV_MUST_USE bool journal_init(struct journal *journal, const char *folder, int64_t id,
		struct sv_error *error);
void journal_finish(struct journal *journal);

/* Remove its files. Lines that come later are dropped. */
void journal_remove(struct journal *journal);

/*
 * Add a line; one that cannot be written is lost rather than the request. `trace_id` is that of the
 * request, "" for none.
 */
void journal_add(struct journal *journal, enum journal_kind kind, const char *trace_id,
		const char *text, size_t length);
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
