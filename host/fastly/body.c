/*
 * body.c: bodies (fastly_http_body). What all of a guest's hold is at most as much as its own
 * memory may. Those of responses from backends come as they are read, and those of requests
 * to backends that are still being written go as they are; the guest waits where it must.
 */
#include <string.h>

#include "host/fastly/body.h"
#include "host/fastly/fastly.h"
#include "host/fastly/fields.h"
#include "host/fastly/flow.h"
#include "host/fastly/response.h"
#include "host/fetch/fetch.h"

size_t fastly_body_left(const struct fastly_body *body)
{
	return body->arrived.length + body->own.length - body->read;
}

/* Room for `length` more bytes of the guest's. */
static enum fastly_status body_reserve(struct fastly_guest *guest, struct fastly_body *body,
		size_t length)
{
	if (!fastly_may_hold(guest, length))
		return FASTLY_LIMITEXCEEDED;
	return buffer_reserve(&body->own, length, NULL) ? FASTLY_OK : FASTLY_ERROR;
}

enum fastly_status fastly_body_add(struct fastly_guest *guest, struct fastly_body *body,
		struct sv_bytes bytes)
{
	enum fastly_status status = body_reserve(guest, body, bytes.length);
	if (status != FASTLY_OK || !bytes.length)
		return status;
	memcpy(body->own.data + body->own.length, bytes.data, bytes.length);
	body->own.length += bytes.length;
	guest->held += bytes.length;
	return FASTLY_OK;
}

/* What arrived becomes the guest's own, with `bytes` in front of everything. */
static enum fastly_status body_put_in_front(struct fastly_guest *guest, struct fastly_body *body,
		struct sv_bytes bytes)
{
	size_t more = bytes.length + body->arrived.length;
	size_t own = body->own.length - body->read;
	enum fastly_status status = body_reserve(guest, body, more);
	if (status != FASTLY_OK || !more)
		return status;
	memmove(body->own.data + more, body->own.data + body->read, own);
	if (bytes.length)
		memcpy(body->own.data, bytes.data, bytes.length);
	if (body->arrived.length)
		memcpy(body->own.data + bytes.length, body->arrived.data, body->arrived.length);
	guest->held += more;
	guest->held -= body->read;
	body->own.length = more + own;
	body->read = 0;
	body->arrived = (struct sv_bytes){0};
	return FASTLY_OK;
}

enum fastly_status fastly_http_body_new(struct fastly_call *call)
{
	if (!fastly_is_place(call, 0, sizeof(uint32_t)))
		return FASTLY_INVAL;
	const struct fastly_body *body = fastly_new_body(call->guest);
	return body ? fastly_give_u32(call, 0, fastly_body_handle(call->guest, body))
		    : FASTLY_LIMITEXCEEDED;
}

/* What was sent belongs to the client; a stream is written on. */
static struct fastly_body *body_to_write(struct fastly_call *call, uint32_t handle)
{
	struct fastly_body *body = fastly_body(call, handle);
	bool is_sent = body && call->guest->has_sent && handle == call->guest->sent_body;
	return is_sent && !body->is_streaming ? NULL : body;
}

static struct fastly_body *body_to_read(struct fastly_call *call, uint32_t handle)
{
	struct fastly_body *body = fastly_body(call, handle);
	if (!body || body->sink || body->stored)
		return NULL;
	return call->guest->has_sent && handle == call->guest->sent_body ? NULL : body;
}

/* ---- what comes from a backend ---- */

/* Bytes that are taken from a source at once. */
#define PORTION (64u * 1024)

/* Take a portion of what comes; WAITS if nothing is there. The end closes the source. */
static enum fastly_status body_fill(struct fastly_guest *guest, struct fastly_body *body)
{
	size_t count;
	enum fastly_status status = body_reserve(guest, body, PORTION);
	if (status != FASTLY_OK)
		return status;
	switch (flow_take(guest, body, body->own.data + body->own.length, PORTION, &count)) {
	case FLOW_LATER:
		return FASTLY_WAITS;
	case FLOW_BROKEN:
		return flow_fail(guest, body);
	case FLOW_END:
	case FLOW_READY:
		break;
	}
	body->own.length += count;
	guest->held += count;
	return FASTLY_OK;
}

enum fastly_status fastly_body_gather(struct fastly_guest *guest, struct fastly_body *body,
		size_t most)
{
	enum fastly_status status = FASTLY_OK;
	while (flow_comes(body) && status == FASTLY_OK && fastly_body_left(body) < most)
		status = body_fill(guest, body);
	return status == FASTLY_WAITS ? FASTLY_OK : status;
}

