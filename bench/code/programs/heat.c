/* heat.c: heat in a cube of doubles, seven points a step. */
#include <stdio.h>

#define SIDE 80
#define ROUNDS 150

static double now[SIDE][SIDE][SIDE], next[SIDE][SIDE][SIDE];

static void step(double (*to)[SIDE][SIDE], double (*from)[SIDE][SIDE])
{
	for (int i = 1; i < SIDE - 1; i++)
		for (int j = 1; j < SIDE - 1; j++)
			for (int k = 1; k < SIDE - 1; k++)
				to[i][j][k] = from[i][j][k] +
						0.1 *
								(from[i + 1][j][k] -
										2 * from[i][j][k] +
										from[i - 1][j][k]) +
						0.1 *
								(from[i][j + 1][k] -
										2 * from[i][j][k] +
										from[i][j - 1][k]) +
						0.1 *
								(from[i][j][k + 1] -
										2 * from[i][j][k] +
										from[i][j][k - 1]);
}

int main(void)
{
	for (int i = 0; i < SIDE; i++)
		for (int j = 0; j < SIDE; j++)
			for (int k = 0; k < SIDE; k++)
				now[i][j][k] = next[i][j][k] = (i * 31 + j * 17 + k * 7) % 100;
	for (int round = 0; round < ROUNDS; round++) {
		step(next, now);
		step(now, next);
	}
	printf("heat %.9f\n", now[SIDE / 2][SIDE / 3][SIDE / 4]);
	return 0;
}
