/* life.c: Conway's game on a torus, a byte for each cell. */
#include <stdint.h>
#include <stdio.h>

#include "bench/code/programs/random.h"

#define SIDE 256
#define GENERATIONS 1500

static uint8_t cells[2][SIDE][SIDE];

static int neighbours(uint8_t (*from)[SIDE], int y, int x)
{
	int up = (y + SIDE - 1) % SIDE, down = (y + 1) % SIDE;
	int left = (x + SIDE - 1) % SIDE, right = (x + 1) % SIDE;

	return from[up][left] + from[up][x] + from[up][right] + from[y][left] + from[y][right] +
			from[down][left] + from[down][x] + from[down][right];
}

static void generation(uint8_t (*from)[SIDE], uint8_t (*to)[SIDE])
{
	for (int y = 0; y < SIDE; y++)
		for (int x = 0; x < SIDE; x++) {
			int n = neighbours(from, y, x);

			to[y][x] = n == 3 || (n == 2 && from[y][x]);
		}
}

int main(void)
{
	uint32_t state = 9, sum = 0;

	for (int y = 0; y < SIDE; y++)
		for (int x = 0; x < SIDE; x++)
			cells[0][y][x] = random_next(&state) >> 30 == 0;
	for (int i = 0; i < GENERATIONS; i++)
		generation(cells[i % 2], cells[(i + 1) % 2]);
	for (int y = 0; y < SIDE; y++)
		for (int x = 0; x < SIDE; x++)
			sum = sum * 3 + cells[GENERATIONS % 2][y][x];
	printf("life %08x\n", sum);
	return 0;
}
