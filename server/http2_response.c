/*
 * http2_response.c: responses in HTTP/2: fields for nghttp2, and bodies as it asks for them, which
 * is when the client takes them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/version.h"
#include "host/lend.h"
#include "server/http2.h"
#include "server/response.h"

/* Most fields that we add to those of a response. */
#define OWN_FIELDS 4u

static const char no_memory[] = "no memory for a response";

/* ---- fields ---- */

/* A field, whose value has no spaces around it (RFC 9113, section 8.2.1). nghttp2 copies it. */
static nghttp2_nv field_make(struct sv_bytes name, struct sv_bytes value)
{
	value = bytes_trim(value);
	return (nghttp2_nv){(uint8_t *)(uintptr_t)name.data, (uint8_t *)(uintptr_t)value.data,
			name.length, value.length, NGHTTP2_NV_FLAG_NONE};
}

/* Those of a response that `is_left_out` does not name; returns how many. */
static size_t fields_add(nghttp2_nv *fields, const struct host_response *response,
		bool (*is_left_out)(struct sv_bytes name))
{
	size_t count = 0;
	for (size_t i = 0; i < response->field_count; i++) {
		struct host_header field = host_response_field(response, i);
		if (!is_left_out(field.name))
			fields[count++] = field_make(field.name, field.value);
	}
	return count;
}

/* Trailers go behind the body, which ends with them. */
static bool trailers_submit(struct http2_stream *stream)
{
	const struct host_response *trailers = &stream->stream.exchange->stream.trailers;
	nghttp2_session *session = http2_session(stream->stream.connection->http2);
	nghttp2_nv *fields = calloc(trailers->field_count, sizeof *fields);
	if (!fields)
		return false;
	size_t count = fields_add(fields, trailers, response_field_is_for_heads);
	bool is_done = nghttp2_submit_trailer(session, stream->id, fields, count) == 0;
	free(fields);
	return is_done;
}

/* ---- the body ---- */

/* The next piece of a streamed body; the state is as of its end. */
static enum host_stream_state stream_refill(struct stream *stream)
{
	stream->piece.length = 0;
	enum host_stream_state state = host_stream_take(&stream->exchange->stream, &stream->piece);
	stream->body = buffer_view(&stream->piece);
	return state;
}

/* True if the bytes that the stream has here are its last. */
static bool stream_is_complete(struct stream *stream)
{
	size_t waiting;
	enum host_stream_state state = host_stream_look(&stream->exchange->stream, &waiting);
	return state == HOST_STREAM_NONE || (state == HOST_STREAM_WHOLE && !waiting);
}

/* Nothing is there: for now, or because the guest has given it up. */
static ssize_t http2_read_nothing(struct http2_stream *stream, enum host_stream_state state)
{
	timeout_clear(&stream->timeout);
	if (state == HOST_STREAM_OPEN)
		return NGHTTP2_ERR_DEFERRED;
	stream->is_ours = true;
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* the stream is reset */
}

static void http2_read_end(struct http2_stream *stream, uint32_t *flags)
{
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	struct exchange *exchange = stream->stream.exchange;
	bool has_trailers = exchange->stream.trailers.field_count &&
			request_takes_trailers(&exchange->request);
	if (has_trailers && host_stream_look(&exchange->stream, NULL) == HOST_STREAM_WHOLE &&
			trailers_submit(stream))
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
}

/* nghttp2 has room for these bytes of the body in a frame, and the client in its window. */
static ssize_t http2_read(nghttp2_session *session, int32_t id, uint8_t *bytes, size_t room,
		uint32_t *flags, nghttp2_data_source *source, void *data)
{
	struct http2_stream *stream = source->ptr;
	struct connection *connection = data;
	struct stream *base = &stream->stream;
	(void)session;
	(void)id;
	if (!base->body.length && !stream_is_complete(base)) {
		enum host_stream_state state = stream_refill(base);
		if (!base->body.length && state != HOST_STREAM_WHOLE)
			return http2_read_nothing(stream, state);
	}
	size_t count = base->body.length < room ? base->body.length : room;
	if (count)
		memcpy(bytes, base->body.data, count);
	base->body.data += count;
	base->body.length -= count;
	if (!base->body.length && stream_is_complete(base))
		http2_read_end(stream, flags);
	timeout_set(&connection->server->loop, &connection->server->stream_write, &stream->timeout);
	return (ssize_t)count;
}

