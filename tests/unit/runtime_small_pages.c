/*
 * runtime_small_pages.c: memories with pages of one byte, which end inside a page of the machine:
 * they grow by bytes, and a pool puts them back to the last byte. And what cannot be had is
 * refused with its size, while it compiles.
 */
#include "tests/unit/frontend_fixture.h"
#include "tests/unit/runtime_fixture.h"

/*
 * A memory of 1000 to 9000 bytes with "xyz" at its end; load8_u, store8, size, grow as "l", "s",
 * "z", "g", each from i32 to i32.
 */
static const struct sv_bytes small = BYTES(
		"\0asm\1\0\0\0"
		"\1\6\1\x60\1\x7f\1\x7f"
		"\3\5\4\0\0\0\0"
		"\5\7\1\x9\xe8\x7\xa8\x46\0"
		"\7\x11\4\1l\0\0\1s\0\1\1z\0\2\1g\0\3"
		"\xa\x21\4"
		"\7\0\x20\0\x2d\0\0\xb"
		"\xb\0\x20\0\x41\x37\x3a\0\0\x41\0\xb"
		"\4\0\x3f\0\xb"
		"\6\0\x20\0\x40\0\xb"
		"\xb\xa\1\0\x41\xe5\7\xb\3xyz");

static struct sv_artifact *artifact_of(struct sv_bytes module)
{
	struct buffer bytes = {0};
	struct sv_compile_options options;
	sv_compile_options_init(&options);
	fixture_need(sv_compile(module, &options, &bytes, &error), "compile");
	int fd = fixture_file(bytes.data, bytes.length);
	struct sv_artifact *artifact = sv_artifact_load_fd(engine, fd, "small.so", &error);
	fixture_need(artifact != NULL, "load");
	close(fd);
	buffer_finish(&bytes);
	return artifact;
}

/* Zero bytes between `from` and `to`; -1 if one cannot be read. */
static int64_t zeros(struct guest *guest, int32_t from, int32_t to)
{
	int64_t count = 0;
	for (int32_t at = from; at < to; at++) {
		int64_t byte = guest_number(guest, "l", at);
		if (byte < 0)
			return -1;
		count += byte == 0;
	}
	return count;
}

TEST(a_pool_puts_a_memory_of_bytes_back_to_the_last_one)
{
	struct sv_artifact *artifact = artifact_of(small);
	struct sv_pool *pool = sv_pool_new(engine, artifact, NULL, NULL, 1, &error);
	CHECK(pool != NULL);
	for (unsigned round = 0; round < 3; round++) {
		struct sv_store *store = sv_pool_lease(pool, &error);
		CHECK(store != NULL);
		CHECK_EQ(sv_pool_start(store, &error), SV_RETURNED);
		struct guest guest = {artifact, store, sv_store_instance(store)};
		CHECK_EQ(guest_number(&guest, "z", 0), 1000);
		CHECK_EQ(guest_number(&guest, "l", 997), 'x');
		CHECK_EQ(guest_number(&guest, "l", 999), 'z');
		CHECK_EQ(guest_number(&guest, "l", 1000), -1);
		CHECK_EQ(guest_number(&guest, "s", 1000), -1);
		CHECK_EQ(zeros(&guest, 0, 1000), 997);
		CHECK_EQ(guest_number(&guest, "g", 8001), UINT32_MAX);
		CHECK_EQ(guest_number(&guest, "g", 1), 1000);
		CHECK_EQ(guest_number(&guest, "l", 1000), 0);
		CHECK_EQ(guest_number(&guest, "l", 1001), -1);
		CHECK_EQ(guest_number(&guest, "g", 4999), 1001);
		CHECK_EQ(zeros(&guest, 1000, 6000), 5000);
		CHECK_EQ(guest_number(&guest, "s", 997), 0);
		CHECK_EQ(guest_number(&guest, "s", 5999), 0);
		CHECK_EQ(guest_number(&guest, "s", 6000), -1);
		CHECK_EQ(guest_number(&guest, "g", 3000), 6000);
		CHECK_EQ(guest_number(&guest, "s", 8999), 0);
		CHECK_EQ(guest_number(&guest, "g", 1), UINT32_MAX);
		sv_pool_return(pool, store);
	}
	sv_pool_free(pool);
	sv_artifact_free(artifact);
}

TEST(what_no_machine_has_compiles_and_is_refused_with_its_size)
{
	static const struct {
		struct sv_bytes module;
		const char *text;
	} rows[] = {
			/* 2^48 pages; 2^64 - 1 bytes; 2^64 - 1 entries */
			{BYTES("\0asm\1\0\0\0\5\x9\1\4\x80\x80\x80\x80\x80\x80\x40"), "max_memory"},
			{BYTES("\0asm\1\0\0\0\5\xd\1\xc\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\0"),
					"18446744073709551615 bytes"},
			{BYTES("\0asm\1\0\0\0\4\xd\1\x70\4\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"),
					"18446744073709551615 entries"},
	};
	for (unsigned i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct sv_artifact *artifact = artifact_of(rows[i].module);
		struct sv_store *store = fixture_store();
		CHECK_ERROR(sv_instance_new(store, artifact, NULL, NULL, &error), SV_ERROR_LIMIT,
				rows[i].text);
		sv_store_free(store);
		/* Nor with a store that has no limits of its own. */
		struct sv_store_limits limits = {UINT64_MAX, UINT64_MAX};
		store = sv_store_new(engine, &limits, &error);
		CHECK(!sv_instance_new(store, artifact, NULL, NULL, &error));
		sv_error_clear(&error);
		sv_store_free(store);
		sv_artifact_free(artifact);
	}
}

/* Every return is scanned byte by byte. */
static const struct sv_engine_config hardened = {
		.guest_stack_size = 256 * 1024, .max_slots = 16, .hardened_scan = true};

RUNTIME_TEST_MAIN(&hardened)
