/*
 * host_stream.c: what a guest and the server share of an answer that is streamed.
 */
#include "host/stream.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/test.h"

/* A stream with somebody at each end. */
struct ends {
	struct host_stream stream;
	struct host_waker waker; /* of the guest */
	sem_t woken, stirred;
	atomic_int wakes, stirs;
	struct buffer taken;
};

static struct ends *ends_of(struct host_stream *stream)
{
	return (struct ends *)((char *)stream - offsetof(struct ends, stream));
}

static void guest_wake(struct host_waker *waker)
{
	struct ends *ends = (struct ends *)((char *)waker - offsetof(struct ends, waker));
	atomic_fetch_add(&ends->wakes, 1);
	sem_post(&ends->woken);
}

static void server_stir(struct host_stream *stream)
{
	atomic_fetch_add(&ends_of(stream)->stirs, 1);
	sem_post(&ends_of(stream)->stirred);
}

static struct host_stream *ends_init(struct ends *ends, size_t limit)
{
	const struct host_response most = {.text.limit = 100, .field_limit = 2};
	*ends = (struct ends){.waker.wake = guest_wake};
	sem_init(&ends->woken, 0, 0);
	sem_init(&ends->stirred, 0, 0);
	host_stream_init(&ends->stream, limit, &most);
	host_stream_join(&ends->stream, &ends->waker, server_stir);
	return &ends->stream;
}

static void ends_finish(struct ends *ends)
{
	host_stream_finish(&ends->stream);
	buffer_finish(&ends->taken);
	sem_destroy(&ends->woken);
	sem_destroy(&ends->stirred);
}

static enum host_stream_progress put(struct host_stream *stream, const char *text, size_t *count)
{
	return host_stream_write(stream, host_text(text), count);
}

/* What comes next; empty: nothing. */
static struct sv_bytes take(struct ends *ends, enum host_stream_state *state)
{
	ends->taken.length = 0;
	*state = host_stream_take(&ends->stream, &ends->taken);
	return buffer_view(&ends->taken);
}

#define CHECK_TAKES(ends, text, expected) \
	do { \
		enum host_stream_state state_; \
		struct sv_bytes bytes_ = take(ends, &state_); \
		CHECK_EQ(bytes_.length, strlen(text)); \
		CHECK(!bytes_.length || !memcmp(bytes_.data, text, bytes_.length)); \
		CHECK_EQ(state_, expected); \
	} while (0)

TEST(what_is_written_is_taken_in_order_within_the_limit)
{
	struct ends ends;
	size_t count;
	struct host_stream *stream = ends_init(&ends, 8);
	CHECK_EQ(put(stream, "early", &count), HOST_STREAM_LOST);
	host_stream_begin(stream, -1);
	CHECK_EQ(put(stream, "abcdef", &count), HOST_STREAM_READY);
	CHECK_EQ(ends.stirs, 0);
	host_stream_flush(stream);
	host_stream_flush(stream);
	CHECK_EQ(ends.stirs, 1);
	CHECK_EQ(put(stream, "ghij", &count), HOST_STREAM_READY);
	CHECK_EQ(count, 2);
	CHECK_EQ(put(stream, "ij", &count), HOST_STREAM_LATER);
	CHECK_EQ(count, 0);
	CHECK_EQ(host_stream_writable(stream), HOST_STREAM_LATER);
	CHECK_EQ(ends.wakes, 0);
	CHECK_TAKES(&ends, "abcdefgh", HOST_STREAM_OPEN);
	CHECK_EQ(ends.wakes, 1);
	/* It has something to send, and asks again: nobody tells it. */
	CHECK_EQ(put(stream, "ij", &count), HOST_STREAM_READY);
	CHECK_EQ(ends.stirs, 1);
	CHECK_TAKES(&ends, "ij", HOST_STREAM_OPEN);
	CHECK_TAKES(&ends, "", HOST_STREAM_OPEN);
	CHECK_EQ(put(stream, "k", &count), HOST_STREAM_READY);
	CHECK_EQ(put(stream, "l", &count), HOST_STREAM_READY);
	CHECK_EQ(ends.stirs, 2);
	CHECK_EQ(host_stream_end(stream), HOST_STREAM_READY);
	CHECK_EQ(put(stream, "m", &count), HOST_STREAM_LOST);
	CHECK_TAKES(&ends, "kl", HOST_STREAM_WHOLE);
	CHECK_TAKES(&ends, "", HOST_STREAM_WHOLE);
	CHECK_EQ(stream->total, 12);
	CHECK_EQ(ends.wakes, 1);
	ends_finish(&ends);
}

