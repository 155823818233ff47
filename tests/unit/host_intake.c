/*
 * host_intake.c: what a guest and the server share of a body that comes while the guest runs.
 */
#include "host/intake.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "tests/lib/test.h"

/* An intake with somebody at each end. */
struct ends {
	struct host_intake intake;
	struct host_waker waker; /* of the guest */
	atomic_int wakes, stirs;
};

static void guest_wake(struct host_waker *waker)
{
	struct ends *ends = (struct ends *)((char *)waker - offsetof(struct ends, waker));
	atomic_fetch_add(&ends->wakes, 1);
}

static void server_stir(struct host_intake *intake)
{
	struct ends *ends = (struct ends *)((char *)intake - offsetof(struct ends, intake));
	atomic_fetch_add(&ends->stirs, 1);
}

static struct host_intake *ends_init(struct ends *ends, size_t limit)
{
	*ends = (struct ends){.waker.wake = guest_wake};
	const struct host_response most = {.text.limit = 100, .field_limit = 2};
	host_intake_init(&ends->intake, limit, &most);
	host_intake_join(&ends->intake, &ends->waker, server_stir);
	return &ends->intake;
}

static size_t put(struct host_intake *intake, const char *text)
{
	return host_intake_put(intake, (struct sv_bytes){(const uint8_t *)text, strlen(text)});
}

#define CHECK_READS(intake, room, text, expected) \
	do { \
		uint8_t bytes_[64]; \
		size_t count_; \
		CHECK_EQ(host_intake_read(intake, bytes_, room, &count_), expected); \
		CHECK_EQ(count_, strlen(text)); \
		CHECK(!count_ || !memcmp(bytes_, text, count_)); \
	} while (0)

TEST(bytes_come_in_order_round_the_end_of_the_block)
{
	struct ends ends;
	struct host_intake *intake = ends_init(&ends, 8);
	CHECK_EQ(put(intake, "abcdef"), 6);
	CHECK_READS(intake, 4, "abcd", HOST_INTAKE_READY);
	CHECK_EQ(put(intake, "ghijklm"), 6);
	CHECK_EQ(put(intake, "m"), 0);
	CHECK_READS(intake, 64, "efghijkl", HOST_INTAKE_READY);
	CHECK_EQ(put(intake, "mn"), 2);
	host_intake_end(intake);
	CHECK(host_intake_is_unread(intake));
	CHECK_READS(intake, 64, "mn", HOST_INTAKE_READY);
	CHECK(host_intake_is_unread(intake));
	CHECK_READS(intake, 64, "", HOST_INTAKE_END);
	CHECK(!host_intake_is_unread(intake));
	host_intake_finish(intake);
}

TEST(who_waits_is_woken_and_who_has_room_is_told)
{
	struct ends ends;
	bool is_wanted;
	size_t waiting = 9;
	struct host_intake *intake = ends_init(&ends, 8);
	CHECK_EQ(host_intake_account(intake, &is_wanted), 0);
	CHECK(!is_wanted);
	CHECK_READS(intake, 64, "", HOST_INTAKE_LATER);
	CHECK_EQ(ends.stirs, 1);
	CHECK_EQ(host_intake_account(intake, &is_wanted), 0);
	CHECK(is_wanted);
	CHECK_EQ(put(intake, "abc"), 3);
	CHECK_EQ(put(intake, "d"), 1);
	CHECK_EQ(ends.wakes, 1);
	CHECK_EQ(host_intake_readable(intake, &waiting), HOST_INTAKE_READY);
	CHECK_EQ(waiting, 4);
	/* A little is not worth a word; half of the limit is, and what is taken before a wait. */
	CHECK_READS(intake, 1, "a", HOST_INTAKE_READY);
	CHECK_EQ(ends.stirs, 1);
	CHECK_READS(intake, 3, "bcd", HOST_INTAKE_READY);
	CHECK_EQ(ends.stirs, 2);
	CHECK_EQ(host_intake_account(intake, &is_wanted), 4);
	CHECK_EQ(put(intake, "e"), 1);
	CHECK_READS(intake, 64, "e", HOST_INTAKE_READY);
	CHECK_EQ(ends.stirs, 2);
	CHECK_READS(intake, 64, "", HOST_INTAKE_LATER);
	CHECK_EQ(ends.stirs, 3);
	host_intake_finish(intake);
}

TEST(what_is_broken_is_read_to_there)
{
	struct ends ends;
	struct host_intake *intake = ends_init(&ends, 8);
	CHECK_READS(intake, 64, "", HOST_INTAKE_LATER);
	CHECK_EQ(put(intake, "ab"), 2);
	host_intake_break(intake, "it broke");
	host_intake_break(intake, "once more");
	CHECK(host_intake_is_unread(intake));
	CHECK_READS(intake, 64, "ab", HOST_INTAKE_READY);
	CHECK_READS(intake, 64, "", HOST_INTAKE_BROKEN);
	CHECK(!host_intake_is_unread(intake));
	CHECK_STR(host_intake_failure(intake), "it broke");
	/* Nobody wants the rest. */
	CHECK_EQ(put(intake, "rest"), 4);
	CHECK_READS(intake, 64, "", HOST_INTAKE_BROKEN);
	struct sv_bytes name = {(const uint8_t *)"x-sum", 5};
	CHECK(host_response_add(&intake->trailers, name, name, NULL));
	host_intake_reset(intake);
	CHECK_EQ(intake->trailers.field_count, 0);
	CHECK(!intake->block && !host_intake_failure(intake));
	host_intake_join(intake, &ends.waker, server_stir);
	CHECK_READS(intake, 64, "", HOST_INTAKE_LATER);
	host_intake_finish(intake);
}

#define ROUNDS 20000u

static void *server_main(void *data)
{
	struct ends *ends = data;
	uint8_t next = 0, bytes[5];
	for (size_t sent = 0; sent < ROUNDS;) {
		size_t length = sent % sizeof bytes + 1;
		for (size_t i = 0; i < length; i++)
			bytes[i] = (uint8_t)(next + i);
		size_t count = host_intake_put(&ends->intake, (struct sv_bytes){bytes, length});
		next += (uint8_t)count;
		sent += count;
		if (!count)
			sched_yield(); /* on one CPU the other end has no turn before */
	}
	host_intake_end(&ends->intake);
	return NULL;
}

TEST(both_ends_at_once_lose_nothing)
{
	struct ends ends;
	pthread_t thread;
	struct host_intake *intake = ends_init(&ends, 7);
	enum host_intake_progress progress;
	size_t total = 0;
	bool is_right = true;
	CHECK_EQ(pthread_create(&thread, NULL, server_main, &ends), 0);
	do {
		uint8_t bytes[4];
		size_t count;
		progress = host_intake_read(intake, bytes, sizeof bytes, &count);
		for (size_t i = 0; i < count; i++)
			is_right &= bytes[i] == (uint8_t)(total + i);
		total += count;
		if (progress == HOST_INTAKE_LATER)
			sched_yield();
	} while (progress != HOST_INTAKE_END);
	pthread_join(thread, NULL);
	CHECK(is_right);
	CHECK(total >= ROUNDS);
	host_intake_finish(intake);
}

TEST_MAIN()
