/*
 * json.c: text from guests for output.
 */
#include "cli/json.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *json_text(const char *bytes, size_t length)
{
	json_t *string = json_stringn(bytes ? bytes : "", bytes ? length : 0);
	if (string)
		return string;
	char *copy = malloc(length + 1);
	if (!copy)
		return json_string("");
	for (size_t i = 0; i < length; i++)
		copy[i] = (bytes[i] & 0x80) ? '?' : bytes[i];
	string = json_stringn(copy, length);
	free(copy);
	return string;
}

void text_of_name(const char *bytes, size_t length, char *text, size_t size)
{
	size_t at = 0;
	for (size_t i = 0; i < length && at + 5 < size; i++) {
		unsigned char c = (unsigned char)bytes[i];
		/* U+0080 to U+009F are control characters too: behind 0xc2 in UTF-8. */
		bool is_wide = c == 0xc2 && i + 1 < length &&
				((unsigned char)bytes[i + 1] & 0xe0) == 0x80;
		if (is_wide)
			c = (unsigned char)bytes[++i];
		if (is_wide || c < 0x20 || c == 0x7f)
			at += (size_t)snprintf(text + at, size - at, "\\x%02x", c);
		else
			text[at++] = (char)c;
	}
	text[at] = '\0';
}
