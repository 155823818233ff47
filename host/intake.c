/*
 * intake.c: see intake.h. Whoever is to be told is told behind the lock, so that it is the last one
 * that a thread takes.
 */
#include "host/intake.h"

#include <string.h>
#include <sys/mman.h>

void host_intake_init(struct host_intake *intake, size_t limit, const struct host_response *most)
{
	*intake = (struct host_intake){
			.limit = limit,
			.trailers.text.limit = most->text.limit,
			.trailers.field_limit = most->field_limit,
	};
	pthread_mutex_init(&intake->lock, NULL);
}

/* Give the pages back to the system. */
static void block_drop(struct host_intake *intake)
{
	if (intake->block)
		check(munmap(intake->block, intake->limit) == 0);
	intake->block = NULL;
	intake->first = intake->waiting = 0;
}

void host_intake_finish(struct host_intake *intake)
{
	block_drop(intake);
	host_response_finish(&intake->trailers);
	pthread_mutex_destroy(&intake->lock);
}

void host_intake_reset(struct host_intake *intake)
{
	block_drop(intake);
	if (intake->trailers.field_count)
		host_response_finish(&intake->trailers);
	intake->waker = NULL;
	intake->stir = NULL;
	intake->taken = 0;
	intake->is_whole = intake->is_over = intake->is_awaited = intake->is_wanted = false;
	intake->failure = NULL;
}

void host_intake_join(struct host_intake *intake, struct host_waker *waker,
		void (*stir)(struct host_intake *intake))
{
	pthread_mutex_lock(&intake->lock);
	intake->waker = waker;
	intake->stir = stir;
	pthread_mutex_unlock(&intake->lock);
}

void host_intake_leave(struct host_intake *intake)
{
	pthread_mutex_lock(&intake->lock);
	intake->waker = NULL;
	intake->stir = NULL;
	intake->is_awaited = false;
	pthread_mutex_unlock(&intake->lock);
}

/* Unlock, then wake the guest if it waits. */
static void intake_wake(struct host_intake *intake)
{
	struct host_waker *waker = intake->is_awaited ? intake->waker : NULL;
	intake->is_awaited = false;
	pthread_mutex_unlock(&intake->lock);
	if (waker)
		waker->wake(waker);
}

/* ---- for guests ---- */

/* Under the lock. */
static enum host_intake_progress intake_look(struct host_intake *intake)
{
	if (intake->waiting)
		return HOST_INTAKE_READY;
	intake->is_over = intake->failure || intake->is_whole;
	intake->is_awaited = !intake->is_over;
	if (intake->failure)
		return HOST_INTAKE_BROKEN;
	return intake->is_whole ? HOST_INTAKE_END : HOST_INTAKE_LATER;
}

/* Unlock; the server hears of a guest that waits, and of one that has taken a good part. */
static void intake_stir(struct host_intake *intake)
{
	bool is_first = !intake->is_wanted && intake->is_awaited;
	bool has_room = intake->taken >= intake->limit / 2 || (intake->is_awaited && intake->taken);
	void (*stir)(struct host_intake *intake) =
			is_first || (has_room && !intake->is_whole) ? intake->stir : NULL;
	intake->is_wanted |= intake->is_awaited;
	pthread_mutex_unlock(&intake->lock);
	if (stir)
		stir(intake);
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Under the lock: how many were taken. One that is empty begins anew: few pages are used. */
static size_t block_take(struct host_intake *intake, uint8_t *to, size_t room)
{
	size_t count = smaller(intake->waiting, room);
	size_t straight = smaller(count, intake->limit - intake->first);
	memcpy(to, intake->block + intake->first, straight);
	memcpy(to + straight, intake->block, count - straight);
	intake->waiting -= count;
	intake->first = intake->waiting ? (intake->first + count) % intake->limit : 0;
	return count;
}

enum host_intake_progress host_intake_read(struct host_intake *intake, uint8_t *to, size_t room,
		size_t *count)
{
	*count = 0;
	pthread_mutex_lock(&intake->lock);
	enum host_intake_progress progress = intake_look(intake);
	if (progress == HOST_INTAKE_READY && room)
		*count = block_take(intake, to, room);
	intake->taken += *count;
	intake_stir(intake);
	return progress;
}

enum host_intake_progress host_intake_readable(struct host_intake *intake, size_t *waiting)
{
	pthread_mutex_lock(&intake->lock);
	enum host_intake_progress progress = intake_look(intake);
	if (waiting)
		*waiting = intake->waiting;
	intake_stir(intake);
	return progress;
}

bool host_intake_is_unread(struct host_intake *intake)
{
	pthread_mutex_lock(&intake->lock);
	bool has_end = intake->is_whole || intake->failure;
	bool is_unread = intake->waiting || (has_end && !intake->is_over);
	pthread_mutex_unlock(&intake->lock);
	return is_unread;
}

const char *host_intake_failure(struct host_intake *intake)
{
	pthread_mutex_lock(&intake->lock);
	const char *failure = intake->failure;
	pthread_mutex_unlock(&intake->lock);
	return failure;
}

/* ---- for the server ---- */

/* Pages that are not touched cost nothing. */
static bool block_make(struct host_intake *intake)
{
	void *block = mmap(NULL, intake->limit, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	intake->block = block == MAP_FAILED ? NULL : block;
	return intake->block != NULL;
}

/* Under the lock: what fits is added. */
static size_t intake_add(struct host_intake *intake, struct sv_bytes bytes)
{
	if (!intake->block && !block_make(intake)) {
		intake->failure = "no memory for the body";
		return bytes.length;
	}
	size_t end = (intake->first + intake->waiting) % intake->limit;
	size_t count = smaller(bytes.length, intake->limit - intake->waiting);
	size_t straight = smaller(count, intake->limit - end);
	memcpy(intake->block + end, bytes.data, straight);
	memcpy(intake->block, bytes.data + straight, count - straight);
	intake->waiting += count;
	return count;
}

size_t host_intake_put(struct host_intake *intake, struct sv_bytes bytes)
{
	pthread_mutex_lock(&intake->lock);
	size_t count = intake->failure || !bytes.length ? bytes.length : intake_add(intake, bytes);
	intake_wake(intake);
	return count;
}

void host_intake_end(struct host_intake *intake)
{
	pthread_mutex_lock(&intake->lock);
	intake->is_whole = true;
	intake_wake(intake);
}

void host_intake_break(struct host_intake *intake, const char *reason)
{
	pthread_mutex_lock(&intake->lock);
	if (!intake->is_whole && !intake->failure)
		intake->failure = reason;
	intake_wake(intake);
}

size_t host_intake_account(struct host_intake *intake, bool *is_wanted)
{
	pthread_mutex_lock(&intake->lock);
	size_t taken = intake->taken;
	intake->taken = 0;
	*is_wanted = intake->is_wanted;
	pthread_mutex_unlock(&intake->lock);
	return taken;
}
