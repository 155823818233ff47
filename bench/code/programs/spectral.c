/* spectral.c: largest singular value of a matrix given by a formula, by power iteration. */
#include <math.h>
#include <stdio.h>

#define N 2600
#define ITERATIONS 8

static double entry(int i, int j)
{
	return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1);
}

static void apply(const double *in, double *out, int transposed)
{
	for (int i = 0; i < N; i++) {
		double sum = 0;

		for (int j = 0; j < N; j++)
			sum += (transposed ? entry(j, i) : entry(i, j)) * in[j];
		out[i] = sum;
	}
}

int main(void)
{
	static double u[N], v[N], between[N];
	double uv = 0, vv = 0;

	for (int i = 0; i < N; i++)
		u[i] = 1;
	for (int i = 0; i < ITERATIONS; i++) {
		apply(u, between, 0);
		apply(between, v, 1);
		apply(v, between, 0);
		apply(between, u, 1);
	}
	for (int i = 0; i < N; i++) {
		uv += u[i] * v[i];
		vv += v[i] * v[i];
	}
	printf("spectral %.9f\n", sqrt(uv / vv));
	return 0;
}
