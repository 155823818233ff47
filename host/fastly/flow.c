/*
 * flow.c: see flow.h.
 */
#include "host/fastly/flow.h"

#include <stdio.h>

#include "host/fastly/fields.h"
#include "host/fastly/response.h"
#include "host/fastly/service.h"
#include "host/fastly/unpack.h"
#include "host/fetch/fetch.h"
#include "host/intake.h"
#include "host/outbound.h"
#include "host/stream.h"

bool flow_comes(const struct fastly_body *body)
{
	return body->source || body->cached || body->intake;
}

bool flow_goes(const struct fastly_body *body)
{
	return body->is_streaming || body->sink || body->stored;
}

int64_t flow_length(const struct fastly_body *body)
{
	if (body->source)
		return body->coming;
	if (!body->cached)
		return body->intake ? -1 : 0;
	if (body->unpack)
		return -1;
	int64_t length = cache_object_length(body->cached);
	if (length < 0)
		return -1;
	uint64_t end = body->cached_end < (uint64_t)length ? body->cached_end : (uint64_t)length;
	return body->cached_at < end ? (int64_t)(end - body->cached_at) : 0;
}

static enum flow_progress of_fetch(enum fetch_progress progress)
{
	static const enum flow_progress same[] = {
			[FETCH_LATER] = FLOW_LATER,
			[FETCH_READY] = FLOW_READY,
			[FETCH_END] = FLOW_END,
			[FETCH_BROKEN] = FLOW_BROKEN,
	};
	return same[progress];
}

static enum flow_progress of_intake(enum host_intake_progress progress)
{
	static const enum flow_progress same[] = {
			[HOST_INTAKE_LATER] = FLOW_LATER,
			[HOST_INTAKE_READY] = FLOW_READY,
			[HOST_INTAKE_END] = FLOW_END,
			[HOST_INTAKE_BROKEN] = FLOW_BROKEN,
	};
	return same[progress];
}

static enum flow_progress of_cache(enum cache_progress progress)
{
	switch (progress) {
	case CACHE_LATER:
		return FLOW_LATER;
	case CACHE_READY:
		return FLOW_READY;
	case CACHE_END:
		return FLOW_END;
	default:
		return FLOW_BROKEN;
	}
}

/* ---- what comes ---- */

static enum flow_progress cached_take(struct fastly_guest *guest, struct fastly_body *body,
		uint8_t *to, size_t room, size_t *count)
{
	struct sv_error error = SV_ERROR_INIT;
	uint64_t left = body->cached_end - body->cached_at;
	if (!left)
		return FLOW_END;
	enum flow_progress progress = of_cache(cache_read(body->cached, body->cached_at, to,
			left < room ? (size_t)left : room, &body->waiter, count));
	/* What is over the limit ends the guest. */
	if (*count && body->is_carried && !host_outbound_carry(guest->call, *count, &error))
		return FLOW_BROKEN;
	body->cached_at += *count;
	return progress;
}

/* As it came. */
static enum flow_progress raw_take(struct fastly_guest *guest, struct fastly_body *body,
		uint8_t *to, size_t room, size_t *count)
{
	*count = 0;
	if (body->source)
		return of_fetch(fetch_read(body->source, to, room, count));
	if (body->intake)
		return of_intake(host_intake_read(body->intake, to, room, count));
	return cached_take(guest, body, to, room, count);
}

void flow_take_trailers(struct fastly_guest *guest, struct fastly_body *body,
		const struct host_response *trailers, const char *whose)
{
	char line[120];
	for (size_t i = 0; i < trailers->field_count; i++) {
		struct host_header field = host_response_field(trailers, i);
		size_t length = field.name.length + field.value.length + sizeof *trailers->fields;
		if (!fastly_may_hold(guest, length) ||
				!host_response_add(&body->trailers.head, field.name, field.value,
						NULL)) {
			snprintf(line, sizeof line, "%s trailers are more than may be held", whose);
			fastly_tell(guest, line);
			break;
		}
		fastly_fields_count(guest, &body->trailers);
	}
}

enum flow_progress flow_take(struct fastly_guest *guest, struct fastly_body *body, uint8_t *to,
		size_t room, size_t *count)
{
	*count = 0;
	enum flow_progress progress = body->unpack
			? unpack_take(guest, body, raw_take, to, room, count)
			: raw_take(guest, body, to, room, count);
	if (body->source && body->coming > 0 && progress == FLOW_READY)
		body->coming -= *count < (size_t)body->coming ? (int64_t)*count : body->coming;
	if (progress == FLOW_END && body->source)
		flow_take_trailers(guest, body, fetch_trailers(body->source), "a backend's");
	else if (progress == FLOW_END && body->intake && guest->call->request->trailers)
		flow_take_trailers(guest, body, guest->call->request->trailers, "the request's");
	if (progress == FLOW_END)
		flow_close_source(guest, body);
	if (progress != FLOW_READY)
		*count = 0;
	return progress;
}

