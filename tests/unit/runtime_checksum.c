/*
 * runtime_checksum.c: sums made by folding are zlib's, whatever the length, the place and what
 * came before.
 */
#include <zlib.h>

#include "runtime/arch/checksum.h"
#include "tests/lib/test.h"

enum { ROOM = 70000 };

static uint8_t bytes[ROOM];

static void bytes_fill(void)
{
	uint32_t state = 2463534242;
	for (size_t i = 0; i < ROOM; i++) {
		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		bytes[i] = (uint8_t)state;
	}
}

static bool sum_is_right(uint32_t before, size_t start, size_t length)
{
	return checksum_add(before, bytes + start, length) ==
			crc32_z(before, bytes + start, length);
}

TEST(sums_of_every_short_length_are_those_of_zlib)
{
	bytes_fill();
	for (size_t length = 0; length < 1500; length++)
		CHECK(sum_is_right(0, length % 19, length));
}

TEST(what_came_before_counts)
{
	bytes_fill();
	uint32_t sum = 0;
	for (size_t at = 0, length = 0; at + length <= ROOM; at += length, length += 37) {
		CHECK(sum_is_right(sum, at, length));
		CHECK(sum_is_right(~sum, at, length));
		sum = checksum_add(sum, bytes + at, length);
	}
	CHECK_EQ(checksum_add(sum, bytes, 0), sum);
}

TEST(zeros_and_long_runs_count)
{
	static const uint8_t zeros[4096];
	bytes_fill();
	CHECK_EQ(checksum_add(0, zeros, sizeof zeros), crc32_z(0, zeros, sizeof zeros));
	CHECK(checksum_add(0, zeros, 4095) != checksum_add(0, zeros, 4096));
	CHECK(sum_is_right(0, 1, ROOM - 1));
}

/* That of "123456789" is published with every description of this CRC. */
TEST(the_sum_of_the_nine_digits_is_the_known_one)
{
	CHECK_EQ(checksum_add(0, (const uint8_t *)"123456789", 9), 0xcbf43926);
}

TEST_MAIN()
