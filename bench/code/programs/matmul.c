/* matmul.c: product of dense matrices of doubles; the inner loop runs along rows. */
#include <stdio.h>

#define N 320
#define ROUNDS 50

static double a[N][N], b[N][N], c[N][N];

static void multiply(void)
{
	for (int i = 0; i < N; i++)
		for (int k = 0; k < N; k++) {
			double factor = a[i][k];

			for (int j = 0; j < N; j++)
				c[i][j] += factor * b[k][j];
		}
}

int main(void)
{
	double sum = 0;

	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			a[i][j] = (i * j % 7) / 8.0;
			b[i][j] = (i - j) / 16.0;
		}
	for (int round = 0; round < ROUNDS; round++)
		multiply();
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++)
			sum += c[i][j] * (j % 5);
	printf("matmul %.6f\n", sum);
	return 0;
}
