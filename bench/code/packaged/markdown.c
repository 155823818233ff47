/* markdown.c: MD4C: Markdown to HTML. */
#include <stdio.h>

#include <md4c-html.h>

#include "bench/code/packaged/input.h"

#define SIZE (256 << 10)
#define ROUNDS 40

static void add(const char *text, unsigned size, void *data)
{
	uint32_t *sum = data;

	*sum = *sum * 31 + input_sum(text, size);
}

int main(void)
{
	static const char marks[] = "*_`[]()#>-!~&<|";
	static char text[SIZE];
	uint32_t sum = 0, state = 5;

	input_text(text, SIZE, 1);
	for (int i = 0; i < SIZE; i += 1 + (int)(random_next(&state) % 60))
		text[i] = marks[random_next(&state) % (sizeof marks - 1)];
	for (int round = 0; round < ROUNDS; round++)
		if (md_html(text, SIZE, add, &sum, MD_DIALECT_GITHUB, 0) != 0)
			return 1;
	printf("markdown %08x\n", sum);
	return 0;
}
