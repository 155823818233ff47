/*
 * host_cache.c: the cache: freshness, variants, claims, bodies read while they are written, room,
 * and threads that all want the same.
 */
#include "host/cache/cache.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "tests/lib/test.h"

#define SECOND UINT64_C(1000000000)

struct waker {
	struct host_waker waker;
	atomic_uint woken;
};

static void count_wake(struct host_waker *waker)
{
	atomic_fetch_add(&((struct waker *)waker)->woken, 1);
}

static struct cache_lookup lookup(struct cache *cache, const char *key, const char *accept)
{
	struct cache_lookup made;
	struct host_response request = {0};
	if (accept && !host_response_add(&request, host_text("Accept"), host_text(accept), NULL))
		abort();
	if (!cache_lookup_init(&made, cache, CACHE_OBJECTS, host_text(key), &request))
		abort();
	host_response_finish(&request);
	return made;
}

static void store(struct cache *cache, const char *key, const char *value,
		const struct cache_write *write, uint64_t now)
{
	struct cache_object *object;
	struct cache_lookup made = lookup(cache, key, NULL);
	if (cache_insert(&made, write, now, &object) != CACHE_READY ||
			cache_write(object, host_text(value)) != CACHE_READY)
		abort();
	cache_write_end(object);
	cache_object_release(object);
	cache_lookup_finish(&made);
}

/* The flags of a lookup without a transaction. */
static unsigned look(struct cache *cache, const char *key, uint64_t now)
{
	struct cache_lookup made = lookup(cache, key, NULL);
	cache_look(&made, now);
	unsigned state = made.state;
	cache_lookup_finish(&made);
	return state;
}

TEST(an_object_is_fresh_then_stale_then_gone)
{
	struct cache *cache = cache_new();
	const struct cache_write write = {.max_age = 10 * SECOND,
			.initial_age = 4 * SECOND,
			.stale_while = 5 * SECOND,
			.length = -1};
	store(cache, "k", "value", &write, 100 * SECOND);
	CHECK_EQ(look(cache, "k", 105 * SECOND), CACHE_FOUND | CACHE_USABLE);
	CHECK_EQ(look(cache, "k", 106 * SECOND), CACHE_FOUND | CACHE_USABLE | CACHE_STALE);
	CHECK_EQ(look(cache, "k", 111 * SECOND), 0);
	CHECK_EQ(look(cache, "other", 105 * SECOND), 0);
	cache_free(cache);
}

TEST(times_without_end_do_not_wrap)
{
	struct cache *cache = cache_new();
	const struct cache_write write = {.max_age = UINT64_MAX,
			.initial_age = 5,
			.stale_while = UINT64_MAX,
			.stale_if_error = UINT64_MAX,
			.length = -1};
	store(cache, "k", "value", &write, SECOND);
	CHECK_EQ(look(cache, "k", 1000 * SECOND), CACHE_FOUND | CACHE_USABLE);
	cache_free(cache);
}

TEST(one_claims_and_the_others_wait)
{
	struct cache *cache = cache_new();
	struct waker waker = {.waker = {count_wake}};
	struct cache_lookup first = lookup(cache, "k", NULL), second = lookup(cache, "k", NULL);
	struct cache_object *object;
	const struct cache_write write = {.max_age = SECOND, .length = -1};
	CHECK_EQ(cache_claim(&first, &waker.waker, 1), CACHE_READY);
	CHECK_EQ(first.state, CACHE_MUST_INSERT);
	CHECK_EQ(cache_claim(&second, &waker.waker, 1), CACHE_LATER);
	CHECK_EQ(waker.woken, 0);
	CHECK_EQ(cache_insert(&first, &write, 1, &object), CACHE_READY);
	CHECK_EQ(waker.woken, 1);
	CHECK_EQ(cache_claim(&second, &waker.waker, 2), CACHE_READY);
	CHECK_EQ(second.state, CACHE_FOUND | CACHE_USABLE);
	cache_write_end(object);
	cache_object_release(object);
	cache_lookup_finish(&first);
	cache_lookup_finish(&second);
	cache_free(cache);
}

