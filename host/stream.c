/*
 * stream.c: see stream.h. Whoever is to be told is told behind the lock, so that it is the last
 * one that a thread takes.
 */
#include "host/stream.h"

void host_stream_init(struct host_stream *stream, size_t limit, const struct host_response *most)
{
	*stream = (struct host_stream){.limit = limit, .left = -1};
	pthread_mutex_init(&stream->lock, NULL);
	stream->trailers.text.limit = most->text.limit;
	stream->trailers.field_limit = most->field_limit;
	host_response_reset(&stream->trailers);
}

void host_stream_finish(struct host_stream *stream)
{
	host_pack_reset(&stream->pack);
	host_response_finish(&stream->trailers);
	buffer_finish(&stream->bytes);
	pthread_mutex_destroy(&stream->lock);
}

void host_stream_reset(struct host_stream *stream)
{
	host_pack_reset(&stream->pack);
	/* Most answers do not use it. */
	buffer_finish(&stream->bytes);
	host_response_reset(&stream->trailers);
	stream->state = HOST_STREAM_NONE;
	stream->waker = NULL;
	stream->stir = NULL;
	stream->total = 0;
	stream->left = -1;
	stream->is_new = stream->is_wanted = stream->is_awaited = stream->wants_room = false;
	stream->is_dropping = stream->has_hung_up = false;
	stream->loss = NULL;
}

void host_stream_join(struct host_stream *stream, struct host_waker *waker,
		void (*stir)(struct host_stream *stream))
{
	pthread_mutex_lock(&stream->lock);
	stream->waker = waker;
	stream->stir = stir;
	pthread_mutex_unlock(&stream->lock);
}

void host_stream_leave(struct host_stream *stream)
{
	pthread_mutex_lock(&stream->lock);
	stream->waker = NULL;
	stream->stir = NULL;
	stream->is_awaited = false;
	if (stream->state == HOST_STREAM_OPEN)
		stream->state = HOST_STREAM_BROKEN;
	pthread_mutex_unlock(&stream->lock);
}

/* Unlock, then tell the guest and the server what they are to know. */
static void stream_tell(struct host_stream *stream, bool wakes, bool stirs)
{
	struct host_waker *waker = wakes ? stream->waker : NULL;
	void (*stir)(struct host_stream *stream) = stirs ? stream->stir : NULL;
	if (wakes)
		stream->is_awaited = false;
	if (stirs)
		stream->is_new = stream->is_wanted = false;
	pthread_mutex_unlock(&stream->lock);
	if (waker)
		waker->wake(waker);
	if (stir)
		stir(stream);
}

/* ---- for guests ---- */

void host_stream_begin(struct host_stream *stream, int64_t length)
{
	host_pack_begin(&stream->pack, length);
	pthread_mutex_lock(&stream->lock);
	check(stream->state == HOST_STREAM_NONE);
	stream->state = HOST_STREAM_OPEN;
	stream->left = length;
	stream->is_new = true;
	pthread_mutex_unlock(&stream->lock);
}

/* Under the lock. */
static enum host_stream_progress writable(const struct host_stream *stream)
{
	if (stream->loss || stream->state != HOST_STREAM_OPEN)
		return HOST_STREAM_LOST;
	bool has_room = stream->bytes.length < stream->limit;
	return has_room || stream->is_dropping || !stream->stir ? HOST_STREAM_READY
								: HOST_STREAM_LATER;
}

/* The same; the head of a stream that is full has to be on its way. */
static bool must_stir(struct host_stream *stream, enum host_stream_progress progress)
{
	stream->wants_room = progress == HOST_STREAM_LATER;
	stream->is_awaited |= stream->wants_room;
	return (stream->is_wanted && stream->bytes.length) ||
			(stream->is_new && stream->wants_room);
}

/* The same: how many of the bytes may be written now. */
static enum host_stream_progress stream_admit(struct host_stream *stream, struct sv_bytes bytes,
		size_t *count)
{
	if (stream->left >= 0 && (uint64_t)stream->left < bytes.length)
		return HOST_STREAM_TOO_LONG;
	*count = bytes.length;
	if (!stream->is_dropping && stream->stir) {
		size_t room = stream->limit - stream->bytes.length;
		*count = bytes.length < room ? bytes.length : room;
	}
	return HOST_STREAM_READY;
}

/* The same: what goes to the client. */
static bool stream_put(struct host_stream *stream, struct sv_bytes bytes)
{
	bool is_kept = !stream->is_dropping && stream->stir;
	if (is_kept && !buffer_append(&stream->bytes, bytes.data, bytes.length, NULL))
		return false;
	stream->total += stream->is_dropping ? 0 : bytes.length;
	return true;
}

/* The same: what has been packed, which may be a little more than there is room for. */
static bool stream_put_packed(struct host_stream *stream)
{
	bool done = stream_put(stream, buffer_view(&stream->pack.ready));
	stream->pack.ready.length = 0;
	return done;
}

