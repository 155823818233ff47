/*
 * host_rates.c: windows of rate counters, penalty boxes, their limit, and threads that count.
 */
#include "host/rates.h"

#include <pthread.h>

#include "host/host.h"
#include "tests/lib/test.h"

#define SECOND UINT64_C(1000000000)

static struct rates_key key(const char *name, const char *entry)
{
	return (struct rates_key){host_text(name), host_text(entry)};
}

TEST(what_happened_is_counted_in_its_window)
{
	struct rates *rates = rates_new();
	const struct rates_key k = key("counter", "entry");
	const uint64_t t = 1000 * SECOND;
	CHECK(rates_add(rates, k, 5, t));
	CHECK(rates_add(rates, k, 7, t + 20 * SECOND));
	CHECK_EQ(rates_count(rates, k, 60, t + 20 * SECOND), 12);
	CHECK_EQ(rates_count(rates, k, 10, t + 20 * SECOND), 7);
	/* The oldest second is on its way out. */
	CHECK_EQ(rates_count(rates, k, 60, t + 60 * SECOND), 12);
	CHECK_EQ(rates_count(rates, k, 60, t + 60 * SECOND + SECOND / 2), 9);
	CHECK_EQ(rates_count(rates, k, 60, t + 61 * SECOND), 7);
	CHECK_EQ(rates_count(rates, k, 60, t + 100 * SECOND), 0);
	CHECK(rates_add(rates, k, 1, t + 1000 * SECOND));
	CHECK_EQ(rates_count(rates, k, 60, t + 1000 * SECOND), 1);
	rates_free(rates);
}

TEST(names_and_entries_are_kept_apart)
{
	struct rates *rates = rates_new();
	CHECK(rates_add(rates, key("ab", "c"), 1, SECOND));
	CHECK_EQ(rates_count(rates, key("a", "bc"), 60, SECOND), 0);
	CHECK_EQ(rates_count(rates, key("ab", "c"), 60, SECOND), 1);
	rates_free(rates);
}

TEST(sums_stop_at_the_largest_number)
{
	struct rates *rates = rates_new();
	CHECK(rates_add(rates, key("a", "b"), UINT32_MAX, SECOND));
	CHECK(rates_add(rates, key("a", "b"), UINT32_MAX, SECOND));
	CHECK_EQ(rates_count(rates, key("a", "b"), 1, SECOND), UINT32_MAX);
	rates_free(rates);
}

TEST(a_penalty_lasts_until_its_end)
{
	struct rates *rates = rates_new();
	const struct rates_key k = key("box", "entry");
	CHECK(!rates_is_punished(rates, k, 5));
	CHECK(rates_punish(rates, k, 10));
	/* A shorter one does not end the longer one. */
	CHECK(rates_punish(rates, k, 7));
	CHECK(rates_is_punished(rates, k, 9));
	CHECK(!rates_is_punished(rates, k, 10));
	rates_free(rates);
}

TEST(beyond_the_limit_what_is_idle_is_forgotten)
{
	struct rates *rates = rates_new();
	char text[16];
	for (unsigned i = 0; i <= RATES_MAX_ENTRIES; i++) {
		snprintf(text, sizeof text, "%u", i);
		CHECK(rates_add(rates, key("c", text), 1, SECOND));
		CHECK(rates_add(rates, key("c", "0"), 1, SECOND));
	}
	CHECK_EQ(rates_count(rates, key("c", "1"), 60, SECOND), 0);
	CHECK_EQ(rates_count(rates, key("c", "0"), 60, SECOND), RATES_MAX_ENTRIES + 2);
	rates_free(rates);
}

static void *add_many(void *data)
{
	for (unsigned i = 0; i < 20000; i++) {
		if (!rates_add(data, key("c", i % 2 ? "odd" : "even"), 1, SECOND * 7))
			abort();
	}
	return NULL;
}

TEST(threads_lose_no_count)
{
	pthread_t threads[4];
	struct rates *rates = rates_new();
	for (unsigned i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, add_many, rates), 0);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(rates_count(rates, key("c", "odd"), 10, SECOND * 7), 40000);
	CHECK_EQ(rates_count(rates, key("c", "even"), 10, SECOND * 7), 40000);
	rates_free(rates);
}

TEST_MAIN()