TEST(a_claim_that_is_given_up_goes_to_another)
{
	struct cache *cache = cache_new();
	struct waker waker = {.waker = {count_wake}};
	struct cache_lookup first = lookup(cache, "k", NULL), second = lookup(cache, "k", NULL),
			    third = lookup(cache, "k", NULL);
	CHECK_EQ(cache_claim(&first, &waker.waker, 1), CACHE_READY);
	CHECK_EQ(cache_claim(&second, &waker.waker, 1), CACHE_LATER);
	CHECK_EQ(cache_claim(&third, &waker.waker, 1), CACHE_LATER);
	/* One that leaves while it waits is not woken. */
	cache_lookup_finish(&third);
	cache_cancel(&first);
	CHECK_EQ(first.state, 0);
	CHECK_EQ(waker.woken, 1);
	CHECK_EQ(cache_claim(&second, &waker.waker, 1), CACHE_READY);
	CHECK_EQ(second.state, CACHE_MUST_INSERT);
	cache_lookup_finish(&second);
	cache_lookup_finish(&first);
	cache_free(cache);
}

TEST(variants_have_claims_of_their_own)
{
	struct cache *cache = cache_new();
	struct waker waker = {.waker = {count_wake}};
	struct cache_object *object;
	const struct cache_write write = {
			.max_age = SECOND, .length = -1, .vary = {(const uint8_t *)"accept", 6}};
	struct cache_lookup text = lookup(cache, "k", "text"), image = lookup(cache, "k", "image"),
			    sound = lookup(cache, "k", "sound");
	CHECK_EQ(cache_claim(&text, &waker.waker, 1), CACHE_READY);
	CHECK_EQ(cache_claim(&image, &waker.waker, 1), CACHE_LATER);
	CHECK_EQ(cache_insert(&text, &write, 1, &object), CACHE_READY);
	cache_write_end(object);
	cache_object_release(object);
	CHECK_EQ(cache_claim(&image, &waker.waker, 1), CACHE_READY);
	CHECK_EQ(image.state, CACHE_MUST_INSERT);
	CHECK_EQ(cache_claim(&sound, &waker.waker, 1), CACHE_READY);
	CHECK_EQ(sound.state, CACHE_MUST_INSERT);
	cache_lookup_finish(&text);
	cache_lookup_finish(&image);
	cache_lookup_finish(&sound);
	cache_free(cache);
}

TEST(a_body_is_read_while_it_is_written)
{
	struct cache *cache = cache_new();
	struct waker waker = {.waker = {count_wake}};
	struct cache_waiter waiter = {.waker = &waker.waker};
	struct cache_lookup made = lookup(cache, "k", NULL);
	struct cache_object *object;
	const struct cache_write write = {.max_age = SECOND, .length = -1};
	uint8_t bytes[8];
	size_t count;
	CHECK_EQ(cache_insert(&made, &write, 1, &object), CACHE_READY);
	CHECK_EQ(cache_read(object, 0, bytes, 8, &waiter, &count), CACHE_LATER);
	CHECK_EQ(cache_write(object, host_text("one")), CACHE_READY);
	CHECK_EQ(waker.woken, 1);
	CHECK_EQ(cache_read(object, 1, bytes, 8, &waiter, &count), CACHE_READY);
	CHECK(count == 2 && memcmp(bytes, "ne", 2) == 0);
	CHECK_EQ(cache_object_length(object), -1);
	CHECK_EQ(cache_read(object, 3, bytes, 8, &waiter, &count), CACHE_LATER);
	cache_write_end(object);
	CHECK_EQ(waker.woken, 2);
	CHECK_EQ(cache_read(object, 3, bytes, 8, &waiter, &count), CACHE_END);
	CHECK_EQ(cache_object_length(object), 3);
	cache_object_release(object);
	cache_lookup_finish(&made);
	cache_free(cache);
}

TEST(what_is_given_up_or_too_short_is_not_found)
{
	struct cache *cache = cache_new();
	struct cache_lookup made = lookup(cache, "k", NULL);
	struct cache_object *object;
	struct cache_write write = {.max_age = SECOND, .length = -1};
	uint8_t bytes[8];
	size_t count;
	CHECK_EQ(cache_insert(&made, &write, 1, &object), CACHE_READY);
	CHECK_EQ(look(cache, "k", 2), CACHE_FOUND | CACHE_USABLE);
	cache_write_break(object);
	CHECK_EQ(look(cache, "k", 2), 0);
	CHECK_EQ(cache_read(object, 0, bytes, 8, NULL, &count), CACHE_BROKEN);
	CHECK_EQ(cache_write(object, host_text("x")), CACHE_BROKEN);
	cache_object_release(object);
	write.length = 5;
	CHECK_EQ(cache_insert(&made, &write, 1, &object), CACHE_READY);
	CHECK_EQ(cache_write(object, host_text("four")), CACHE_READY);
	cache_write_end(object);
	CHECK_EQ(look(cache, "k", 2), 0);
	cache_object_release(object);
	cache_lookup_finish(&made);
	cache_free(cache);
}

