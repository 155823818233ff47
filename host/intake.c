/*
 * intake.c: see intake.h. Whoever is to be told is told behind the lock, so that it is the last one
 * that a thread takes.
 */
#include "host/intake.h"

#include <string.h>

void host_intake_init(struct host_intake *intake, size_t limit)
{
	*intake = (struct host_intake){.limit = limit};
	pthread_mutex_init(&intake->lock, NULL);
}

void host_intake_finish(struct host_intake *intake)
{
	buffer_finish(&intake->bytes);
	pthread_mutex_destroy(&intake->lock);
}

void host_intake_reset(struct host_intake *intake)
{
	/* Most requests do not use it. */
	buffer_finish(&intake->bytes);
	intake->waker = NULL;
	intake->stir = NULL;
	intake->read = intake->taken = 0;
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
	if (intake->read < intake->bytes.length)
		return HOST_INTAKE_READY;
	if (intake->failure)
		return HOST_INTAKE_BROKEN;
	intake->is_awaited = !intake->is_whole;
	intake->is_over = intake->is_whole;
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

enum host_intake_progress host_intake_read(struct host_intake *intake, uint8_t *to, size_t room,
		size_t *count)
{
	struct buffer *bytes = &intake->bytes;
	*count = 0;
	pthread_mutex_lock(&intake->lock);
	enum host_intake_progress progress = intake_look(intake);
	if (progress == HOST_INTAKE_READY && room) {
		size_t left = bytes->length - intake->read;
		*count = left < room ? left : room;
		memcpy(to, bytes->data + intake->read, *count);
		intake->read += *count;
		intake->taken += *count;
		if (intake->read == bytes->length)
			bytes->length = intake->read = 0;
	}
	intake_stir(intake);
	return progress;
}

enum host_intake_progress host_intake_readable(struct host_intake *intake)
{
	pthread_mutex_lock(&intake->lock);
	enum host_intake_progress progress = intake_look(intake);
	intake_stir(intake);
	return progress;
}

bool host_intake_is_unread(struct host_intake *intake)
{
	pthread_mutex_lock(&intake->lock);
	bool has_bytes = intake->read < intake->bytes.length;
	bool is_unread = has_bytes || (intake->is_whole && !intake->is_over);
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

/* Under the lock: what fits is added. */
static size_t intake_add(struct host_intake *intake, struct sv_bytes bytes)
{
	buffer_consume(&intake->bytes, intake->read);
	intake->read = 0;
	size_t room = intake->limit - intake->bytes.length;
	size_t count = bytes.length < room ? bytes.length : room;
	if (buffer_append(&intake->bytes, bytes.data, count, NULL))
		return count;
	intake->failure = "no memory for the body";
	return bytes.length;
}

size_t host_intake_put(struct host_intake *intake, struct sv_bytes bytes)
{
	pthread_mutex_lock(&intake->lock);
	size_t count = intake->failure ? bytes.length : intake_add(intake, bytes);
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
