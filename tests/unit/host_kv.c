/*
 * host_kv.c: key-value stores: lifetimes, limits, and threads that change the same value.
 */
#include "host/kv.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "host/host.h"
#include "tests/lib/test.h"

static enum kv_result put(struct kv *kv, const char *key, const char *value)
{
	const struct kv_put put = {.parts = {host_text(value)}};
	return kv_put(kv, 0, host_text(key), &put);
}

static struct kv *kv_with_store(void)
{
	struct kv *kv = kv_new();
	if (!kv || kv_add_store(kv, "store") != 0)
		abort();
	return kv;
}

TEST(a_value_is_gone_when_its_time_is_over)
{
	struct kv *kv = kv_with_store();
	struct kv_put brief = {.parts = {host_text("v")}, .lifetime = 1};
	CHECK_EQ(kv_put(kv, 0, host_text("brief"), &brief), KV_OK);
	CHECK(kv_get(kv, 0, host_text("brief")) == NULL);
	CHECK_EQ(kv_put(kv, 0, host_text("brief"), &brief), KV_OK);
	CHECK_EQ(kv_delete(kv, 0, host_text("brief")), KV_NOT_FOUND);
	/* What is not there any more may be added. */
	CHECK_EQ(kv_put(kv, 0, host_text("brief"), &brief), KV_OK);
	brief.mode = KV_ADD;
	brief.lifetime = UINT64_C(3600000000000);
	CHECK_EQ(kv_put(kv, 0, host_text("brief"), &brief), KV_OK);
	struct kv_value *value = kv_get(kv, 0, host_text("brief"));
	CHECK(value != NULL);
	kv_value_release(value);
	kv_free(kv);
}

TEST(a_value_that_is_in_use_outlives_its_store)
{
	struct kv *kv = kv_with_store();
	CHECK_EQ(put(kv, "key", "one"), KV_OK);
	struct kv_value *value = kv_get(kv, 0, host_text("key"));
	CHECK_EQ(put(kv, "key", "two"), KV_OK);
	kv_free(kv);
	CHECK(value && value->bytes.length == 3 && memcmp(value->bytes.data, "one", 3) == 0);
	kv_value_release(value);
}

TEST(what_is_larger_than_may_be_is_refused)
{
	static char bytes[KV_MAX_KEY + 1];
	struct kv *kv = kv_with_store();
	struct kv_put wrong = {.parts = {{(const uint8_t *)bytes, 1}},
			.metadata = {(const uint8_t *)bytes, KV_MAX_METADATA + 1}};
	const struct sv_bytes key = {(const uint8_t *)bytes, sizeof bytes};
	CHECK_EQ(kv_put(kv, 0, host_text("key"), &wrong), KV_TOO_LARGE);
	wrong.metadata.length = 0;
	CHECK_EQ(kv_put(kv, 0, key, &wrong), KV_TOO_LARGE);
	/* Never read: the length alone is refused. */
	wrong.parts[1] = (struct sv_bytes){(const uint8_t *)bytes, KV_MAX_VALUE};
	CHECK_EQ(kv_put(kv, 0, host_text("key"), &wrong), KV_TOO_LARGE);
	CHECK(kv_get(kv, 0, host_text("key")) == NULL);
	kv_free(kv);
}

TEST(a_store_has_a_limited_number_of_keys)
{
	struct kv *kv = kv_with_store();
	char key[16];
	for (unsigned i = 0; i < KV_MAX_KEYS; i++) {
		snprintf(key, sizeof key, "%08u", i);
		CHECK_EQ(put(kv, key, ""), KV_OK);
	}
	CHECK_EQ(put(kv, "one more", ""), KV_FULL);
	/* A key that is there is no new one; one that is gone makes room. */
	CHECK_EQ(put(kv, "00000007", "other"), KV_OK);
	CHECK_EQ(kv_delete(kv, 0, host_text("00000000")), KV_OK);
	CHECK_EQ(put(kv, "one more", ""), KV_OK);
	kv_free(kv);
}

/* Adds one to a number, as one does who must not lose an update. */
static void *count_up(void *data)
{
	struct kv *kv = data;
	char text[24];
	for (int i = 0; i < 300;) {
		struct kv_value *value = kv_get(kv, 0, host_text("number"));
		int length = snprintf(text, sizeof text, "%d",
				atoi((const char *)value->bytes.data) + 1);
		/* With its NUL. */
		const struct kv_put put = {
				.parts = {{(const uint8_t *)text, (size_t)length + 1}},
				.has_generation = true,
				.generation = value->generation,
		};
		i += kv_put(kv, 0, host_text("number"), &put) == KV_OK;
		kv_value_release(value);
	}
	return NULL;
}

TEST(no_update_is_lost_between_threads)
{
	struct kv *kv = kv_with_store();
	pthread_t threads[4];
	const struct kv_put zero = {.parts = {{(const uint8_t *)"0", 2}}};
	CHECK_EQ(kv_put(kv, 0, host_text("number"), &zero), KV_OK);
	for (size_t i = 0; i < ARRAY_LENGTH(threads); i++)
		CHECK(pthread_create(&threads[i], NULL, count_up, kv) == 0);
	for (size_t i = 0; i < ARRAY_LENGTH(threads); i++)
		pthread_join(threads[i], NULL);
	struct kv_value *value = kv_get(kv, 0, host_text("number"));
	CHECK(value && strcmp((const char *)value->bytes.data, "1200") == 0);
	kv_value_release(value);
	kv_free(kv);
}

TEST_MAIN()
