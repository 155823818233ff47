/* strings.c: the string functions of the C library on lines of text. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bench/code/programs/random.h"

#define LINES 2000
#define ROUNDS 500

static const char *const words[] = {"warp", "weft", "selvage", "loom", "shuttle", "bobbin",
		"heddle", "reed", "twill", "yarn", "a", "the"};
static char lines[LINES][256];

static void make_lines(void)
{
	uint32_t state = 3;

	for (int i = 0; i < LINES; i++)
		for (uint32_t n = 5 + random_next(&state) % 20; n; n--) {
			strcat(lines[i], words[random_next(&state) % 12]);
			strcat(lines[i], " ");
		}
}

static uint32_t examine(const char *line, const char *other)
{
	char copy[256];
	uint32_t found = (uint32_t)strlen(line);

	strcpy(copy, line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		found = found * 5 + (uint32_t)strlen(word);
	found += strstr(line, "heddle reed") != NULL;
	found += (uint32_t)(strrchr(line, 'w') ? strrchr(line, 'w') - line : 0);
	found += strcmp(line, other) > 0;
	return found + (uint32_t)strcspn(line, "bz");
}

int main(void)
{
	uint32_t sum = 0;

	make_lines();
	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < LINES; i++)
			sum = sum * 3 + examine(lines[i], lines[(i + 1 + round) % LINES]);
	printf("strings %08x\n", sum);
	return 0;
}
