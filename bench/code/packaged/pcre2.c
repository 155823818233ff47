/* pcre2.c: PCRE2's matcher: several expressions over text. */
#include <stdio.h>

#include <pcre2.h>

#include "bench/code/packaged/input.h"

#define SIZE (160 << 10)

static const char *const expressions[] = {"(\\w+)\\s+\\1\\b", "[aeiou]{2,}[^aeiou]r",
		"(?i)^(ta|ri|mo)+se.*$", "(?:lu|ne|di)*ka(po|vu)?\\b", "(?<=mo)\\w(?!r)",
		"\\b(\\w)\\w*(?:ri|se)\\w*\\1?\\b"};

int main(void)
{
	static char text[SIZE];
	uint32_t sum = 0;

	input_text(text, SIZE, 1);
	for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
		int error;
		PCRE2_SIZE offset, at = 0;
		pcre2_code *code = pcre2_compile((PCRE2_SPTR)expressions[i], PCRE2_ZERO_TERMINATED,
				PCRE2_MULTILINE, &error, &offset, NULL);

		if (!code)
			return 1;

		pcre2_match_data *found = pcre2_match_data_create_from_pattern(code, NULL);

		while (at < SIZE &&
				pcre2_match(code, (PCRE2_SPTR)text, SIZE, at, 0, found, NULL) > 0) {
			const PCRE2_SIZE *range = pcre2_get_ovector_pointer(found);

			sum = sum * 31 + (uint32_t)range[0] + (uint32_t)(range[1] - range[0]);
			at = range[1] > range[0] ? range[1] : range[1] + 1;
		}
	}
	printf("pcre2 %08x\n", sum);
	return 0;
}