TEST(purging_drops_or_makes_stale)
{
	struct cache *cache = cache_new();
	const struct cache_write both = {.max_age = 9 * SECOND,
			.stale_while = SECOND,
			.length = -1,
			.surrogates = {(const uint8_t *)"a bb", 4}};
	const struct cache_write other = {.max_age = 9 * SECOND,
			.length = -1,
			.surrogates = {(const uint8_t *)"b", 1}};
	store(cache, "k", "value", &both, 1);
	store(cache, "l", "value", &other, 1);
	CHECK_EQ(cache_purge(cache, host_text("bb"), true, SECOND), 1);
	CHECK_EQ(look(cache, "k", SECOND), CACHE_FOUND | CACHE_USABLE | CACHE_STALE);
	CHECK_EQ(look(cache, "k", 2 * SECOND), 0);
	CHECK_EQ(look(cache, "l", SECOND), CACHE_FOUND | CACHE_USABLE);
	CHECK_EQ(cache_purge(cache, host_text("b"), false, SECOND), 1);
	CHECK_EQ(look(cache, "l", SECOND), 0);
	CHECK_EQ(cache_purge(cache, host_text("b"), false, SECOND), 0);
	cache_free(cache);
}

/* Uses keys of the cache, so that they change places, and adds and purges others. */
static void *use_keys(void *data)
{
	struct cache *cache = data;
	const struct cache_write write = {
			.max_age = 10 * SECOND, .surrogates = host_text("other"), .length = -1};
	char key[32];
	for (unsigned i = 0; i < 40000; i++) {
		snprintf(key, sizeof key, "key %u", i * 7919 % 4000);
		look(cache, key, SECOND);
		snprintf(key, sizeof key, "other %u", i % 100);
		if (i % 40 == 0)
			store(cache, key, "value", &write, SECOND);
		if (i % 4000 == 0)
			cache_purge(cache, host_text("other"), false, SECOND);
	}
	return NULL;
}

TEST(a_purge_misses_nothing_that_others_use)
{
	for (unsigned round = 0; round < 4; round++) {
		struct cache *cache = cache_new();
		const struct cache_write write = {.max_age = 10 * SECOND,
				.surrogates = host_text("mine"),
				.length = -1};
		pthread_t threads[3];
		char key[32];
		for (unsigned i = 0; i < 4000; i++) {
			snprintf(key, sizeof key, "key %u", i);
			store(cache, key, "value", &write, SECOND);
		}
		for (size_t i = 0; i < 3; i++)
			pthread_create(&threads[i], NULL, use_keys, cache);
		CHECK_EQ(cache_purge(cache, host_text("mine"), false, SECOND), 4000);
		for (size_t i = 0; i < 3; i++)
			pthread_join(threads[i], NULL);
		cache_free(cache);
	}
}

TEST(an_update_keeps_the_body)
{
	struct cache *cache = cache_new();
	struct waker waker = {.waker = {count_wake}};
	const struct cache_write old = {.max_age = SECOND, .stale_while = 9 * SECOND, .length = -1};
	const struct cache_write fresh = {.max_age = 9 * SECOND,
			.length = -1,
			.metadata = {(const uint8_t *)"new", 3}};
	uint8_t bytes[8];
	size_t count;
	store(cache, "k", "value", &old, SECOND);
	struct cache_lookup made = lookup(cache, "k", NULL);
	CHECK_EQ(cache_claim(&made, &waker.waker, 3 * SECOND), CACHE_READY);
	CHECK_EQ(made.state, CACHE_FOUND | CACHE_USABLE | CACHE_STALE | CACHE_MUST_INSERT);
	CHECK_EQ(cache_update(&made, &fresh, 3 * SECOND), CACHE_READY);
	CHECK_EQ(look(cache, "k", 4 * SECOND), CACHE_FOUND | CACHE_USABLE);
	CHECK_EQ(cache_read(made.object, 0, bytes, 8, NULL, &count), CACHE_READY);
	CHECK(count == 5 && made.object->metadata.length == 3);
	cache_lookup_finish(&made);
	cache_free(cache);
}

