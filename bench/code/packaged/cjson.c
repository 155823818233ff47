/* cjson.c: cJSON: a document parsed to a tree and printed, again and again. */
#include <stdio.h>
#include <stdlib.h>

#include <cJSON.h>

#include "bench/code/packaged/input.h"

#define ROUNDS 30

int main(void)
{
	static char text[1 << 20], words[4096];
	size_t at = 0;
	uint32_t sum = 0;

	input_text(words, sizeof words, 1);
	for (size_t i = 0; i < sizeof words; i++)
		words[i] = words[i] == '\n' ? ' ' : words[i];
	at += (size_t)sprintf(text + at, "[");
	for (int i = 0; i < 2000; i++)
		at += (size_t)sprintf(text + at,
				"%s{\"id\": %d, \"name\": \"%.*s\", \"tags\": [\"%.8s\", true, "
		                "null],"
				" \"price\": %d.%d}",
				i ? ", " : "", i, 20 + i % 40, words + i, words + 2 * i, i * 37,
				i % 4 * 25);
	sprintf(text + at, "]");
	for (int round = 0; round < ROUNDS; round++) {
		cJSON *tree = cJSON_Parse(text);
		char *printed = cJSON_PrintUnformatted(tree);

		sum = sum * 31 + input_sum(printed, strlen(printed));
		free(printed);
		cJSON_Delete(tree);
	}
	printf("cjson %08x\n", sum);
	return 0;
}
