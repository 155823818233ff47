/*
 * stream.h: an answer that goes to the client while its guest still runs. The guest's thread and
 * the server's share it, so each function locks; none waits. What one side does not take is kept
 * within the limit, then the other one has to wait.
 *
 * What the head is made of (status and fields of the response, and a first part of the body) is
 * there when the stream begins, and is the server's from then on.
 */
#ifndef SELVAGE_HOST_STREAM_H
#define SELVAGE_HOST_STREAM_H

#include <pthread.h>

#include "host/host.h"
#include "host/pack.h"

enum host_stream_state {
	HOST_STREAM_NONE = 0, /* the answer goes out whole when the guest has ended */
	HOST_STREAM_OPEN,     /* the guest writes on */
	HOST_STREAM_WHOLE,    /* all of the body is there */
	HOST_STREAM_BROKEN,   /* the guest has given it up: the client sees that */
};

struct host_stream {
	pthread_mutex_t lock;
	size_t limit; /* bytes that wait here; the server has as many on their way */

	/* ---- under the lock ---- */
	enum host_stream_state state;
	struct host_waker *waker; /* borrowed; of the guest; NULL: it is not there */
	/* Says that there is something to take. NULL: there is no client, and all is dropped. */
	void (*stir)(struct host_stream *stream);
	struct buffer bytes;
	uint64_t total;       /* bytes that were put into it, compressed if they are */
	int64_t left;         /* of the announced length; -1: none was */
	bool is_new;          /* it has begun and the server was not told */
	bool is_wanted;       /* the server has taken all and is to be stirred */
	bool is_awaited;      /* the guest was told LATER and not woken since */
	bool wants_room;      /* LATER is what it was told last */
	bool is_dropping;     /* the client gets no body */
	bool has_hung_up;     /* the client sends no more; it may read on */
	const char *loss;     /* why nothing more gets to the client; NULL: it does */

	/* ---- the guest's ---- */
	struct host_pack pack; /* its request and response are there, or nothing is packed */

	/* ---- the guest's until the state is WHOLE, then the server's ---- */
	struct host_response trailers; /* its fields */
};

/* `most` is for trailers: the limits of a response's head. */
void host_stream_init(struct host_stream *stream, size_t limit, const struct host_response *most);
void host_stream_finish(struct host_stream *stream);

/* Ready for another answer; neither side has it. */
void host_stream_reset(struct host_stream *stream);

/* The guest is there, and then it is no longer: what it has not ended is broken. */
void host_stream_join(struct host_stream *stream, struct host_waker *waker,
		void (*stir)(struct host_stream *stream));
void host_stream_leave(struct host_stream *stream);

/* ---- for guests ---- */

/* What can be done now; LATER: the guest will be woken; LOST: nothing gets to the client. */
enum host_stream_progress {
	HOST_STREAM_LATER = 0,
	HOST_STREAM_READY,
	HOST_STREAM_LOST,
	HOST_STREAM_TOO_LONG, /* more than was announced */
};

/*
 * The head is there; `length` of the rest of the body, or -1. If the client takes that, the body is
 * compressed from here on, and the head changed. The server is not told yet.
 */
void host_stream_begin(struct host_stream *stream, int64_t length);

/* Tell it, if it was not; what was written is on its way then. */
void host_stream_flush(struct host_stream *stream);

/* Write some of the bytes: `*count`. */
enum host_stream_progress host_stream_write(struct host_stream *stream, struct sv_bytes bytes,
		size_t *count);

/* READY if a write would move something. */
enum host_stream_progress host_stream_writable(struct host_stream *stream);

/* It is whole. READY, or LOST, also if it is shorter than announced: then it is broken. */
enum host_stream_progress host_stream_end(struct host_stream *stream);

/* It is given up. */
void host_stream_break(struct host_stream *stream);

/*
 * Why a guest that waits need not wait any longer: the client has left, though not all of its
 * answer was there; NULL: it has not.
 */
const char *host_stream_left(struct host_stream *stream);

/* Why nothing more gets to the client; NULL: it does, for all that is known. */
const char *host_stream_loss(struct host_stream *stream);

/* ---- for the server ---- */

/*
 * Exchange the empty `bytes` for those that wait, and wake the guest if it waits for room. If there
 * are none, the server is stirred when that changes. The state is as of when they are sent.
 */
enum host_stream_state host_stream_take(struct host_stream *stream, struct buffer *bytes);

/* The state, and how many bytes wait, unless `waiting` is NULL. */
enum host_stream_state host_stream_look(struct host_stream *stream, size_t *waiting);

/* The client gets no body: what is written is dropped. */
void host_stream_drop(struct host_stream *stream);

/* Nothing more gets to the client; `reason` is constant. */
void host_stream_lose(struct host_stream *stream, const char *reason);

/* The client will send nothing more. It may have left, or only be done with sending. */
void host_stream_hang_up(struct host_stream *stream);

#endif
