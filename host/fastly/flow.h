/*
 * flow.h: bodies whose bytes come from elsewhere, or go there: from the client, a backend or the
 * cache; to the client, a backend or the cache.
 */
#ifndef SELVAGE_HOST_FASTLY_FLOW_H
#define SELVAGE_HOST_FASTLY_FLOW_H

#include "host/fastly/fastly.h"

/* What can be done now; LATER: the guest will be woken. */
enum flow_progress { FLOW_LATER = 0, FLOW_READY, FLOW_END, FLOW_BROKEN };

/* Whether more may come behind what it holds; whether what is written goes elsewhere. */
bool flow_comes(const struct fastly_body *body);
bool flow_goes(const struct fastly_body *body);

/* Bytes that are still to come; -1: that is not known. */
int64_t flow_length(const struct fastly_body *body);

/* Take some of what comes. */
enum flow_progress flow_take(struct fastly_guest *guest, struct fastly_body *body, uint8_t *to,
		size_t room, size_t *count);

/* What a broken one is worth to the guest, with a line in the log. */
enum fastly_status flow_fail(struct fastly_guest *guest, struct fastly_body *body);

/* READY if flow_take, or writing, would do something. */
enum flow_progress flow_readable(struct fastly_guest *guest, struct fastly_body *body);
enum flow_progress flow_writable(struct fastly_guest *guest, struct fastly_body *body);

/* Write some: WAITS if nothing goes now. */
enum fastly_status flow_write(struct fastly_guest *guest, struct fastly_body *body,
		struct sv_bytes bytes, size_t *count);

/* What was written to a backend or the cache is whole, or is given up. */
void flow_finish(struct fastly_body *body);
void flow_abandon(struct fastly_body *body);

/* It comes from an object of the cache, whose use is taken over: bytes `from` up to `end`. */
void flow_from_cache(struct fastly_guest *guest, struct fastly_body *body,
		struct cache_object *object, uint64_t from, uint64_t end);

/* What is behind a body, as far as the guest may hold it; `whose` is for the log. */
void flow_take_trailers(struct fastly_guest *guest, struct fastly_body *body,
		const struct host_response *trailers, const char *whose);

/* Nothing more comes. */
void flow_close_source(struct fastly_guest *guest, struct fastly_body *body);

#endif
