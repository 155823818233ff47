/* distance.c: edits that turn one text into another (Wagner and Fischer), two rows at a time. */
#include <stdint.h>
#include <stdio.h>

#include "bench/code/programs/random.h"

#define LENGTH 3000
#define ROUNDS 18

static char first[LENGTH], second[LENGTH];

static int least(int a, int b, int c)
{
	int low = a < b ? a : b;

	return low < c ? low : c;
}

static int distance(void)
{
	static int rows[2][LENGTH + 1];

	for (int j = 0; j <= LENGTH; j++)
		rows[0][j] = j;
	for (int i = 1; i <= LENGTH; i++) {
		int *above = rows[(i - 1) % 2], *row = rows[i % 2];

		row[0] = i;
		for (int j = 1; j <= LENGTH; j++)
			row[j] = least(above[j] + 1, row[j - 1] + 1,
					above[j - 1] + (first[i - 1] != second[j - 1]));
	}
	return rows[LENGTH % 2][LENGTH];
}

int main(void)
{
	uint32_t state = 11;
	uint32_t sum = 0;

	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < LENGTH; i++) {
			first[i] = (char)(random_next(&state) % 6);
			second[i] = (char)(random_next(&state) % 6);
		}
		sum = sum * 3 + (uint32_t)distance();
	}
	printf("distance %u\n", sum);
	return 0;
}
