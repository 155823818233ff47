/*
 * platform_seal.c: secrets come back whole, or not at all.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/seal.h"
#include "tests/lib/test.h"

static struct seal_key key;

static bool make_key(void)
{
	char path[64] = "/tmp/selvage-key-XXXXXX";
	int fd = mkstemp(path);
	close(fd);
	unlink(path);
	bool done = seal_key_make(&key, path, NULL);
	unlink(path);
	return done;
}

static struct sv_bytes text_of(const char *text)
{
	return (struct sv_bytes){(const uint8_t *)text, strlen(text)};
}

TEST(what_is_sealed_opens_in_its_place_only)
{
	struct buffer sealed = {0}, text = {0};
	CHECK(make_key());
	CHECK(seal_close(&key, "1/KEY", text_of("hush"), &sealed, NULL));
	CHECK_EQ(sealed.length, 12 + 4 + 16);
	CHECK(!memmem(sealed.data, sealed.length, "hush", 4));
	CHECK(seal_open(&key, "1/KEY", buffer_view(&sealed), &text, NULL));
	CHECK_EQ(text.length, 4);
	CHECK_BYTES(text.data, "hush", 4);
	CHECK(!seal_open(&key, "2/KEY", buffer_view(&sealed), &text, NULL));
	CHECK_EQ(text.length, 4);
	buffer_finish(&sealed);
	buffer_finish(&text);
}

TEST(every_changed_byte_is_found)
{
	struct buffer sealed = {0}, text = {0};
	CHECK(make_key());
	CHECK(seal_close(&key, "1/KEY", text_of("hush"), &sealed, NULL));
	for (size_t i = 0; i < sealed.length; i++) {
		sealed.data[i] ^= 1;
		CHECK(!seal_open(&key, "1/KEY", buffer_view(&sealed), &text, NULL));
		sealed.data[i] ^= 1;
		struct sv_bytes cut = {sealed.data, i};
		CHECK(!seal_open(&key, "1/KEY", cut, &text, NULL));
	}
	CHECK_EQ(text.length, 0);
	buffer_finish(&sealed);
	buffer_finish(&text);
}

TEST(the_same_secret_is_never_sealed_the_same)
{
	struct buffer first = {0}, second = {0};
	CHECK(make_key());
	CHECK(seal_close(&key, "1/KEY", text_of("hush"), &first, NULL));
	CHECK(seal_close(&key, "1/KEY", text_of("hush"), &second, NULL));
	CHECK(memcmp(first.data, second.data, first.length) != 0);
	buffer_finish(&first);
	buffer_finish(&second);
}

TEST(an_empty_secret_is_one)
{
	struct buffer sealed = {0}, text = {0};
	CHECK(make_key());
	CHECK(seal_close(&key, "1/KEY", text_of(""), &sealed, NULL));
	CHECK(seal_open(&key, "1/KEY", buffer_view(&sealed), &text, NULL));
	CHECK_EQ(text.length, 0);
	buffer_finish(&sealed);
	buffer_finish(&text);
}

TEST(a_key_that_others_may_read_is_refused)
{
	char path[64] = "/tmp/selvage-key-XXXXXX";
	int fd = mkstemp(path);
	struct sv_error error = SV_ERROR_INIT;
	bool found;
	close(fd);
	CHECK(!seal_key_read(&key, path, &found, &error)); /* empty */
	CHECK_HAS(error.text, "not a key");
	sv_error_clear(&error);
	unlink(path);
	CHECK(seal_key_read(&key, path, &found, &error));
	CHECK(!found);
	CHECK(access(path, F_OK) != 0);
	CHECK(seal_key_make(&key, path, &error));
	struct seal_key again;
	CHECK(seal_key_read(&again, path, &found, &error));
	CHECK(found);
	CHECK_BYTES(again.bytes, key.bytes, sizeof key.bytes);
	CHECK_EQ(chmod(path, 0640), 0);
	CHECK(!seal_key_read(&key, path, &found, &error));
	CHECK_HAS(error.text, "read by others");
	unlink(path);
}

TEST_MAIN()
