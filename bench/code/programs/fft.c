/* fft.c: a Fourier transform of complex doubles, radix 2, in place. */
#include <math.h>
#include <stdio.h>

#define BITS 13
#define SIZE (1 << BITS)
#define ROUNDS 500

static double re[SIZE], im[SIZE], cosines[SIZE / 2], sines[SIZE / 2];

static void exchange(double *a, double *b)
{
	double kept = *a;

	*a = *b;
	*b = kept;
}

static void transform(void)
{
	for (unsigned i = 0, j = 0; i < SIZE; i++) {
		if (i < j) {
			exchange(&re[i], &re[j]);
			exchange(&im[i], &im[j]);
		}
		unsigned bit = SIZE / 2;

		for (; j & bit; bit /= 2)
			j ^= bit;
		j |= bit;
	}
	for (unsigned half = 1, step = SIZE / 2; half < SIZE; half *= 2, step /= 2)
		for (unsigned start = 0; start < SIZE; start += 2 * half)
			for (unsigned k = 0; k < half; k++) {
				unsigned low = start + k, high = low + half;
				double c = cosines[k * step], s = sines[k * step];
				double r = re[high] * c - im[high] * s,
				       i = re[high] * s + im[high] * c;

				re[high] = re[low] - r;
				im[high] = im[low] - i;
				re[low] += r;
				im[low] += i;
			}
}

int main(void)
{
	for (int i = 0; i < SIZE / 2; i++) {
		cosines[i] = cos(6.283185307179586 * i / SIZE);
		sines[i] = -sin(6.283185307179586 * i / SIZE);
	}
	for (int i = 0; i < SIZE; i++)
		re[i] = i * 37 % 101;
	for (int round = 0; round < ROUNDS; round++) {
		transform();
		for (int i = 0; i < SIZE; i++) {
			re[i] /= 90;
			im[i] /= 90;
		}
	}
	printf("fft %.6e\n", re[5]);
	return 0;
}
