/*
 * unpack.c: see unpack.h. A body may be several gzip members, one behind the other (RFC 1952).
 */
#include "host/fastly/unpack.h"

#include <stdlib.h>
#include <zlib.h>

/* The largest window, and a gzip header. */
#define WINDOW_BITS (15 + 16)

struct fastly_unpack {
	z_stream stream;
	bool is_within;  /* a member, whose end has not come */
	bool is_full;    /* there was no room for all that it could give */
	bool has_ended;  /* the source */
	bool is_wrong;
	uint8_t input[16 * 1024];
};

struct fastly_unpack *unpack_new(void)
{
	struct fastly_unpack *unpack = calloc(1, sizeof *unpack);
	if (unpack && inflateInit2(&unpack->stream, WINDOW_BITS) == Z_OK)
		return unpack;
	free(unpack);
	return NULL;
}

void unpack_free(struct fastly_unpack *unpack)
{
	if (!unpack)
		return;
	inflateEnd(&unpack->stream);
	free(unpack);
}

/* Have input, if there is any. */
static enum flow_progress unpack_fill(struct fastly_guest *guest, struct fastly_body *body,
		unpack_source source)
{
	struct fastly_unpack *unpack = body->unpack;
	size_t count;
	if (unpack->stream.avail_in || unpack->is_full || unpack->has_ended)
		return FLOW_READY;
	enum flow_progress progress =
			source(guest, body, unpack->input, sizeof unpack->input, &count);
	if (progress == FLOW_READY) {
		unpack->stream.next_in = unpack->input;
		unpack->stream.avail_in = (uInt)count;
	}
	unpack->has_ended = progress == FLOW_END;
	return progress == FLOW_END ? FLOW_READY : progress;
}

/* Unpack some; false: it is wrong. */
static bool unpack_step(struct fastly_unpack *unpack, uint8_t *to, size_t room, size_t *count)
{
	z_stream *stream = &unpack->stream;
	unsigned most = room < UINT32_MAX ? (unsigned)room : UINT32_MAX;
	stream->next_out = to;
	stream->avail_out = most;
	unpack->is_within |= stream->avail_in > 0;
	int result = inflate(stream, Z_NO_FLUSH);
	*count = most - stream->avail_out;
	unpack->is_full = !stream->avail_out && result == Z_OK;
	if (result != Z_STREAM_END)
		return result == Z_OK || result == Z_BUF_ERROR;
	unpack->is_within = false;
	return inflateReset(stream) == Z_OK;
}

enum flow_progress unpack_take(struct fastly_guest *guest, struct fastly_body *body,
		unpack_source source, uint8_t *to, size_t room, size_t *count)
{
	struct fastly_unpack *unpack = body->unpack;
	*count = 0;
	while (!unpack->is_wrong && room && !*count) {
		enum flow_progress progress = unpack_fill(guest, body, source);
		if (progress != FLOW_READY)
			return progress;
		bool is_over = unpack->has_ended && !unpack->stream.avail_in && !unpack->is_full;
		if (is_over && !unpack->is_within)
			return FLOW_END;
		unpack->is_wrong = is_over || !unpack_step(unpack, to, room, count);
	}
	/* What came before it is given; that something is wrong is told when there is no more. */
	return unpack->is_wrong && !*count ? FLOW_BROKEN : FLOW_READY;
}

enum flow_progress unpack_readable(const struct fastly_unpack *unpack)
{
	bool is_ready = unpack->stream.avail_in || unpack->is_full || unpack->has_ended ||
			unpack->is_wrong;
	return is_ready ? FLOW_READY : FLOW_LATER;
}

bool unpack_is_wrong(const struct fastly_unpack *unpack)
{
	return unpack->is_wrong;
}
