/*
 * host_stored.c: heads of responses as the cache has them: what is not whole is none.
 */
#include <stdlib.h>

#include "host/fastly/http_stored.h"
#include "tests/lib/test.h"

TEST(a_head_is_read_as_it_was_written)
{
	struct host_response head = {.status = 203}, copy = {0};
	struct buffer bytes = {0};
	CHECK(host_response_add(&head, host_text("X-Own"), host_text("a value"), NULL));
	CHECK(host_response_add(&head, host_text("Empty"), host_text(""), NULL));
	CHECK(http_head_write(&head, &bytes));
	CHECK(http_head_read(buffer_view(&bytes), &copy));
	CHECK_EQ(copy.status, 203);
	CHECK_EQ(copy.field_count, 2);
	/* A copy of its own size, so that what is read behind it is seen. */
	for (size_t length = 0; length < bytes.length; length++) {
		uint8_t *part = malloc(length + 1);
		if (!part)
			abort();
		memcpy(part, bytes.data, length);
		host_response_reset(&copy);
		bool is_read = http_head_read((struct sv_bytes){part, length}, &copy);
		CHECK_EQ(copy.field_count <= 2, true);
		/* Between two fields it may end. */
		CHECK(!is_read || copy.field_count < 2);
		free(part);
	}
	host_response_finish(&head);
	host_response_finish(&copy);
	buffer_finish(&bytes);
}

TEST(lengths_that_lie_make_no_head)
{
	static const struct {
		int32_t status;
		uint32_t name_length, value_length;
		char text[2];
	} heads[] = {
			{200, 1, 0x7fffffff, "a"},
			{200, 1u << 24, 0, "a"},
			{200, 0xffffffff, 0xffffffff, "a"},
			{200, 0, 0, ""},
			{-5, 1, 1, "a"},
			{99, 1, 1, "a"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(heads); i++) {
		struct host_response head = {0};
		CHECK(!http_head_read((struct sv_bytes){(const uint8_t *)&heads[i], 14}, &head));
		host_response_finish(&head);
	}
}

TEST_MAIN()
