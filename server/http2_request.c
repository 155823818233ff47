/*
 * http2_request.c: what comes in over HTTP/2 becomes requests. nghttp2 has seen to the grammar
 * (RFC 9113, section 8); what is true of all requests is request.c's; and here are the limits on
 * what makes work and says nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "server/http2.h"

/* What SETTINGS_MAX_HEADER_LIST_SIZE counts for a field besides its bytes (RFC 9113, 6.5.2). */
static const uint64_t field_overhead = 32;

/* Bytes of bodies that are gathered at once, at least: then clients wait with all but one. */
static const uint64_t least_gathered = 1 << 20;

static struct http2_stream *stream_of(nghttp2_session *session, int32_t id)
{
	return nghttp2_session_get_stream_user_data(session, id);
}

/* ---- floods ---- */

/* A client has done what it may do `limit` times a second. */
static void http2_count(struct connection *connection, uint64_t *count, uint64_t limit,
		const char *reason)
{
	const uint64_t second = UINT64_C(1000000000);
	struct http2 *http2 = connection->http2;
	uint64_t now = connection->server->loop.now;
	if (now - http2->second >= second) {
		http2->second = now;
		http2->resets = http2->pings = 0;
	}
	if (++*count > limit)
		http2_fail(connection, NGHTTP2_ENHANCE_YOUR_CALM, reason);
}

static void count_reset(struct connection *connection)
{
	http2_count(connection, &connection->http2->resets, connection->server->limits.resets,
			"more requests are broken off in a second than --reset-limit");
}

static void count_ping(struct connection *connection)
{
	http2_count(connection, &connection->http2->pings, connection->server->limits.pings,
			"more frames in a second that say nothing than --ping-limit");
}

/* True for frames that can be sent for ever at no cost but ours. */
static bool frame_is_idle(const nghttp2_frame_hd *frame)
{
	switch (frame->type) {
	case NGHTTP2_DATA:
		return !frame->length && !(frame->flags & NGHTTP2_FLAG_END_STREAM);
	case NGHTTP2_CONTINUATION:
		return !frame->length && !(frame->flags & NGHTTP2_FLAG_END_HEADERS);
	case NGHTTP2_PING:
	case NGHTTP2_SETTINGS:
		return !(frame->flags & NGHTTP2_FLAG_ACK);
	case NGHTTP2_HEADERS:
	case NGHTTP2_RST_STREAM:
	case NGHTTP2_GOAWAY:
	case NGHTTP2_WINDOW_UPDATE:
		return false;
	default:
		return true;
	}
}

/* A block of fields has to be read to its end, as the next one builds on it. */
static void count_block(struct connection *connection, const nghttp2_frame_hd *frame)
{
	struct http2 *http2 = connection->http2;
	if (frame->type == NGHTTP2_HEADERS)
		http2->block_bytes = http2->field_bytes = 0;
	http2->block_bytes += frame->length;
	http2->in_head = !(frame->flags & NGHTTP2_FLAG_END_HEADERS);
	/* What is a little too long gets an answer. */
	if (http2->block_bytes > 4 * connection->server->limits.head_bytes)
		http2_fail(connection, NGHTTP2_ENHANCE_YOUR_CALM,
				"a block of header fields of several times --head-limit");
}

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *frame, void *data)
{
	(void)session;
	if (frame_is_idle(frame))
		count_ping(data);
	if (frame->type == NGHTTP2_HEADERS || frame->type == NGHTTP2_CONTINUATION)
		count_block(data, frame);
	return 0;
}

/* ---- heads ---- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
	struct connection *connection = data;
	struct http2 *http2 = connection->http2;
	int32_t id = frame->hd.stream_id;
	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	/* Streams that were broken off count as long as a guest is at them. */
	bool has_room = !http2->has_failed &&
			http2->stream_count < connection->server->limits.streams;
	struct http2_stream *stream = has_room ? http2_stream_new(connection, id) : NULL;
	if (!stream)
		return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id,
				       NGHTTP2_REFUSED_STREAM) == 0
				? 0
				: NGHTTP2_ERR_CALLBACK_FAILURE;
	if (!stream_take_exchange(&stream->stream)) {
		http2_stream_reset(stream, NGHTTP2_REFUSED_STREAM, "no memory for the request");
		stream->has_head = stream->has_request = true;
	} else {
		struct exchange *exchange = stream->stream.exchange;
		stream->head.request = &exchange->request;
		exchange->request = (struct host_request){
				.major_version = 2, .headers = exchange->headers};
	}
	return nghttp2_session_set_stream_user_data(session, id, stream) == 0
			? 0
			: NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* Where `view` is when the text has moved from `before`. */
