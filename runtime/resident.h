/*
 * resident.h: memories that are leased again and again. Their pages are closed (readable,
 * showing the initial contents) until they are written, and those that are written time and
 * again stay open: at the end of a lease they are copied from the initial contents, which takes
 * no system call and no page fault. decisions/0011.
 */
#ifndef SELVAGE_RUNTIME_RESIDENT_H
#define SELVAGE_RUNTIME_RESIDENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"
#include "runtime/arch/page.h"

struct backing;
struct sv_engine;

/* An open page of a memory. */
struct resident_page {
	const uint8_t *source; /* its initial contents; NULL: zeros */
	uint32_t number;       /* in the memory */
	uint32_t idle;         /* samples in a row that found it as it was */
};

struct resident {
	struct sv_engine *engine;
	struct resident_page *pages; /* owned; open ones in order, `count` of at most `most` */
	page_put put;
	uint32_t count, most, runs;
	uint32_t whole;       /* pages of the initial size: [0, whole) */
	uint32_t next, ahead; /* where a run of faults would go on, and how many pages it opened */
	uint32_t leases;
	uint32_t wide_leases; /* in a row */
	bool is_wide;         /* all pages are open, `pages` says nothing */
	bool is_refused;      /* but the system would not open all of them */
};

/* Room for the record of a memory with `bytes` of initial size. NULL with `error` on failure. */
struct resident *resident_new(struct sv_engine *engine, uint64_t bytes, struct sv_error *error);

/* NULL is allowed. */
void resident_free(struct resident *resident);

/*
 * Open the pages of [address, address + length), which is inside the memory, for writing; what
 * was grown is open anyway. False if the system refuses. async-signal-safe
 */
SV_MUST_USE bool resident_open(struct backing *backing, uint64_t address, uint64_t length);

/*
 * A write at `address` has faulted: true if that page was closed and is open now, so that the
 * write can be done again. async-signal-safe
 */
SV_MUST_USE bool resident_fault(struct backing *backing, uint64_t address);

/* The initial contents, at the end of a lease. False if the system refuses. */
SV_MUST_USE bool resident_reset(struct backing *backing);

#endif