TEST(what_is_stale_can_be_chosen_for_all_who_wait)
{
	struct cache *cache = cache_new();
	struct waker waker = {.waker = {count_wake}};
	const struct cache_write write = {
			.max_age = SECOND, .stale_if_error = 9 * SECOND, .length = -1};
	store(cache, "k", "value", &write, SECOND);
	struct cache_lookup first = lookup(cache, "k", NULL), second = lookup(cache, "k", NULL);
	CHECK_EQ(cache_claim(&first, &waker.waker, 3 * SECOND), CACHE_READY);
	CHECK_EQ(first.state, CACHE_STALE | CACHE_MUST_INSERT | CACHE_USABLE_IF_ERROR);
	CHECK_EQ(cache_claim(&second, &waker.waker, 3 * SECOND), CACHE_LATER);
	CHECK(cache_choose_stale(&first, 3 * SECOND));
	CHECK_EQ(cache_claim(&second, &waker.waker, 3 * SECOND), CACHE_READY);
	CHECK_EQ(second.state, CACHE_FOUND | CACHE_USABLE | CACHE_STALE | CACHE_USABLE_IF_ERROR);
	CHECK_EQ(first.state, second.state);
	cache_lookup_finish(&first);
	cache_lookup_finish(&second);
	cache_free(cache);
}

TEST(what_was_idle_the_longest_makes_room)
{
	static char large[48 * 1024 * 1024 + 1];
	struct cache *cache = cache_new();
	const struct cache_write write = {.max_age = SECOND, .length = -1};
	char key[8];
	memset(large, 'x', sizeof large - 1);
	for (unsigned i = 0; i < 12; i++) {
		snprintf(key, sizeof key, "%u", i);
		store(cache, key, large, &write, 1);
		CHECK(look(cache, "0", 2) != 0);
	}
	CHECK_EQ(look(cache, "1", 2), 0);
	CHECK(look(cache, "11", 2) != 0);
	cache_free(cache);
}

TEST(what_is_in_use_leaves_no_room)
{
	static const uint8_t chunk[1 << 20];
	struct cache *cache = cache_new();
	struct cache_lookup made = lookup(cache, "k", NULL);
	struct cache_object *object;
	const struct cache_write write = {.max_age = SECOND, .length = -1};
	enum cache_progress progress = CACHE_READY;
	unsigned written = 0;
	CHECK_EQ(cache_insert(&made, &write, 1, &object), CACHE_READY);
	while (progress == CACHE_READY && written++ < 1000)
		progress = cache_write(object, (struct sv_bytes){chunk, sizeof chunk});
	CHECK_EQ(progress, CACHE_FULL);
	CHECK(written > 64);
	cache_write_break(object);
	cache_object_release(object);
	cache_lookup_finish(&made);
	store(cache, "l", "value", &write, 1);
	cache_free(cache);
}

/* ---- threads ---- */

static struct cache *shared;
static atomic_uint made_by_threads;

static void *want(void *data)
{
	char key[16];
	(void)data;
	for (unsigned i = 0; i < 300; i++) {
		struct waker waker = {.waker = {count_wake}};
		snprintf(key, sizeof key, "%u", i);
		struct cache_lookup own = lookup(shared, key, NULL);
		while (cache_claim(&own, &waker.waker, 1) == CACHE_LATER)
			sched_yield();
		if (own.state & CACHE_MUST_INSERT) {
			const struct cache_write write = {.max_age = SECOND, .length = -1};
			struct cache_object *object;
			if (cache_insert(&own, &write, 1, &object) != CACHE_READY)
				abort();
			atomic_fetch_add(&made_by_threads, 1);
			(void)cache_write(object, host_text("value"));
			cache_write_end(object);
			cache_object_release(object);
		}
		if (i % 16 == 0)
			cache_purge(shared, host_text("nothing"), true, 1);
		cache_lookup_finish(&own);
	}
	return NULL;
}

TEST(of_many_threads_one_makes_each_object)
{
	pthread_t threads[4];
	shared = cache_new();
	for (unsigned i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, want, NULL), 0);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(made_by_threads, 300);
	cache_free(shared);
}

TEST_MAIN()