TEST(a_stream_that_is_full_makes_itself_known)
{
	struct ends ends;
	size_t count;
	struct host_stream *stream = ends_init(&ends, 4);
	host_stream_begin(stream, -1);
	CHECK_EQ(put(stream, "abcd", &count), HOST_STREAM_READY);
	CHECK_EQ(ends.stirs, 0);
	CHECK_EQ(put(stream, "e", &count), HOST_STREAM_LATER);
	CHECK_EQ(ends.stirs, 1);
	ends_finish(&ends);
}

TEST(a_length_that_was_announced_is_kept)
{
	struct ends ends;
	size_t count;
	struct host_stream *stream = ends_init(&ends, 100);
	host_stream_begin(stream, 5);
	CHECK_EQ(put(stream, "abc", &count), HOST_STREAM_READY);
	CHECK_EQ(put(stream, "def", &count), HOST_STREAM_TOO_LONG);
	CHECK_EQ(count, 0);
	CHECK_EQ(put(stream, "de", &count), HOST_STREAM_READY);
	CHECK_EQ(host_stream_end(stream), HOST_STREAM_READY);
	ends_finish(&ends);
	stream = ends_init(&ends, 100);
	host_stream_begin(stream, 5);
	CHECK_EQ(put(stream, "abcd", &count), HOST_STREAM_READY);
	CHECK_EQ(host_stream_end(stream), HOST_STREAM_LOST);
	CHECK_TAKES(&ends, "abcd", HOST_STREAM_BROKEN);
	ends_finish(&ends);
}

TEST(a_client_that_is_lost_is_known_to_the_guest)
{
	struct ends ends;
	size_t count;
	struct host_stream *stream = ends_init(&ends, 4);
	host_stream_begin(stream, -1);
	CHECK(!host_stream_left(stream));
	CHECK_EQ(put(stream, "abcd", &count), HOST_STREAM_READY);
	host_stream_lose(stream, "first");
	host_stream_lose(stream, "second");
	CHECK(ends.wakes > 0);
	CHECK_STR(host_stream_left(stream), "first");
	CHECK_EQ(put(stream, "e", &count), HOST_STREAM_LOST);
	CHECK_EQ(host_stream_end(stream), HOST_STREAM_LOST);
	host_stream_reset(stream);
	CHECK(!host_stream_left(stream));
	ends_finish(&ends);
}

TEST(who_has_all_may_leave)
{
	struct ends ends;
	struct host_stream *stream = ends_init(&ends, 4);
	host_stream_begin(stream, -1);
	CHECK_EQ(host_stream_end(stream), HOST_STREAM_READY);
	host_stream_lose(stream, "gone");
	CHECK(!host_stream_left(stream));
	ends_finish(&ends);
}

TEST(who_hangs_up_may_still_read)
{
	struct ends ends;
	size_t count;
	struct host_stream *stream = ends_init(&ends, 4);
	host_stream_begin(stream, -1);
	CHECK_EQ(put(stream, "abcd", &count), HOST_STREAM_READY);
	CHECK_EQ(put(stream, "e", &count), HOST_STREAM_LATER);
	host_stream_hang_up(stream);
	CHECK_EQ(ends.wakes, 0);
	CHECK(!host_stream_left(stream));
	CHECK_TAKES(&ends, "abcd", HOST_STREAM_OPEN);
	CHECK_EQ(ends.wakes, 1);
	/* Woken, it has not been here yet, and does not wait for anything else. */
	CHECK(!host_stream_left(stream));
	CHECK_EQ(put(stream, "e", &count), HOST_STREAM_READY);
	CHECK_HAS(host_stream_left(stream), "closed its connection");
	ends_finish(&ends);
}

