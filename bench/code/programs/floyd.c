/* floyd.c: shortest ways between all pairs (Floyd and Warshall), integers. */
#include <stdint.h>
#include <stdio.h>

#include "bench/code/programs/random.h"

#define SIZE 640

static int32_t way[SIZE][SIZE];

int main(void)
{
	uint32_t state = 3, sum = 0;

	for (int i = 0; i < SIZE; i++)
		for (int j = 0; j < SIZE; j++)
			way[i][j] = i == j ? 0 : 1 + (int32_t)(random_next(&state) % 10000);
	for (int k = 0; k < SIZE; k++)
		for (int i = 0; i < SIZE; i++)
			for (int j = 0; j < SIZE; j++) {
				int32_t sum_of_both = way[i][k] + way[k][j];

				if (sum_of_both < way[i][j])
					way[i][j] = sum_of_both;
			}
	for (int i = 0; i < SIZE; i++)
		for (int j = 0; j < SIZE; j++)
			sum = sum * 31 + (uint32_t)way[i][j];
	printf("floyd %08x\n", sum);
	return 0;
}
