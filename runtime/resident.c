/*
 * resident.c: learn which pages of a memory its guests write, and put those back by copying.
 */
#include "runtime/resident.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/limits.h"
#include "runtime/backing.h"
#include "runtime/engine.h"

/*
 * Most open pages of a memory: 4 MiB, which take about 50 microseconds to copy. A guest that
 * writes more is better served by the system's own copy-on-write.
 */
static const uint32_t pages_most = 1024;

/* Faults that follow each other open 1, 2, 4 ... pages, at most this many. */
static const uint32_t ahead_most = 32;

/* Leases between two samples, which look whether open pages were written at all, and ... */
static const uint32_t sample_interval = 256;
/* ... after how many without a change a page is closed again. */
static const uint32_t idle_most = 8;

/* Leases in a row that needed all pages before they stay open, and until it is tried again. */
static const uint32_t wide_patience = 2, wide_interval = 1024;

struct resident *resident_new(struct sv_engine *engine, uint64_t bytes, struct sv_error *error)
{
	uint64_t whole = (bytes + SV_HOST_PAGE - 1) / SV_HOST_PAGE;
	struct resident *resident = calloc(1, sizeof *resident);
	uint32_t most = whole < pages_most ? (uint32_t)whole : pages_most;
	if (resident)
		resident->pages = malloc((most + 1) * sizeof *resident->pages);
	if (!resident || !resident->pages) {
		free(resident);
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the record of a memory");
		return NULL;
	}
	resident->engine = engine;
	resident->put = page_put_choose();
	resident->most = most;
	resident->whole = (uint32_t)whole;
	return resident;
}

/* The open pages are `runs` runs from now on: each splits a mapping. async-signal-safe */
static bool resident_set_runs(struct resident *resident, uint32_t runs)
{
	if (runs > resident->runs &&
			!engine_take_mappings(resident->engine, 2 * (runs - resident->runs)))
		return false;
	if (runs < resident->runs)
		engine_give_mappings(resident->engine, 2 * (resident->runs - runs));
	resident->runs = runs;
	return true;
}

void resident_free(struct resident *resident)
{
	if (!resident)
		return;
	check(resident_set_runs(resident, 0));
	free(resident->pages);
	free(resident);
}

/* async-signal-safe */
static bool resident_protect(struct backing *backing, uint32_t first, uint32_t end, int protection)
{
	return first == end ||
			mprotect(backing->view.base + first * SV_HOST_PAGE,
					(end - first) * SV_HOST_PAGE, protection) == 0;
}