TEST(a_guest_that_leaves_breaks_what_it_has_not_ended)
{
	struct ends ends;
	struct host_stream *stream = ends_init(&ends, 4);
	host_stream_begin(stream, -1);
	host_stream_leave(stream);
	CHECK_TAKES(&ends, "", HOST_STREAM_BROKEN);
	host_stream_lose(stream, "gone");
	CHECK_EQ(ends.wakes, 0);
	CHECK_EQ(ends.stirs, 0);
	ends_finish(&ends);
}

TEST(what_nobody_takes_is_dropped)
{
	struct ends ends;
	size_t count;
	struct host_stream *stream = ends_init(&ends, 4);
	host_stream_begin(stream, -1);
	CHECK_EQ(put(stream, "abcd", &count), HOST_STREAM_READY);
	CHECK_EQ(put(stream, "efgh", &count), HOST_STREAM_LATER);
	host_stream_drop(stream);
	CHECK_EQ(ends.wakes, 1);
	CHECK_EQ(put(stream, "efgh", &count), HOST_STREAM_READY);
	CHECK_EQ(count, 4);
	host_stream_lose(stream, "gone");
	CHECK_EQ(put(stream, "ijkl", &count), HOST_STREAM_READY);
	CHECK_TAKES(&ends, "", HOST_STREAM_OPEN);
	CHECK_EQ(stream->total, 0);
	ends_finish(&ends);
	/* And without a server from the beginning. */
	stream = ends_init(&ends, 4);
	host_stream_join(stream, NULL, NULL);
	host_stream_begin(stream, -1);
	for (int i = 0; i < 10; i++)
		CHECK_EQ(put(stream, "abcd", &count), HOST_STREAM_READY);
	ends_finish(&ends);
}

/* ---- two threads ---- */

enum { ROUNDS = 200000 };

static void *guest_run(void *data)
{
	struct ends *ends = data;
	uint8_t bytes[64];
	size_t count;
	host_stream_begin(&ends->stream, -1);
	host_stream_flush(&ends->stream);
	for (uint32_t next = 0; next < ROUNDS; next += (uint32_t)count) {
		for (uint32_t i = 0; i < sizeof bytes; i++)
			bytes[i] = (uint8_t)((next + i) % 251);
		size_t length = ROUNDS - next < sizeof bytes ? ROUNDS - next : sizeof bytes;
		struct sv_bytes view = {bytes, length};
		enum host_stream_progress progress = host_stream_write(&ends->stream, view, &count);
		if (progress == HOST_STREAM_LATER)
			sem_wait(&ends->woken);
		else if (progress == HOST_STREAM_LOST)
			return NULL;
	}
	check(host_stream_end(&ends->stream) == HOST_STREAM_READY);
	return ends;
}

/* Take all, or leave when so many bytes have come. */
static uint32_t server_run(struct ends *ends, uint32_t enough)
{
	uint32_t next = 0;
	sem_wait(&ends->stirred);
	for (;;) {
		enum host_stream_state state;
		struct sv_bytes bytes = take(ends, &state);
		check(bytes.length <= ends->stream.limit);
		for (size_t i = 0; i < bytes.length; i++, next++)
			check(bytes.data[i] == next % 251);
		if (next >= enough) {
			host_stream_lose(&ends->stream, "enough");
			return next;
		}
		if (!bytes.length && state == HOST_STREAM_WHOLE)
			return next;
		if (!bytes.length)
			sem_wait(&ends->stirred);
	}
}

TEST(both_ends_wait_for_each_other_and_for_nothing_else)
{
	for (int leaves = 0; leaves < 2; leaves++) {
		struct ends ends;
		pthread_t thread;
		void *result;
		ends_init(&ends, 100);
		CHECK_EQ(pthread_create(&thread, NULL, guest_run, &ends), 0);
		uint32_t count = server_run(&ends, leaves ? ROUNDS / 2 : ROUNDS + 1);
		pthread_join(thread, &result);
		CHECK_EQ(result != NULL, !leaves);
		CHECK(leaves || count == ROUNDS);
		ends_finish(&ends);
	}
}

TEST_MAIN()
