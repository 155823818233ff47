/*
 * platform_ids.c: ids lead back to their number, and nowhere else.
 */
#include "platform/ids.h"

#include <string.h>

#include "tests/lib/test.h"

static const struct seal_key key = {{1, 2, 3}}, other = {{1, 2, 4}};

TEST(an_id_leads_to_its_number)
{
	static const int64_t numbers[] = {1, 2, 255, 256, INT64_MAX};
	char text[ID_SIZE], before[ID_SIZE] = "";
	int64_t found;
	for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
		id_show(&key, ID_BUILD, numbers[i], text);
		CHECK_EQ(strlen(text), ID_SIZE - 1);
		CHECK(strcmp(text, before) != 0);
		CHECK(id_read(&key, ID_BUILD, text, &found));
		CHECK_EQ(found, numbers[i]);
		memcpy(before, text, sizeof before);
		id_show(&key, ID_BUILD, numbers[i], text);
		CHECK_STR(text, before);
	}
}

TEST(what_is_no_id_leads_nowhere)
{
	static const char *const texts[] = {"", "1", "0", "-1", "00000000000000000000000000000001",
			"00000000000000000000000000000000", "ffffffffffffffffffffffffffffffff",
			"0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef0",
			"0123456789abcdef0123456789abcdeg"};
	char text[ID_SIZE];
	int64_t found;
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		CHECK_MSG(!id_read(&key, ID_BUILD, texts[i], &found), "%s", texts[i]);
	id_show(&key, ID_BUILD, 7, text);
	CHECK(!id_read(&key, ID_TOKEN, text, &found));
	CHECK(!id_read(&other, ID_BUILD, text, &found));
	for (size_t i = 0; i < ID_SIZE - 1; i++) {
		char changed[ID_SIZE];
		memcpy(changed, text, sizeof changed);
		changed[i] = text[i] == '0' ? '1' : '0';
		CHECK_MSG(!id_read(&key, ID_BUILD, changed, &found), "digit %zu", i);
	}
	id_show(&key, ID_BUILD, 0, text);
	CHECK(!id_read(&key, ID_BUILD, text, &found));
	id_show(&key, ID_BUILD, -5, text);
	CHECK(!id_read(&key, ID_BUILD, text, &found));
}

TEST_MAIN()
