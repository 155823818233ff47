/*
 * intake.h: the body of a request on its way to a guest that has begun before all of it is there,
 * whatever the guest's world. The server's thread and the guest's share it, so each function locks;
 * none waits. What the guest does not take is kept within the limit, then the client has to wait.
 */
#ifndef SELVAGE_HOST_INTAKE_H
#define SELVAGE_HOST_INTAKE_H

#include <pthread.h>

#include "host/host.h"

struct host_intake {
	pthread_mutex_t lock;
	size_t limit; /* bytes that wait here */

	/* ---- under the lock ---- */
	struct host_waker *waker; /* borrowed; of the guest; NULL: it is not there */
	/* Says that the guest waits, or has taken something. NULL: what comes is dropped. */
	void (*stir)(struct host_intake *intake);
	/*
	 * A ring of `limit` bytes, owned, on pages of its own from the first byte to the end of the
	 * request: buffers that grow would leave a heap full of holes behind uploads. NULL: none.
	 */
	uint8_t *block;
	size_t first, waiting; /* the bytes that are there */
	size_t taken;        /* bytes that the guest has taken and the server has not heard of */
	bool is_whole;       /* all of it has come */
	bool is_over;        /* the guest knows that it is whole, or broken */
	bool is_awaited;     /* the guest was told LATER and not woken since */
	bool is_wanted;      /* the guest has asked for it */
	const char *failure; /* why the rest will not come; NULL: it may */

	/* ---- the server's until it is whole, then the guest's ---- */
	struct host_response trailers; /* its fields; also of a body that comes whole */
};

/* `most` is for trailers: the limits of a head. */
void host_intake_init(struct host_intake *intake, size_t limit, const struct host_response *most);
void host_intake_finish(struct host_intake *intake);

/* Ready for another body; neither side has it. */
void host_intake_reset(struct host_intake *intake);

/* The guest is there, and then it is no longer. */
void host_intake_join(struct host_intake *intake, struct host_waker *waker,
		void (*stir)(struct host_intake *intake));
void host_intake_leave(struct host_intake *intake);

/* ---- for guests ---- */

/* What can be done now; LATER: the guest will be woken. */
enum host_intake_progress {
	HOST_INTAKE_LATER = 0,
	HOST_INTAKE_READY,
	HOST_INTAKE_END,
	HOST_INTAKE_BROKEN,
};

/* Take some: `*count`, which is not 0 if it is READY and there is room. */
enum host_intake_progress host_intake_read(struct host_intake *intake, uint8_t *to, size_t room,
		size_t *count);

/* LATER if a read would be; `*waiting` bytes are there, unless that is NULL. */
enum host_intake_progress host_intake_readable(struct host_intake *intake, size_t *waiting);

/* True if there are bytes, or an end, that the guest has not taken note of. */
bool host_intake_is_unread(struct host_intake *intake);

/* Why it is BROKEN. */
const char *host_intake_failure(struct host_intake *intake);

/* ---- for the server ---- */

/* Give it bytes; returns how many were taken. The server is stirred when there is room again. */
size_t host_intake_put(struct host_intake *intake, struct sv_bytes bytes);

/* All of it has come; or the rest will not (`reason` is constant). */
void host_intake_end(struct host_intake *intake);
void host_intake_break(struct host_intake *intake, const char *reason);

/* How many bytes the guest has taken since this was asked last; `*is_wanted`: it has asked. */
size_t host_intake_account(struct host_intake *intake, bool *is_wanted);

#endif