enum fastly_status flow_fail(struct fastly_guest *guest, struct fastly_body *body)
{
	const char *reason;
	char line[256];
	if (body->intake) {
		snprintf(line, sizeof line, "the request's body was cut off: %s",
				host_intake_failure(body->intake));
		fastly_tell(guest, line);
		return FASTLY_HTTPINCOMPLETE;
	}
	if (body->unpack && unpack_is_wrong(body->unpack)) {
		fastly_tell(guest, "a response from a backend says that it is gzip and is not");
		return FASTLY_HTTPINCOMPLETE;
	}
	if (!body->source) {
		fastly_tell(guest,
				body->is_carried ? "a response from a backend was cut off"
						 : "an object of the cache was given up by who "
						   "wrote it");
		return FASTLY_HTTPINCOMPLETE;
	}
	enum fetch_error error = fetch_failure(body->source, &reason);
	snprintf(line, sizeof line, "a response from a backend was cut off: %s", reason);
	fastly_tell(guest, line);
	return error == FETCH_CLOSED ? FASTLY_HTTPINCOMPLETE : FASTLY_ERROR;
}

enum flow_progress flow_readable(struct fastly_guest *guest, struct fastly_body *body)
{
	(void)guest;
	if (body->unpack && unpack_readable(body->unpack) == FLOW_READY)
		return FLOW_READY;
	if (body->source)
		return of_fetch(fetch_readable(body->source));
	if (body->intake)
		return of_intake(host_intake_readable(body->intake, NULL));
	if (!body->cached || body->cached_at == body->cached_end)
		return FLOW_END;
	return of_cache(cache_readable(body->cached, body->cached_at, &body->waiter));
}

void flow_from_cache(struct fastly_guest *guest, struct fastly_body *body,
		struct cache_object *object, uint64_t from, uint64_t end)
{
	body->cached = object;
	body->cached_at = from;
	body->cached_end = end;
	body->waiter = (struct cache_waiter){.waker = guest->call->waker};
}

void flow_close_source(struct fastly_guest *guest, struct fastly_body *body)
{
	fetch_release(body->source);
	unpack_free(body->unpack);
	guest->held -= body->source_counted;
	body->source = NULL;
	body->unpack = NULL;
	body->intake = NULL;
	body->source_counted = 0;
	if (!body->cached)
		return;
	cache_waiter_leave(guest->service->cache, &body->waiter);
	cache_object_release(body->cached);
	body->cached = NULL;
}

/* ---- what goes ---- */

static enum fastly_status store_write(struct fastly_guest *guest, struct fastly_body *body,
		struct sv_bytes bytes, size_t *count)
{
	char line[120];
	enum cache_progress progress = cache_write(body->stored, bytes);
	*count = progress == CACHE_READY ? bytes.length : 0;
	if (progress == CACHE_READY)
		return FASTLY_OK;
	if (progress != CACHE_FULL)
		return FASTLY_ERROR;
	snprintf(line, sizeof line,
			"the cache has %llu bytes at most, and what is in use takes them",
			(unsigned long long)CACHE_MAX_BYTES);
	fastly_tell(guest, line);
	return FASTLY_LIMITEXCEEDED;
}

enum fastly_status flow_write(struct fastly_guest *guest, struct fastly_body *body,
		struct sv_bytes bytes, size_t *count)
{
	if (body->is_streaming)
		return fastly_response_write(guest, bytes, count);
	if (body->stored)
		return store_write(guest, body, bytes, count);
	switch (fetch_write(body->sink, bytes, count)) {
	case FETCH_LATER:
		return FASTLY_WAITS;
	case FETCH_READY:
		return FASTLY_OK;
	default:
		return FASTLY_ERROR;
	}
}

enum flow_progress flow_writable(struct fastly_guest *guest, struct fastly_body *body)
{
	if (body->is_streaming) {
		bool is_later = host_stream_writable(guest->call->stream) == HOST_STREAM_LATER;
		return is_later ? FLOW_LATER : FLOW_READY;
	}
	return body->sink ? of_fetch(fetch_writable(body->sink)) : FLOW_READY;
}

static void sinks_release(struct fastly_body *body)
{
	fetch_release(body->sink);
	cache_object_release(body->stored);
	body->sink = NULL;
	body->stored = NULL;
}

void flow_finish(struct fastly_body *body)
{
	if (body->sink)
		fetch_finish(body->sink);
	if (body->stored)
		cache_write_end(body->stored);
	sinks_release(body);
}

void flow_abandon(struct fastly_body *body)
{
	if (body->sink)
		fetch_abort(body->sink, "the guest gave up its request's body");
	if (body->stored)
		cache_write_break(body->stored);
	sinks_release(body);
}
