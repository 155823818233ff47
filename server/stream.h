/*
 * stream.h: one request of a connection, with its answer: the way to a worker and back, which is
 * the same in every protocol.
 */
#ifndef SELVAGE_SERVER_STREAM_H
#define SELVAGE_SERVER_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/check.h"
#include "server/exchange.h"
#include "server/loop.h"
#include "server/request.h"

struct connection;

struct stream {
	struct connection *connection; /* borrowed */
	struct exchange *exchange; /* owned, or the executor's while it is out (exchange.h) */
	bool is_out;    /* a worker has the request, whatever has become of the stream */
	bool has_begun; /* the head of the response was made */
	bool is_over;   /* nothing more gets to the client */
	bool is_arriving; /* the guest has begun, and the body of the request is not whole */
	struct timeout arrival; /* for that */
	int status;     /* the body was refused when the guest had begun; 0: it was not */
	const char *reason;
	struct sv_bytes body; /* of the response, what is left of it */
	struct buffer piece;  /* of a streamed body, what `body` shows */
	uint64_t began;       /* first byte of the request, nanoseconds of CLOCK_MONOTONIC */
};

/* An exchange to read a request into; false if there is no memory. */
SV_MUST_USE bool stream_take_exchange(struct stream *stream);

/* Ready for another request. */
void stream_reset(struct stream *stream);

/* True if a request for this host may come here; else it is refused. */
SV_MUST_USE bool stream_is_covered(const struct stream *stream, struct request_head *head);

/* True if the handler wants the body; else it is refused. */
SV_MUST_USE bool stream_is_admitted(const struct stream *stream, struct request_head *head);

/*
 * The request is complete: give it to a worker. The protocol is told when it has answered, perhaps
 * at once.
 */
void stream_submit(struct stream *stream, const struct request_head *head);

/*
 * True if the request is to be begun now, though its body is not whole: then `is_arriving` is set
 * until stream_arrived or stream_break_off is called, and what comes is put into the intake.
 */
SV_MUST_USE bool stream_takes_intake(struct stream *stream, const struct request_head *head);

/*
 * The body is whole; or it will not be, so the guest's reads fail. Its client is answered `status`,
 * unless that is 0 or all of the answer is there; if the answer has begun, it is cut off. `reason`
 * lives as long as the stream.
 */
void stream_arrived(struct stream *stream);
void stream_break_off(struct stream *stream, int status, const char *reason);

/* timeout_expired of bodies that arrive. */
void stream_arrival_expired(struct timeout *timeout);

/* Make the response one of our own, and log it. False if there is no memory for it. */
SV_MUST_USE bool stream_refuse(struct stream *stream, int status, const char *reason);

/* A worker has answered. */
void stream_answered(struct exchange *exchange);

/* A worker goes on, but has something for the client. */
void stream_news(struct exchange *exchange);

/* Nothing more gets to the client; `reason` is constant. */
void stream_lose(struct stream *stream, const char *reason);

/* How the body of a response is sent. */
struct stream_plan {
	bool is_head;   /* to HEAD */
	bool has_body;  /* something may follow the head */
	bool is_whole;  /* all of it is there */
	bool has_trailers; /* which the client takes; only told when it is whole */
	int64_t more;   /* bytes in the stream behind those of the response; -1: nobody knows */
};

/* Look at the response; what the client will not get is dropped. */
struct stream_plan stream_plan(struct stream *stream);

#endif
