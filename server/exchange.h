/*
 * exchange.h: one request with its answer, on its way from a connection to a worker and
 * back. At any time one thread owns it: the loop, or the worker that handles it. What they share
 * is `stream`, and, when that has begun, the response and the request as they are then.
 */
#ifndef SELVAGE_SERVER_EXCHANGE_H
#define SELVAGE_SERVER_EXCHANGE_H

#include <stdint.h>

#include "host/host.h"
#include "host/intake.h"
#include "host/stream.h"
#include "host/tls.h"
#include "server/limits.h"

struct executor;
struct stream;

struct exchange {
	struct exchange *next;   /* in the list it waits in */
	/* The executor's, under its lock for what is done: the list of those with news. */
	struct exchange *news_previous, *news_next;
	bool has_news;
	bool is_quick; /* the executor's: the loop's thread may give it its first turn */
	struct executor *executor; /* borrowed, while a worker handles it */
	struct stream *owner;      /* borrowed; for the loop */
	struct host_waker *waker; /* borrowed from the executor, while a worker handles it */
	struct host_request request;
	struct host_header *headers; /* owned; room for the limit, and one of ours */
	struct buffer body;          /* of the request */
	struct buffer text; /* the bytes of its head, unless they are in an input buffer */
	struct host_response response;
	struct host_stream stream;
	struct host_intake intake;
	struct host_outcome outcome;
	uint64_t began; /* first byte of the request, nanoseconds of CLOCK_MONOTONIC */
	uint64_t deadline; /* for the answer */
	uint64_t sent; /* bytes of the response's body that were to be sent */
	char server_name[256];
	struct host_tls tls; /* of the request, if it has one */
	char tls_name[256];
	char http2_print[192]; /* of a request over HTTP/2 */
	char trace_parent[56]; /* if none came */
};

/* An empty exchange, or NULL if there is no memory. */
struct exchange *exchange_new(const struct server_limits *limits);

/*
 * Its guest has ended, well or not: an answer that goes out whole is compressed, if it is to be.
 * False, with nothing done, if it has more than `most` bytes and that could take long.
 */
SV_MUST_USE bool exchange_pack(struct exchange *exchange, size_t most);

/* Ready for another request; keeps its buffers. */
void exchange_reset(struct exchange *exchange);

void exchange_free(struct exchange *exchange);

#endif
