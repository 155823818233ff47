/*
 * inner.h: what the files of the fetcher share.
 */
#ifndef SELVAGE_HOST_FETCH_INNER_H
#define SELVAGE_HOST_FETCH_INNER_H

#include <openssl/ssl.h>
#include <pthread.h>

#include "host/curl.h"
#include "host/fetch/fetch.h"

/* One request. Its owner and the thread both have it, until one of them is done with it. */
struct fetch {
	struct fetcher *fetcher;
	struct host_call *call; /* borrowed; the guest's thread's */
	const struct host_outbound *outbound; /* borrowed; of its limits */

	/* ---- under the fetcher's lock ---- */
	struct fetch *next;       /* in the list of those that want the thread */
	bool wants_thread;        /* it is in that list */
	unsigned users;           /* 0: the owner is gone */
	bool is_done;             /* the thread is done with it */
	bool is_awaited;          /* somebody was told LATER and not woken since */
	struct host_waker *waker;
	enum fetch_error error;   /* what the body's end means too */
	char text[200];           /* of the error */
	bool has_head, has_ended; /* the response's head, and all of it */
	struct buffer body;       /* of the response, what is not taken yet is behind `taken` */
	size_t taken;
	bool is_paused;           /* the response's body waits for room */
	struct buffer upload;     /* of the request, what is not sent yet is behind `sent` */
	size_t sent;
	bool has_whole_upload;
	bool upload_is_paused;    /* the thread waits for more of it */
	size_t head_held;         /* bytes of the head */
	size_t held;              /* bytes of it and of these buffers that count */
	bool is_over;             /* and were too many */

	/* ---- the thread's own; the head is the owner's too from `has_head` on ---- */
	struct host_response head;
	struct host_response trailers; /* the owner's, too, from `has_ended` on */
	char address[46]; /* of who answers, as the head; "": not known */
	uint16_t port;
	CURL *easy;               /* NULL: not begun, or done */
	struct curl_slist *fields, *connect_to;
	char reason[CURL_ERROR_SIZE];
	const struct fetch_tap *tap; /* NULL: none, or not any more */
	void *tap_data;
	bool tap_has_use;         /* one use is the tap's */
	bool is_trusted, was_denied, has_no_sni, has_own_ca, is_http2;
	enum fetch_error head_error;
	uint32_t first_byte_time, between_bytes_time;
	uint64_t deadline;        /* nanoseconds of CLOCK_MONOTONIC; UINT64_MAX: none */
	struct fetch *previous, *following; /* in the list of those that are under way */
};

struct fetcher {
	pthread_mutex_t lock;
	/* ---- under the lock ---- */
	struct fetch *wanting; /* fetches that want the thread */
	size_t count;          /* that are not done */
	bool has_thread, is_ending;
	const struct curl_api *curl; /* NULL until the first request; as `multi`, `wish` is -1 */
	int wish;  /* an eventfd: there is something in `wanting`, or the end */
	/* ---- the thread's own ---- */
	pthread_t thread;
	CURLM *multi;       /* owned; made under the lock */
	int epoll;          /* of its sockets and `wish` */
	uint64_t timer;     /* when libcurl wants to be called; UINT64_MAX: not */
	X509_STORE *trust;  /* owned; NULL until the first request with TLS */
	struct fetch *active;
	uint64_t next_deadline; /* none of theirs is earlier */
};

/* ---- fetch.c ---- */

/* Under the lock: have the thread look at it. */
void fetch_want_thread(struct fetch *fetch);

/* Under the lock: wake whoever waits for it. */
void fetch_wake(struct fetch *fetch);

/* Under the lock: count what its buffers have grown to; one that may not is ended. */
void fetch_count(struct fetch *fetch);

void fetch_free(struct fetch *fetch);

/* The tap is told of the end, if there is one, and lets go; the fetcher's thread. */
void fetch_end_tap(struct fetch *fetch, bool is_whole);

/* The same for one that does not want to be told any more. */
void fetch_leave_tap(struct fetch *fetch);

/* ---- transfer.c ---- */

/* Make the handle of a request. */
SV_MUST_USE bool transfer_prepare(struct fetch *fetch, struct fetch_request *request,
		struct sv_error *error);

/* Release what the handle uses. */
void transfer_finish(struct fetch *fetch);

/* The kind of error that curl's code is; with a line of text. */
void transfer_fail(struct fetch *fetch, CURLcode code);

/* How long it may be silent from now on. */
void transfer_set_deadline(struct fetch *fetch, uint32_t milliseconds);

/* ---- sockets.c ---- */

/* What the thread waits with. */
SV_MUST_USE bool sockets_open(struct fetcher *fetcher, struct sv_error *error);
void sockets_close(struct fetcher *fetcher);

/* Any thread: end its wait, or the next one. */
void sockets_wake(const struct fetcher *fetcher);

/* Wait until something is to be done; what libcurl has to do is done. */
void sockets_wait(struct fetcher *fetcher);

/* ---- thread.c ---- */

/* Start the thread if there is none; under the lock. */
SV_MUST_USE bool thread_start(struct fetcher *fetcher, struct sv_error *error);

#endif