static enum fastly_status body_collect(struct fastly_guest *guest, struct fastly_body *body)
{
	enum fastly_status status = FASTLY_OK;
	while (flow_comes(body) && status == FASTLY_OK)
		status = body_fill(guest, body);
	return status;
}

void fastly_body_parts(const struct fastly_body *body, struct sv_bytes parts[2])
{
	parts[0] = body->arrived;
	parts[1] = (struct sv_bytes){NULL, body->own.length - body->read};
	if (parts[1].length)
		parts[1].data = body->own.data + body->read;
}

enum fastly_status fastly_body_whole(struct fastly_call *call, uint32_t handle,
		struct fastly_body **body)
{
	*body = body_to_read(call, handle);
	return *body ? body_collect(call->guest, *body) : FASTLY_BADF;
}

/* Drop bytes from the front. */
static void body_skip(struct fastly_guest *guest, struct fastly_body *body, size_t count)
{
	size_t first = body->arrived.length < count ? body->arrived.length : count;
	if (first) {
		body->arrived.data += first;
		body->arrived.length -= first;
	}
	body->read += count - first;
	if (body->read == body->own.length) {
		guest->held -= body->own.length;
		body->own.length = body->read = 0;
	}
}

void fastly_body_empty(struct fastly_guest *guest, struct fastly_body *body)
{
	body_skip(guest, body, fastly_body_left(body));
	fastly_release_value(guest, &body->value);
}

/* ---- what goes to a backend or to the client ---- */

/* All of another body, as it comes and goes. What has gone is no longer in it. */
enum fastly_status fastly_body_pour(struct fastly_guest *guest, struct fastly_body *to,
		struct fastly_body *from)
{
	struct sv_bytes parts[2];
	enum fastly_status status = FASTLY_OK;
	while (status == FASTLY_OK && (flow_comes(from) || fastly_body_left(from))) {
		size_t count = 0;
		fastly_body_parts(from, parts);
		if (fastly_body_left(from))
			status = flow_write(guest, to, parts[0].length ? parts[0] : parts[1],
					&count);
		else
			status = body_fill(guest, from);
		body_skip(guest, from, count);
	}
	return status;
}

/* ---- the functions ---- */

static enum fastly_status body_append(struct fastly_guest *guest, struct fastly_body *to,
		struct fastly_body *from)
{
	struct sv_bytes parts[2];
	enum fastly_status status = body_collect(guest, to);
	if (status == FASTLY_OK)
		status = body_collect(guest, from);
	if (status != FASTLY_OK)
		return status;
	fastly_body_parts(from, parts);
	status = body_reserve(guest, to, fastly_body_left(from));
	if (status == FASTLY_OK)
		status = fastly_body_add(guest, to, parts[0]);
	if (status == FASTLY_OK)
		status = fastly_body_add(guest, to, parts[1]);
	return status;
}

/* The other one's bytes are moved, and it is closed. */
enum fastly_status fastly_http_body_append(struct fastly_call *call)
{
	struct fastly_body *to = body_to_write(call, fastly_argument(call, 0));
	struct fastly_body *from = body_to_read(call, fastly_argument(call, 1));
	if (!to || !from || to == from)
		return FASTLY_BADF;
	enum fastly_status status = flow_goes(to) ? fastly_body_pour(call->guest, to, from)
						  : body_append(call->guest, to, from);
	if (status == FASTLY_OK)
		fastly_close_body(call->guest, from);
	return status;
}

/* What comes from a backend goes to the guest's memory at once. */
static enum fastly_status source_read(struct fastly_call *call, struct fastly_body *body,
		uint32_t room)
{
	size_t count, most = room < FETCH_BUFFER ? room : FETCH_BUFFER;
	uint8_t *to = fastly_range(call, fastly_argument(call, 1), most);
	if (!to)
		return FASTLY_INVAL;
	switch (flow_take(call->guest, body, to, most, &count)) {
	case FLOW_LATER:
		return FASTLY_WAITS;
	case FLOW_BROKEN:
		return flow_fail(call->guest, body);
	case FLOW_END:
	case FLOW_READY:
		break;
	}
	return fastly_give_u32(call, 3, (uint32_t)count);
}

enum fastly_status fastly_http_body_read(struct fastly_call *call)
{
	struct fastly_body *body = body_to_read(call, fastly_argument(call, 0));
	uint32_t room = fastly_argument(call, 2);
	if (!body)
		return FASTLY_BADF;
	if (!fastly_is_place(call, 3, sizeof(uint32_t)))
		return FASTLY_INVAL;
	size_t left = fastly_body_left(body), count = left < room ? left : room;
	if (!left && room && flow_comes(body))
		return source_read(call, body, room);
	struct sv_bytes parts[2];
	uint8_t *to = fastly_range(call, fastly_argument(call, 1), count);
	if (!to)
		return FASTLY_INVAL;
	fastly_body_parts(body, parts);
	size_t first = parts[0].length < count ? parts[0].length : count;
	if (first)
		memcpy(to, parts[0].data, first);
	if (count > first)
		memcpy(to + first, parts[1].data, count - first);
	body_skip(call->guest, body, count);
	return fastly_give_u32(call, 3, (uint32_t)count);
}