/* Index of the first open page that is not below `number`. async-signal-safe */
static uint32_t resident_find(const struct resident *resident, uint32_t number)
{
	uint32_t low = 0, high = resident->count;
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if (resident->pages[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Too many pages or mappings: all are open until the lease ends. If the system refuses, some may
 * be, and all are put back. async-signal-safe
 */
static bool resident_widen(struct backing *backing)
{
	struct resident *resident = backing->resident;
	resident->is_wide = true;
	resident->is_refused =
			!resident_protect(backing, 0, resident->whole, PROT_READ | PROT_WRITE);
	return !resident->is_refused;
}

/* Open [first, end), all closed, in front of the open page `index`. async-signal-safe */
static bool resident_open_run(struct backing *backing, uint32_t index, uint32_t first, uint32_t end)
{
	struct resident *resident = backing->resident;
	struct resident_page *at = resident->pages + index;
	bool joins_left = index > 0 && at[-1].number + 1 == first;
	bool joins_right = index < resident->count && at->number == end;
	if (end - first > resident->most - resident->count ||
			!resident_set_runs(resident,
					resident->runs + 1 - joins_left - joins_right) ||
			!resident_protect(backing, first, end, PROT_READ | PROT_WRITE))
		return resident_widen(backing);
	memmove(at + (end - first), at, (resident->count - index) * sizeof *at);
	for (uint32_t number = first; number < end; number++, at++)
		*at = (struct resident_page){.number = number,
				.source = backing_image_page(backing, number * SV_HOST_PAGE)};
	resident->count += end - first;
	return true;
}

bool resident_open(struct backing *backing, uint64_t address, uint64_t length)
{
	struct resident *resident = backing->resident;
	uint64_t last = (address + length + SV_HOST_PAGE - 1) / SV_HOST_PAGE;
	uint32_t end = last < resident->whole ? (uint32_t)last : resident->whole;
	if (length == 0 || address / SV_HOST_PAGE >= end)
		return true;
	uint32_t at = (uint32_t)(address / SV_HOST_PAGE);
	uint32_t index = resident_find(resident, at);
	while (at < end && !resident->is_wide) {
		uint32_t open = index < resident->count ? resident->pages[index].number : end;
		open = open < end ? open : end;
		if (open > at && !resident_open_run(backing, index, at, open))
			return false;
		/* `open` is behind what was opened before it, in the list too. */
		index += open - at + 1;
		at = open + 1;
	}
	return !resident->is_refused;
}

bool resident_fault(struct backing *backing, uint64_t address)
{
	struct resident *resident = backing->resident;
	if (!resident || resident->is_wide || address / SV_HOST_PAGE >= resident->whole)
		return false;
	uint32_t number = (uint32_t)(address / SV_HOST_PAGE);
	uint32_t index = resident_find(resident, number);
	uint32_t open = index < resident->count ? resident->pages[index].number : resident->whole;
	if (open == number)
		return false;
	uint32_t ahead = 1;
	if (number == resident->next && resident->ahead)
		ahead = resident->ahead < ahead_most ? 2 * resident->ahead : ahead_most;
	ahead = open - number < ahead ? open - number : ahead;
	resident->ahead = ahead;
	resident->next = number + ahead;
	return resident_open_run(backing, index, number, number + ahead);
}

/* Back to the mapping's own contents, closed. */
static bool resident_close(struct backing *backing, uint32_t first, uint32_t end)
{
	return first == end || (madvise(backing->view.base + first * SV_HOST_PAGE,
						(end - first) * SV_HOST_PAGE, MADV_DONTNEED) == 0 &&
					       resident_protect(backing, first, end, PROT_READ));
}

/* All pages were open: the system puts them back. Guests that always need that keep it so. */
static bool resident_reset_wide(struct backing *backing)
{
	struct resident *resident = backing->resident;
	resident->count = 0;
	check(resident_set_runs(resident, 0));
	resident->wide_leases++;
	if (!resident->is_refused && resident->wide_leases >= wide_patience &&
			resident->wide_leases % wide_interval != 0)
		return madvise(backing->view.base, resident->whole * SV_HOST_PAGE,
				MADV_DONTNEED) == 0;
	resident->is_wide = resident->is_refused = false;
	return resident_close(backing, 0, resident->whole);
}

static void resident_put(const struct backing *backing, const struct resident_page *page)
{
	backing->resident->put(backing->view.base + page->number * SV_HOST_PAGE, page->source);
}

static bool page_is_as_it_was(const uint8_t *bytes, const struct resident_page *page)
{
	static const uint8_t zeros[SV_HOST_PAGE];
	return memcmp(bytes, page->source ? page->source : zeros, SV_HOST_PAGE) == 0;
}

/* Close the pages that have been idle for long, run by run. */
static bool resident_close_idle(struct backing *backing)
{
	struct resident *resident = backing->resident;
	uint32_t kept = 0, runs = 0, first = 0, end = 0;
	for (uint32_t i = 0; i < resident->count; i++) {
		const struct resident_page page = resident->pages[i];
		if (page.idle < idle_most) {
			runs += kept == 0 || resident->pages[kept - 1].number + 1 != page.number;
			resident->pages[kept++] = page;
			continue;
		}
		if (page.number != end) {
			TRY(resident_close(backing, first, end));
			first = page.number;
		}
		end = page.number + 1;
	}
	resident->count = kept;
	/* Closing the middle of a run makes two: more than the engine has is left to the system. */
	if (!resident_set_runs(resident, runs))
		return false;
	return resident_close(backing, first, end);
}

/* As the loop of resident_reset, looking at each page first. */
static bool resident_sample(struct backing *backing)
{
	struct resident *resident = backing->resident;
	bool some_idle = false;
	for (uint32_t i = 0; i < resident->count; i++) {
		struct resident_page *page = &resident->pages[i];
		uint8_t *bytes = backing->view.base + page->number * SV_HOST_PAGE;
		page->idle++;
		if (!page_is_as_it_was(bytes, page)) {
			page->idle = 0;
			resident_put(backing, page);
		}
		some_idle = some_idle || page->idle >= idle_most;
	}
	return !some_idle || resident_close_idle(backing);
}

bool resident_reset(struct backing *backing)
{
	struct resident *resident = backing->resident;
	resident->ahead = 0;
	if (resident->is_wide)
		return resident_reset_wide(backing);
	resident->wide_leases = 0;
	if (++resident->leases % sample_interval == 0)
		return resident_sample(backing);
	/*
	 * Forwards and backwards in turns: what was touched last is what the cache still has. Four
	 * pages and their sources fill the first one, and each line that else came between would
	 * have all that follows evicted before it is read again.
	 */
	bool is_backwards = resident->leases % 2;
	for (uint32_t i = 0; i < resident->count; i++)
		resident_put(backing, &resident->pages[is_backwards ? resident->count - 1 - i : i]);
	return true;
}