static void view_move(struct sv_bytes *view, uintptr_t before, const uint8_t *after)
{
	if (view->data)
		view->data = after + ((uintptr_t)view->data - before);
}

/* Room in the text of a head, to which the request has views. */
static bool text_reserve(struct exchange *exchange, size_t more)
{
	struct buffer *text = &exchange->text;
	struct host_request *request = &exchange->request;
	uintptr_t before = (uintptr_t)text->data;
	if (text->capacity - text->length >= more)
		return true;
	if (!buffer_reserve(text, more, NULL))
		return false;
	view_move(&request->method, before, text->data);
	view_move(&request->target, before, text->data);
	for (size_t i = 0; i < request->header_count; i++) {
		view_move(&exchange->headers[i].name, before, text->data);
		view_move(&exchange->headers[i].value, before, text->data);
	}
	return true;
}

/* A copy in that text, in which there is room. */
static struct sv_bytes text_add(struct exchange *exchange, struct sv_bytes bytes)
{
	struct buffer *text = &exchange->text;
	const struct sv_bytes copy = {text->data + text->length, bytes.length};
	check(text->capacity - text->length >= bytes.length);
	if (bytes.length)
		memcpy(text->data + text->length, bytes.data, bytes.length);
	text->length += bytes.length;
	return copy;
}

/* A field like any other; :authority is the Host field, which may be there too but no other. */
static bool head_add_field(struct http2_stream *stream, struct sv_bytes name, struct sv_bytes value)
{
	struct exchange *exchange = stream->stream.exchange;
	struct host_request *request = &exchange->request;
	uint64_t limit = stream->head.limits->header_fields;
	struct sv_bytes host;
	if (request_bytes_are(name, "host") && request_find(request, "host", &host)) {
		if (host_name_equal(host, value))
			return true;
		return request_refuse(&stream->head, 400,
				"a Host field that is not the :authority");
	}
	if (request->header_count >= limit)
		return request_refuse(&stream->head, 431, "more than %llu header fields",
				(unsigned long long)limit);
	const struct sv_bytes own_name = text_add(exchange, name);
	exchange->headers[request->header_count++] =
			(struct host_header){own_name, text_add(exchange, value)};
	return true;
}

static bool head_add_path(struct http2_stream *stream, struct sv_bytes path)
{
	uint64_t limit = stream->head.limits->target_bytes;
	if (path.length > limit)
		return request_refuse(&stream->head, 414, "a target of more than %llu bytes",
				(unsigned long long)limit);
	stream->stream.exchange->request.target = text_add(stream->stream.exchange, path);
	return true;
}

static bool head_add(struct http2_stream *stream, struct sv_bytes name, struct sv_bytes value)
{
	struct exchange *exchange = stream->stream.exchange;
	uint64_t limit = stream->head.limits->head_bytes;
	bool is_path = request_bytes_are(name, ":path");
	stream->head_size += name.length + value.length + field_overhead;
	if (stream->head_size > limit && !is_path)
		return request_refuse(&stream->head, 431, "a head of more than %llu bytes",
				(unsigned long long)limit);
	if (!text_reserve(exchange, name.length + value.length + sizeof "host"))
		return request_refuse(&stream->head, 503, "no memory for the request");
	if (is_path)
		return head_add_path(stream, value);
	if (request_bytes_are(name, ":authority"))
		return head_add_field(stream, host_text("host"), value);
	if (request_bytes_are(name, ":scheme"))
		return request_bytes_are(value, "https") || request_bytes_are(value, "http") ||
				request_refuse(&stream->head, 400, "a scheme other than http");
	if (name.length && name.data[0] != ':')
		return head_add_field(stream, name, value);
	exchange->request.method = text_add(exchange, value);
	return true;
}

/* A byte of a block can stand for a field of some thousand: there is an end to unpacking. */
static bool count_field(struct connection *connection, uint64_t bytes)
{
	struct http2 *http2 = connection->http2;
	http2->field_bytes += bytes;
	if (http2->field_bytes <= 8 * connection->server->limits.head_bytes)
		return true;
	http2_fail(connection, NGHTTP2_ENHANCE_YOUR_CALM,
			"header fields of many times --head-limit, unpacked");
	return false;
}

