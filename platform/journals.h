/*
 * journals.h: what journals have in common: a thread that writes what was added to any of them, a
 * little later, so that many lines are one write. For journal.c; others need journal.h alone.
 */
#ifndef SELVAGE_PLATFORM_JOURNALS_H
#define SELVAGE_PLATFORM_JOURNALS_H

#include "platform/journal.h"

/* Add a whole line to what is to be written; NULL: one for which there was no memory. */
void journals_add(struct journal *journal, const char *line, size_t size);

/*
 * Take what is to be written, which is then the caller's, to be finished; returns how many lines
 * were dropped behind it.
 */
uint64_t journals_take(struct journal *journal, struct buffer *lines);

/* ---- journal.c ---- */

/* Write what is to be written; under the journal's lock, and taking that. */
void journal_write(struct journal *journal);
void journal_flush(struct journal *journal);

#endif
