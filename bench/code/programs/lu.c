/* lu.c: a matrix of doubles into a lower and an upper triangle, without pivots. */
#include <stdio.h>

#define SIZE 480
#define ROUNDS 4

static double a[SIZE][SIZE];

static void decompose(void)
{
	for (int i = 0; i < SIZE; i++) {
		for (int j = 0; j < i; j++) {
			for (int k = 0; k < j; k++)
				a[i][j] -= a[i][k] * a[k][j];
			a[i][j] /= a[j][j];
		}
		for (int j = i; j < SIZE; j++)
			for (int k = 0; k < i; k++)
				a[i][j] -= a[i][k] * a[k][j];
	}
}

int main(void)
{
	double sum = 0;

	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < SIZE; i++)
			for (int j = 0; j < SIZE; j++)
				a[i][j] = (i * 13 + j * 7 + round) % 17 + (i == j ? SIZE * 8 : 0);
		decompose();
		for (int i = 0; i < SIZE; i++)
			sum += a[i][i];
	}
	printf("lu %.6f\n", sum);
	return 0;
}