/* As much of it as goes now: the guest tries again with the rest. */
static enum fastly_status body_write_some(struct fastly_call *call, struct fastly_body *body,
		struct sv_bytes bytes, bool is_front)
{
	size_t count = bytes.length;
	enum fastly_status status;
	bool goes_on = flow_goes(body);
	if (goes_on && is_front)
		return FASTLY_UNSUPPORTED;
	if (goes_on)
		status = flow_write(call->guest, body, bytes, &count);
	else if (is_front)
		status = body_put_in_front(call->guest, body, bytes);
	else
		status = body_collect(call->guest, body);
	if (status == FASTLY_OK && !goes_on && !is_front)
		status = fastly_body_add(call->guest, body, bytes);
	return status == FASTLY_OK ? fastly_give_u32(call, 4, (uint32_t)count) : status;
}

enum fastly_status fastly_http_body_write(struct fastly_call *call)
{
	struct fastly_body *body = body_to_write(call, fastly_argument(call, 0));
	struct sv_bytes bytes;
	uint32_t end = fastly_argument(call, 3);
	if (!body)
		return FASTLY_BADF;
	if (!fastly_bytes(call, 1, &bytes) || end > 1 ||
			!fastly_is_place(call, 4, sizeof(uint32_t)))
		return FASTLY_INVAL;
	return body_write_some(call, body, bytes, end == 1);
}

enum fastly_status fastly_http_body_close(struct fastly_call *call)
{
	struct fastly_body *body = body_to_write(call, fastly_argument(call, 0));
	if (!body)
		return FASTLY_BADF;
	if (body->is_streaming)
		return fastly_response_close(call->guest, body);
	flow_finish(body);
	fastly_close_body(call->guest, body);
	return FASTLY_OK;
}

/* Of a stream: the client sees that it is not whole. */
enum fastly_status fastly_http_body_abandon(struct fastly_call *call)
{
	struct fastly_body *body = body_to_write(call, fastly_argument(call, 0));
	if (!body)
		return FASTLY_BADF;
	if (!body->is_streaming) {
		fastly_close_body(call->guest, body);
		return FASTLY_OK;
	}
	fastly_response_break(call->guest, body, "the guest gave up its response's body");
	return FASTLY_OK;
}

enum fastly_status fastly_http_body_known_length(struct fastly_call *call)
{
	const struct fastly_body *body = fastly_body(call, fastly_argument(call, 0));
	if (!body)
		return FASTLY_BADF;
	int64_t coming = flow_goes(body) ? -1 : flow_length(body);
	return coming < 0 ? FASTLY_NONE
			  : fastly_give_u64(call, 1, fastly_body_left(body) + (uint64_t)coming);
}

/* ---- trailers: those of requests and backends; those set go to clients that take them ---- */

/* They are not known before the body was read to its end. */
static enum fastly_status trailers_of(struct fastly_call *call, struct fastly_fields **trailers)
{
	struct fastly_body *body = fastly_body(call, fastly_argument(call, 0));
	if (!body)
		return FASTLY_BADF;
	*trailers = &body->trailers;
	return body->source || body->intake ? FASTLY_AGAIN : FASTLY_OK;
}

enum fastly_status fastly_http_body_trailer_append(struct fastly_call *call)
{
	struct fastly_body *body = body_to_write(call, fastly_argument(call, 0));
	return body ? fastly_fields_append(call, &body->trailers, 1) : FASTLY_BADF;
}

enum fastly_status fastly_http_body_trailer_names_get(struct fastly_call *call)
{
	struct fastly_fields *trailers;
	enum fastly_status status = trailers_of(call, &trailers);
	return status == FASTLY_OK ? fastly_fields_names(call, trailers, 1) : status;
}

enum fastly_status fastly_http_body_trailer_value_get(struct fastly_call *call)
{
	struct fastly_fields *trailers;
	enum fastly_status status = trailers_of(call, &trailers);
	return status == FASTLY_OK ? fastly_fields_value(call, trailers, 1) : status;
}

enum fastly_status fastly_http_body_trailer_values_get(struct fastly_call *call)
{
	struct fastly_fields *trailers;
	enum fastly_status status = trailers_of(call, &trailers);
	return status == FASTLY_OK ? fastly_fields_values(call, trailers, 1) : status;
}
