/*
 * body.c: bodies (fastly_http_body). They are in memory as a whole; what all of a guest's hold
 * is at most as much as its own memory may.
 */
#include <string.h>

#include "host/fastly/fastly.h"

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

/* What was sent belongs to the client, but for the end of a stream. */
static struct fastly_body *body_to_write(struct fastly_call *call, uint32_t handle)
{
	struct fastly_body *body = fastly_body(call, handle);
	bool is_sent = body && call->guest->has_sent && handle == call->guest->sent_body;
	return is_sent && !body->is_streaming ? NULL : body;
}

static struct fastly_body *body_to_read(struct fastly_call *call, uint32_t handle)
{
	struct fastly_body *body = fastly_body(call, handle);
	return call->guest->has_sent && handle == call->guest->sent_body ? NULL : body;
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
	return *body ? FASTLY_OK : FASTLY_BADF;
}

/* The other one's bytes are moved, and it is closed. */
enum fastly_status fastly_http_body_append(struct fastly_call *call)
{
	struct fastly_body *to = body_to_write(call, fastly_argument(call, 0)), *from;
	struct sv_bytes parts[2];
	enum fastly_status status = fastly_body_whole(call, fastly_argument(call, 1), &from);
	if (!to || to == from)
		return FASTLY_BADF;
	if (status != FASTLY_OK)
		return status;
	fastly_body_parts(from, parts);
	status = body_reserve(call->guest, to, fastly_body_left(from));
	if (status == FASTLY_OK)
		status = fastly_body_add(call->guest, to, parts[0]);
	if (status == FASTLY_OK)
		status = fastly_body_add(call->guest, to, parts[1]);
	if (status == FASTLY_OK)
		fastly_close_body(call->guest, from);
	return status;
}

/* Take bytes from the front of a body. */
static size_t body_take(struct fastly_body *body, uint8_t *to, size_t most)
{
	size_t first = body->arrived.length < most ? body->arrived.length : most;
	size_t own = body->own.length - body->read;
	size_t second = own < most - first ? own : most - first;
	if (first) {
		memcpy(to, body->arrived.data, first);
		body->arrived.data += first;
		body->arrived.length -= first;
	}
	if (second) {
		memcpy(to + first, body->own.data + body->read, second);
		body->read += second;
	}
	return first + second;
}

enum fastly_status fastly_http_body_read(struct fastly_call *call)
{
	struct fastly_body *body = body_to_read(call, fastly_argument(call, 0));
	uint32_t room = fastly_argument(call, 2);
	if (!body)
		return FASTLY_BADF;
	size_t left = fastly_body_left(body), count = left < room ? left : room;
	uint8_t *to = sv_caller_range(call->caller, fastly_argument(call, 1), count);
	if (!to || !fastly_is_place(call, 3, sizeof(uint32_t)))
		return FASTLY_INVAL;
	check(body_take(body, to, count) == count);
	return fastly_give_u32(call, 3, (uint32_t)count);
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
	enum fastly_status status = end == 0 ? fastly_body_add(call->guest, body, bytes)
					     : body_put_in_front(call->guest, body, bytes);
	return status == FASTLY_OK ? fastly_give_u32(call, 4, (uint32_t)bytes.length) : status;
}

enum fastly_status fastly_http_body_close(struct fastly_call *call)
{
	struct fastly_body *body = body_to_write(call, fastly_argument(call, 0));
	if (!body)
		return FASTLY_BADF;
	if (body->is_streaming)
		body->is_streaming = false;
	else
		fastly_close_body(call->guest, body);
	return FASTLY_OK;
}

/* Of a stream: the client sees that it is not whole. */
enum fastly_status fastly_http_body_abandon(struct fastly_call *call)
{
	struct fastly_body *body = body_to_write(call, fastly_argument(call, 0));
	if (!body)
		return FASTLY_BADF;
	if (body->is_streaming)
		host_outcome_set(call->guest->call->outcome, HOST_INVALID,
				"the guest gave up its response's body");
	else
		fastly_close_body(call->guest, body);
	return FASTLY_OK;
}

enum fastly_status fastly_http_body_known_length(struct fastly_call *call)
{
	const struct fastly_body *body = fastly_body(call, fastly_argument(call, 0));
	if (!body)
		return FASTLY_BADF;
	return body->is_streaming ? FASTLY_NONE : fastly_give_u64(call, 1, fastly_body_left(body));
}

/* ---- trailers: none arrive; those set are not sent by HTTP/1.1 with a length ---- */

enum fastly_status fastly_http_body_trailer_append(struct fastly_call *call)
{
	struct fastly_body *body = body_to_write(call, fastly_argument(call, 0));
	return body ? fastly_fields_append(call, &body->trailers, 1) : FASTLY_BADF;
}

enum fastly_status fastly_http_body_trailer_names_get(struct fastly_call *call)
{
	const struct fastly_body *body = fastly_body(call, fastly_argument(call, 0));
	return body ? fastly_fields_names(call, &body->trailers, 1) : FASTLY_BADF;
}

enum fastly_status fastly_http_body_trailer_value_get(struct fastly_call *call)
{
	const struct fastly_body *body = fastly_body(call, fastly_argument(call, 0));
	return body ? fastly_fields_value(call, &body->trailers, 1) : FASTLY_BADF;
}

enum fastly_status fastly_http_body_trailer_values_get(struct fastly_call *call)
{
	const struct fastly_body *body = fastly_body(call, fastly_argument(call, 0));
	return body ? fastly_fields_values(call, &body->trailers, 1) : FASTLY_BADF;
}