/* Of a request whose body is gathered or given to its guest. */
static void trailer_add(struct http2_stream *stream, struct sv_bytes name, struct sv_bytes value)
{
	struct stream *base = &stream->stream;
	bool is_wanted = base->is_arriving || !stream->has_request;
	if (!is_wanted || request_add_trailer(&stream->head, &base->exchange->intake.trailers, name,
					  value))
		return;
	if (base->is_arriving)
		stream_break_off(base, stream->head.status, stream->head.reason);
	else
		http2_answer(stream, stream->head.status, stream->head.reason);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		size_t name_length, const uint8_t *value, size_t value_length, uint8_t flags,
		void *data)
{
	struct http2_stream *stream = stream_of(session, frame->hd.stream_id);
	(void)flags;
	if (!count_field(data, name_length + value_length + field_overhead))
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	http2_print_field(&((struct connection *)data)->http2->print,
			(struct sv_bytes){name, name_length});
	/* What is refused is read to its end. */
	const struct sv_bytes bytes = {name, name_length}, of = {value, value_length};
	if (stream && stream->has_head)
		trailer_add(stream, bytes, of);
	else if (stream && !stream->head.status)
		(void)head_add(stream, bytes, of);
	return 0;
}

/* ---- whole heads ---- */

/* Clients may send each cookie in a field of its own; guests know one (RFC 9113, 8.2.3). */
static bool cookies_join(struct http2_stream *stream)
{
	struct exchange *exchange = stream->stream.exchange;
	struct host_request *request = &exchange->request;
	struct sv_bytes first;
	size_t count = request_find(request, "cookie", &first), length = 0, kept = 0;
	if (count < 2)
		return true;
	for (size_t i = 0; i < request->header_count; i++)
		length += request->headers[i].value.length + 2;
	if (!text_reserve(exchange, length))
		return request_refuse(&stream->head, 503, "no memory for the request");
	struct sv_bytes joined = {exchange->text.data + exchange->text.length, 0};
	struct host_header *cookie = NULL;
	for (size_t i = 0; i < request->header_count; i++) {
		struct host_header field = request->headers[i];
		bool is_cookie = request_bytes_are(field.name, "cookie");
		if (!is_cookie || !cookie)
			exchange->headers[kept++] = field;
		if (!is_cookie)
			continue;
		if (cookie)
			joined.length += text_add(exchange, host_text("; ")).length;
		else
			cookie = &exchange->headers[kept - 1];
		joined.length += text_add(exchange, field.value).length;
	}
	cookie->value = joined;
	request->header_count = kept;
	return true;
}

static bool head_check(struct http2_stream *stream, bool is_last)
{
	struct request_head *head = &stream->head;
	if (head->status)
		return false;
	return request_check_method(head) && cookies_join(stream) &&
			request_check(head, !is_last) && stream_is_covered(&stream->stream, head) &&
			(is_last || stream_is_admitted(&stream->stream, head));
}

static void http2_submit(struct http2_stream *stream)
{
	stream->has_request = true;
	stream->stream.connection->http2->gathered -= stream->body_bytes;
	timeout_clear(&stream->timeout);
	struct exchange *exchange = stream->stream.exchange;
	http2_print_text(&stream->stream.connection->http2->print, exchange->http2_print,
			sizeof exchange->http2_print);
	exchange->request.http2_print = exchange->http2_print;
	stream_submit(&stream->stream, &stream->head);
}

/* The head is whole. */
static void head_end(struct http2_stream *stream, bool is_last)
{
	struct server *server = stream->stream.connection->server;
	stream->has_head = true;
	/* The time for the next head begins anew. */
	timeout_clear(&stream->stream.connection->timeout);
	stream->stream.connection->is_resting = false;
	if (!head_check(stream, is_last)) {
		http2_answer(stream, stream->head.status, stream->head.reason);
		return;
	}
	if (is_last) {
		http2_submit(stream);
		return;
	}
	if (stream_takes_intake(&stream->stream, &stream->head)) {
		http2_submit(stream);
		return;
	}
	timeout_set(&server->loop, &server->stream_body, &stream->timeout);
	if (stream->head.expects_continue && !http2_continue(stream))
		http2_abort(&stream->stream);
}

/* ---- bodies ---- */

/* It fails only without memory. */
void http2_give_window(struct http2_stream *stream, size_t length)
{
	nghttp2_session *session = http2_session(stream->stream.connection->http2);
	if (length && nghttp2_session_consume_stream(session, stream->id, length) != 0)
		http2_fail(stream->stream.connection, NGHTTP2_INTERNAL_ERROR, "no memory");
}