/* The same; packing is done without it, as it takes a while. */
static bool stream_write(struct host_stream *stream, struct sv_bytes bytes)
{
	if (!stream->pack.coder)
		return stream_put(stream, bytes);
	pthread_mutex_unlock(&stream->lock);
	bool is_packed = host_pack_add(&stream->pack, bytes);
	pthread_mutex_lock(&stream->lock);
	if (is_packed && stream_put_packed(stream))
		return true;
	stream->state = HOST_STREAM_BROKEN; /* what follows would make no sense */
	return false;
}

void host_stream_flush(struct host_stream *stream)
{
	bool is_packed = stream->pack.coder && host_pack_flush(&stream->pack);
	pthread_mutex_lock(&stream->lock);
	if (stream->pack.coder && !(is_packed && stream_put_packed(stream)))
		stream->state = HOST_STREAM_BROKEN;
	stream_tell(stream, false,
			stream->is_new || (stream->is_wanted && stream->bytes.length));
}

enum host_stream_progress host_stream_write(struct host_stream *stream, struct sv_bytes bytes,
		size_t *count)
{
	*count = 0;
	pthread_mutex_lock(&stream->lock);
	enum host_stream_progress progress = writable(stream);
	if (progress == HOST_STREAM_READY && bytes.length)
		progress = stream_admit(stream, bytes, count);
	bytes.length = *count;
	if (bytes.length && !stream_write(stream, bytes)) {
		progress = HOST_STREAM_LOST;
		*count = 0;
	}
	if (stream->left >= 0)
		stream->left -= (int64_t)*count;
	stream_tell(stream, false, must_stir(stream, progress));
	return progress;
}

enum host_stream_progress host_stream_writable(struct host_stream *stream)
{
	pthread_mutex_lock(&stream->lock);
	enum host_stream_progress progress = writable(stream);
	stream_tell(stream, false, must_stir(stream, progress));
	return progress;
}

enum host_stream_progress host_stream_end(struct host_stream *stream)
{
	bool is_packed = stream->pack.coder != NULL;
	bool is_made = !is_packed || host_pack_end(&stream->pack);
	pthread_mutex_lock(&stream->lock);
	bool can_end = !stream->loss && stream->state == HOST_STREAM_OPEN;
	bool is_whole = can_end && stream->left <= 0 && is_made &&
			(!is_packed || stream_put_packed(stream));
	if (can_end)
		stream->state = is_whole ? HOST_STREAM_WHOLE : HOST_STREAM_BROKEN;
	/* Whoever has only begun it is not told of the end sooner than of the beginning. */
	stream_tell(stream, false, stream->is_wanted);
	return is_whole ? HOST_STREAM_READY : HOST_STREAM_LOST;
}

void host_stream_break(struct host_stream *stream)
{
	pthread_mutex_lock(&stream->lock);
	bool can_break = stream->state == HOST_STREAM_OPEN;
	if (can_break)
		stream->state = HOST_STREAM_BROKEN;
	stream_tell(stream, false, can_break);
}

const char *host_stream_left(struct host_stream *stream)
{
	static const char hung_up[] = "the client has closed its connection";
	pthread_mutex_lock(&stream->lock);
	const char *reason = stream->loss;
	if (!reason && stream->has_hung_up && !stream->wants_room)
		reason = hung_up;
	bool is_over = stream->state == HOST_STREAM_WHOLE || stream->state == HOST_STREAM_BROKEN;
	if (is_over || stream->is_dropping)
		reason = NULL;
	pthread_mutex_unlock(&stream->lock);
	return reason;
}

const char *host_stream_loss(struct host_stream *stream)
{
	pthread_mutex_lock(&stream->lock);
	const char *loss = stream->loss;
	pthread_mutex_unlock(&stream->lock);
	return loss;
}

/* ---- for the server ---- */

enum host_stream_state host_stream_take(struct host_stream *stream, struct buffer *bytes)
{
	check(!bytes->length);
	pthread_mutex_lock(&stream->lock);
	struct buffer empty = *bytes;
	*bytes = stream->bytes;
	stream->bytes = empty;
	enum host_stream_state state = stream->state;
	stream->is_new = false;
	stream->is_wanted = !bytes->length && state == HOST_STREAM_OPEN;
	stream_tell(stream, bytes->length && stream->is_awaited, false);
	return state;
}

enum host_stream_state host_stream_look(struct host_stream *stream, size_t *waiting)
{
	pthread_mutex_lock(&stream->lock);
	enum host_stream_state state = stream->state;
	if (waiting)
		*waiting = stream->bytes.length;
	pthread_mutex_unlock(&stream->lock);
	return state;
}

void host_stream_drop(struct host_stream *stream)
{
	pthread_mutex_lock(&stream->lock);
	stream->is_dropping = true;
	stream->bytes.length = stream->total = 0;
	stream_tell(stream, stream->is_awaited, false);
}

void host_stream_lose(struct host_stream *stream, const char *reason)
{
	pthread_mutex_lock(&stream->lock);
	/* One that gets no body has had all there is. */
	if (!stream->loss && !stream->is_dropping)
		stream->loss = reason;
	stream_tell(stream, true, false);
}

void host_stream_hang_up(struct host_stream *stream)
{
	pthread_mutex_lock(&stream->lock);
	stream->has_hung_up = true;
	/* Who waits for room learns of it from the connection. */
	stream_tell(stream, !stream->wants_room, false);
}
