/* pattern.c: a small matcher of expressions that goes back, over lines of text. */
#include <stdint.h>
#include <stdio.h>

#include "bench/code/programs/random.h"

#define LINES 4000
#define ROUNDS 12

static char lines[LINES][64];

static int matches_here(const char *expression, const char *text);

static int matches_one(char wanted, char found)
{
	return found && (wanted == '.' || wanted == found);
}

static int matches_star(char wanted, const char *expression, const char *text)
{
	do
		if (matches_here(expression, text))
			return 1;
	while (matches_one(wanted, *text++));
	return 0;
}

static int matches_here(const char *expression, const char *text)
{
	if (!expression[0])
		return 1;
	if (expression[1] == '*')
		return matches_star(expression[0], expression + 2, text);
	if (expression[0] == '$' && !expression[1])
		return !*text;
	return matches_one(expression[0], *text) && matches_here(expression + 1, text + 1);
}

int main(void)
{
	static const char *const expressions[] = {
			"a.*b.*c", "ab*cd*e", "e.d$", "aa.*bb.*$", "c*d*e*a"};
	uint32_t state = 21, sum = 0;

	for (int i = 0; i < LINES; i++)
		for (int j = 0; j < 60; j++)
			lines[i][j] = (char)('a' + random_next(&state) % 5);
	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < LINES; i++)
			for (uint32_t e = 0; e < sizeof expressions / sizeof *expressions; e++)
				for (int from = round % 3; lines[i][from]; from++)
					if (matches_here(expressions[e], lines[i] + from))
						sum += e + (uint32_t)from;
	printf("pattern %08x\n", sum);
	return 0;
}