void http2_give_windows(struct connection *connection)
{
	struct http2 *http2 = connection->http2;
	uint64_t most = connection->server->limits.body_bytes;
	if (most < least_gathered)
		most = least_gathered;
	/* The oldest goes on whatever the others have, so that one always comes to its end. */
	struct http2_stream *oldest = NULL;
	for (struct http2_stream *s = http2->streams; s; s = s->next) {
		if (s->has_head && !s->has_request)
			oldest = s;
	}
	for (struct http2_stream *s = oldest; s; s = s->previous) {
		if (s != oldest && http2->gathered > most)
			break;
		http2_give_window(s, s->withheld);
		s->withheld = 0;
	}
}

/* Part of the body of a request that is gathered. */
static void body_add(struct http2_stream *stream, const uint8_t *bytes, size_t length)
{
	struct http2 *http2 = stream->stream.connection->http2;
	uint64_t most = stream->head.limits->body_bytes;
	stream->body_bytes += length;
	http2->gathered += length;
	stream->withheld += length;
	if (stream->body_bytes > most) {
		request_refuse(&stream->head, 413, "a body of more than %llu bytes",
				(unsigned long long)most);
		http2_answer(stream, 413, stream->head.reason);
	} else if (!buffer_append(&stream->stream.exchange->body, bytes, length, NULL)) {
		http2_answer(stream, 503, "no memory for the body");
	}
}

/* Part of one that its guest reads: it has windows for what there is room for. */
static void body_give(struct http2_stream *stream, struct sv_bytes bytes)
{
	struct stream *base = &stream->stream;
	stream->head.expects_continue = false;
	stream->body_bytes += bytes.length;
	if (stream->body_bytes > stream->head.limits->body_bytes) {
		request_refuse(&stream->head, 413, "a body of more than %llu bytes",
				(unsigned long long)stream->head.limits->body_bytes);
		stream_break_off(base, 413, stream->head.reason);
	} else if (host_intake_put(&base->exchange->intake, bytes) < bytes.length) {
		http2_stream_reset(stream, NGHTTP2_FLOW_CONTROL_ERROR, "more than its window");
	}
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
		size_t length, void *data)
{
	struct connection *connection = data;
	struct http2_stream *stream = stream_of(session, id);
	(void)flags;
	if (stream && stream->stream.is_arriving)
		body_give(stream, (struct sv_bytes){bytes, length});
	else if (stream && !stream->has_request)
		body_add(stream, bytes, length);
	if (nghttp2_session_consume_connection(session, length) != 0)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	http2_give_windows(connection);
	return 0;
}

/* ---- ends ---- */

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
	struct connection *connection = data;
	struct http2 *http2 = connection->http2;
	bool is_head = frame->hd.type == NGHTTP2_HEADERS;
	bool is_last = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
	http2_print_frame(&http2->print, frame);
	if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) &&
			http2->is_ending)
		/* The client has had the notice: what it has sent behind that is the last. */
		(void)nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE,
				nghttp2_session_get_last_proc_stream_id(session), NGHTTP2_NO_ERROR,
				NULL, 0);
	if (http2->has_failed || (!is_head && frame->hd.type != NGHTTP2_DATA))
		return 0;
	struct http2_stream *stream = stream_of(session, frame->hd.stream_id);
	if (stream && stream->stream.is_arriving && is_last)
		stream_arrived(&stream->stream);
	if (!stream || stream->has_request)
		return 0;
	if (is_head && !stream->has_head)
		head_end(stream, is_last);
	else if (is_last)
		http2_submit(stream);
	return 0;
}

static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *data)
{
	bool is_last = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
	int32_t id = frame->hd.stream_id;
	(void)data;
	if (!is_last || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
		return 0;
	/* Nobody wants the rest of the request (RFC 9113, section 8.1). */
	struct http2_stream *stream = stream_of(session, id);
	if (!stream || nghttp2_session_get_stream_remote_close(session, id) != 0)
		return 0;
	stream->is_ours = true;
	return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR) == 0
			? 0
			: NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *data)
{
	struct connection *connection = data;
	struct http2_stream *stream = stream_of(session, id);
	bool is_ours = stream && stream->is_ours;
	if (code != NGHTTP2_NO_ERROR && !is_ours)
		count_reset(connection);
	if (stream)
		http2_stream_close(stream, "the client has broken off the request");
	http2_give_windows(connection);
	return 0;
}

/* A frame that makes nghttp2 break off a stream or refuse a new one. */
static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int code,
		void *data)
{
	(void)frame;
	(void)code;
	(void)session;
	count_reset(data);
	return 0;
}

void http2_request_callbacks(nghttp2_session_callbacks *callbacks)
{
	nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
}