/* ---- beginning ---- */

static bool response_submit(struct http2_stream *stream, const struct stream_plan *plan)
{
	struct stream *base = &stream->stream;
	const struct host_response *response = &base->exchange->response;
	const nghttp2_data_provider provider = {{.ptr = stream}, http2_read};
	int64_t length = response_length(response, plan->is_head,
			plan->has_trailers ? -1 : plan->more);
	bool has_body = plan->has_body && (base->body.length || plan->more);
	char status[16], size[24];
	nghttp2_nv *fields = calloc(response->field_count + OWN_FIELDS, sizeof *fields);
	if (!fields)
		return false;
	snprintf(status, sizeof status, "%d", response->status);
	size_t count = 0;
	fields[count++] = field_make(host_text(":status"), host_text(status));
	fields[count++] = field_make(host_text("server"), host_text("Selvage/" SV_VERSION));
	fields[count++] = field_make(host_text("date"), host_text(response_date(time(NULL))));
	if (length >= 0) {
		snprintf(size, sizeof size, "%lld", (long long)length);
		fields[count++] = field_make(host_text("content-length"), host_text(size));
	}
	count += fields_add(fields + count, response, response_field_is_ours);
	nghttp2_session *session = http2_session(base->connection->http2);
	bool is_done = nghttp2_submit_response(session, stream->id, fields, count,
				       has_body ? &provider : NULL) == 0;
	free(fields);
	return is_done;
}

void http2_abort(struct stream *base)
{
	log_event(&base->connection->server->log, no_memory);
	http2_stream_reset((struct http2_stream *)base, NGHTTP2_INTERNAL_ERROR, no_memory);
}

void http2_cut(struct stream *base, const char *reason)
{
	http2_stream_reset((struct http2_stream *)base, NGHTTP2_CANCEL, reason);
}

void http2_respond(struct stream *base)
{
	struct http2_stream *stream = (struct http2_stream *)base;
	struct server *server = base->connection->server;
	const struct stream_plan plan = stream_plan(base);
	base->has_begun = true;
	if (plan.has_body)
		base->body = host_response_body(&base->exchange->response);
	base->exchange->sent = base->body.length;
	if (response_submit(stream, &plan))
		timeout_set(&server->loop, &server->stream_write, &stream->timeout);
	else
		http2_abort(base);
	connection_send_later(base->connection);
}

/* The guest has taken some of the request's body, or waits for it. */
static void http2_intake_news(struct http2_stream *stream)
{
	bool is_wanted;
	size_t taken = host_intake_account(&stream->stream.exchange->intake, &is_wanted);
	if (is_wanted && !stream->stream.has_begun && stream->head.expects_continue) {
		stream->head.expects_continue = false;
		if (!http2_continue(stream))
			http2_abort(&stream->stream);
	}
	http2_give_window(stream, taken);
	connection_send_later(stream->stream.connection);
}

void http2_news(struct stream *base)
{
	struct http2_stream *stream = (struct http2_stream *)base;
	struct connection *connection = base->connection;
	if (base->is_arriving)
		http2_intake_news(stream);
	enum host_stream_state state = host_stream_look(&base->exchange->stream, NULL);
	bool can_begin = state == HOST_STREAM_OPEN || state == HOST_STREAM_WHOLE;
	/* With a status, that is the answer. */
	if (!base->has_begun && can_begin && !base->status) {
		http2_respond(base);
	} else if (base->has_begun && !stream->is_closed &&
			nghttp2_session_resume_data(http2_session(connection->http2),
					stream->id) == 0) {
		timeout_set(&connection->server->loop, &connection->server->stream_write,
				&stream->timeout);
		connection_send_later(connection);
	}
}

void http2_answer(struct http2_stream *stream, int status, const char *reason)
{
	stream->has_request = true;
	stream->stream.connection->http2->gathered -= stream->body_bytes;
	stream->body_bytes = 0;
	if (stream_refuse(&stream->stream, status, reason))
		http2_respond(&stream->stream);
	else
		http2_abort(&stream->stream);
}

bool http2_continue(struct http2_stream *stream)
{
	const nghttp2_nv field = field_make(host_text(":status"), host_text("100"));
	nghttp2_session *session = http2_session(stream->stream.connection->http2);
	return nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, stream->id, NULL, &field, 1,
			       NULL) == 0;
}
