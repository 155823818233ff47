/* stencil.c: heat spreading over a plate; each cell becomes the mean of its neighbours. */
#include <stdio.h>

#define N 512
#define STEPS 2600

static double now[N][N], next[N][N];

static void step(double (*from)[N], double (*to)[N])
{
	for (int y = 1; y < N - 1; y++)
		for (int x = 1; x < N - 1; x++)
			to[y][x] = 0.2 *
					(from[y][x] + from[y][x - 1] + from[y][x + 1] +
							from[y - 1][x] + from[y + 1][x]);
}

int main(void)
{
	double sum = 0;

	for (int i = 0; i < N; i++)
		now[0][i] = next[0][i] = 100.0;
	for (int i = 0; i < STEPS; i += 2) {
		step(now, next);
		step(next, now);
	}
	for (int y = 0; y < N; y++)
		for (int x = 0; x < N; x++)
			sum += now[y][x];
	printf("stencil %.6f\n", sum);
	return 0;
}
