/*
 * frontend_reader.c: numbers, names and counts of the binary format.
 */
#include "tests/lib/test.h"
#include "tests/unit/frontend_fixture.h"

#include "compiler/reader.h"

static struct reader reader_of(struct sv_bytes bytes, struct sv_error *error)
{
	return (struct reader){
			.at = bytes.data,
			.end = bytes.data + bytes.length,
			.start = bytes.data,
			.error = error,
	};
}

TEST(unsigned_numbers_have_up_to_five_bytes)
{
	struct sv_error error = SV_ERROR_INIT;
	static const struct {
		struct sv_bytes bytes;
		uint32_t value;
	} rows[] = {
			{BYTES("\0"), 0},
			{BYTES("\x7f"), 127},
			{BYTES("\x80\x01"), 128},
			{BYTES("\x80\x80\x80\x80\x00"), 0},
			{BYTES("\xff\xff\xff\xff\x0f"), UINT32_MAX},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct reader reader = reader_of(rows[i].bytes, &error);
		uint32_t value;
		CHECK_OK(reader_u32(&reader, &value));
		CHECK_EQ(value, rows[i].value);
		CHECK_EQ(reader_left(&reader), 0);
	}
}

TEST(unsigned_numbers_out_of_form_are_refused_where_they_go_wrong)
{
	static const struct {
		struct sv_bytes bytes;
		const char *text;
		int position;
	} rows[] = {
			{BYTES(""), "unexpected end", 0},
			{BYTES("\x80"), "unexpected end", 1},
			{BYTES("\xff\xff\xff\xff\x1f"), "integer too large", 4},
			{BYTES("\x80\x80\x80\x80\x10"), "integer too large", 4},
			{BYTES("\x80\x80\x80\x80\x80\x00"), "integer representation too long", 4},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct sv_error error = SV_ERROR_INIT;
		struct reader reader = reader_of(rows[i].bytes, &error);
		uint32_t value;
		CHECK(!reader_u32(&reader, &value));
		CHECK_STR(error.text, rows[i].text);
		CHECK_EQ(error.position, rows[i].position);
	}
}

TEST(signed_numbers_of_32_bits)
{
	struct sv_error error = SV_ERROR_INIT;
	static const struct {
		struct sv_bytes bytes;
		int32_t value;
	} rows[] = {
			{BYTES("\x3f"), 63},
			{BYTES("\x40"), -64},
			{BYTES("\xff\x7f"), -1},
			{BYTES("\xff\xff\xff\xff\x07"), INT32_MAX},
			{BYTES("\x80\x80\x80\x80\x78"), INT32_MIN},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct reader reader = reader_of(rows[i].bytes, &error);
		int32_t value;
		CHECK_OK(reader_s32(&reader, &value));
		CHECK_EQ(value, rows[i].value);
	}
	struct reader high = reader_of(BYTES("\xff\xff\xff\xff\x0f"), &error);
	int32_t value;
	CHECK_ERROR(reader_s32(&high, &value), SV_ERROR_MALFORMED, "integer too large");
	struct reader low = reader_of(BYTES("\x80\x80\x80\x80\x70"), &error);
	CHECK_ERROR(reader_s32(&low, &value), SV_ERROR_MALFORMED, "integer too large");
}

TEST(signed_numbers_of_33_and_64_bits)
{
	struct sv_error error = SV_ERROR_INIT;
	int64_t value;
	struct reader block = reader_of(BYTES("\xff\xff\xff\xff\x0f"), &error);
	CHECK_OK(reader_s33(&block, &value));
	CHECK_EQ(value, UINT32_MAX);
	struct reader least = reader_of(BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f"), &error);
	CHECK_OK(reader_s64(&least, &value));
	CHECK_EQ(value, INT64_MIN);
	struct reader most = reader_of(BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00"), &error);
	CHECK_OK(reader_s64(&most, &value));
	CHECK_EQ(value, INT64_MAX);
	struct reader large = reader_of(BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), &error);
	CHECK_ERROR(reader_s64(&large, &value), SV_ERROR_MALFORMED, "integer too large");
}

TEST(text_must_be_well_formed)
{
	static const char *const good[] = {
			"",
			"a",
			"\xc2\x80",
			"\xdf\xbf",
			"\xe0\xa0\x80",
			"\xed\x9f\xbf",
			"\xee\x80\x80",
			"\xef\xbf\xbf",
			"\xf0\x90\x80\x80",
			"\xf4\x8f\xbf\xbf",
	};
	static const char *const bad[] = {
			"\x80",
			"\xbf",
			"\xc0\x80",
			"\xc1\xbf",
			"\xc2",
			"\xc2\x41",
			"\xe0\x9f\xbf",
			"\xe1\x80",
			"\xed\xa0\x80",
			"\xf0\x8f\xbf\xbf",
			"\xf4\x90\x80\x80",
			"\xf5\x80\x80\x80",
			"\xff",
			"ab\xfe",
	};
	for (size_t i = 0; i < ARRAY_LENGTH(good); i++)
		CHECK(utf8_is_valid((struct sv_bytes){(const uint8_t *)good[i], strlen(good[i])}));
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
		CHECK(!utf8_is_valid((struct sv_bytes){(const uint8_t *)bad[i], strlen(bad[i])}));
}

TEST(a_count_that_the_bytes_cannot_hold_is_refused_before_any_use)
{
	static const struct vector_rule rule = {"things", "LIMIT_NAME", 3, 2};
	struct sv_error error = SV_ERROR_INIT;
	uint32_t count;
	struct reader many = reader_of(BYTES("\xff\xff\xff\xff\x0f\0\0\0\0"), &error);
	CHECK_ERROR(reader_count(&many, &rule, &count), SV_ERROR_MALFORMED, "unexpected end");
	struct reader over = reader_of(BYTES("\4\0\0\0\0\0\0\0\0"), &error);
	CHECK_ERROR(reader_count(&over, &rule, &count), SV_ERROR_LIMIT, "LIMIT_NAME");
	struct reader fits = reader_of(BYTES("\3\0\0\0\0\0\0"), &error);
	CHECK_OK(reader_count(&fits, &rule, &count));
	CHECK_EQ(count, 3);
}

TEST_MAIN()
