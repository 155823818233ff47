/*
 * server_rest.c: memory that rests is given back, and is what it was when it is used again.
 */
#include "server/rest.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lib/test.h"

enum { SIZE = 12288, WORDS = SIZE / 8 };

static uint64_t *make(struct rest *rest)
{
	uint64_t *words = rest_alloc(rest, SIZE - 100);
	if (!words || rest->size != SIZE)
		abort();
	memset(words, 0, SIZE);
	return words;
}

/* Whether these words come back; they must have been given back meanwhile. */
static bool comes_back(struct rest *rest)
{
	static uint64_t before[WORDS], none[WORDS];
	memcpy(before, rest->memory, SIZE);
	rest_begin(rest);
	if (!rest->packed || memcmp(rest->memory, none, SIZE) != 0)
		return false;
	rest_begin(rest); /* it rests already */
	rest_wake(rest);
	return !rest->packed && memcmp(rest->memory, before, SIZE) == 0;
}

TEST(zeros_come_back)
{
	struct rest rest;
	make(&rest);
	CHECK(comes_back(&rest));
	free(rest.memory);
}

TEST(words_at_both_ends_come_back)
{
	struct rest rest;
	uint64_t *words = make(&rest);
	words[0] = 1;
	words[WORDS - 1] = UINT64_C(1) << 63;
	CHECK(comes_back(&rest));
	words[WORDS - 2] = 7;
	CHECK(comes_back(&rest));
	free(rest.memory);
}

TEST(any_words_come_back_again_and_again)
{
	struct rest rest;
	uint64_t *words = make(&rest);
	srand(5);
	for (unsigned turn = 0; turn < 200; turn++) {
		memset(words, 0, SIZE);
		for (unsigned i = 0; i < turn * 3; i++)
			words[(unsigned)rand() % WORDS] = (uint64_t)rand();
		CHECK_MSG(comes_back(&rest), "%u", turn);
	}
	free(rest.memory);
}

TEST(what_would_not_be_less_stays)
{
	struct rest rest;
	uint64_t *words = make(&rest);
	memset(words, 1, SIZE / 2);
	rest_begin(&rest);
	CHECK(!rest.packed);
	CHECK_EQ(words[0], UINT64_C(0x0101010101010101));
	free(rest.memory);
}

TEST(without_memory_there_is_nothing_to_rest)
{
	struct rest rest = {0};
	rest_begin(&rest);
	rest_wake(&rest);
	CHECK(!rest.packed);
}

TEST_MAIN()
