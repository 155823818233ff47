/*
 * host_lines.c: what guests log is shown as lines that steer no terminal.
 */
#include "host/lines.h"

#include <string.h>

#include "tests/lib/test.h"

static char shown[4096];

static void take(void *data, const char *trace_id, const char *line, size_t length)
{
	(void)data;
	(void)trace_id;
	size_t used = strlen(shown);
	CHECK(used + length + 2 <= sizeof shown);
	memcpy(shown + used, line, length);
	strcpy(shown + used + length, "|");
}

/* What is logged of a text that is written in parts of `part` bytes. */
static const char *logged(const char *text, size_t part)
{
	const struct host_request request = {0};
	const struct host_guest guest = {.log = take, .log_limit = 3000};
	const struct host_call call = {.guest = &guest, .request = &request};
	struct host_lines lines;
	size_t length = strlen(text);
	shown[0] = '\0';
	host_lines_init(&lines, &call);
	for (size_t at = 0; at < length; at += part)
		host_lines_write(&lines, text + at, length - at < part ? length - at : part);
	host_lines_flush(&lines);
	return shown;
}

TEST(control_characters_are_not_shown)
{
	CHECK_STR(logged("a\tb\033[31m\007\r\nc\177", 100), "a\tb?[31m?|c?|");
}

TEST(nor_those_above_ascii)
{
	for (size_t part = 1; part < 4; part++) {
		CHECK_STR(logged("a\xc2\x9b" "2J\x9b" "1J", part), "a??2J?1J|");
		CHECK_STR(logged("\x80\xc2\x85", part), "???|");
	}
}

TEST(text_in_utf8_is_shown_as_it_is)
{
	/* A cent sign, an en dash, an emoji: the last two have bytes from 0x80 to 0x9f. */
	for (size_t part = 1; part < 4; part++)
		CHECK_STR(logged("\xc2\xa2 \xe2\x80\x93 \xf0\x9f\x98\x80", part),
				"\xc2\xa2 \xe2\x80\x93 \xf0\x9f\x98\x80|");
}

TEST_MAIN()
