/* kissfft.c: KISS FFT, forth and back, lengths with small factors. */
#include <stdio.h>
#include <stdlib.h>

#include <kiss_fft.h>

#include "bench/code/packaged/input.h"

#define MAX 4096

int main(void)
{
	static const int lengths[] = {4096, 3000, 2187, 3125, 1024};
	static kiss_fft_cpx a[MAX], b[MAX];
	uint32_t state = 1;
	double sum = 0;

	for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
		int n = lengths[l];
		kiss_fft_cfg forth = kiss_fft_alloc(n, 0, NULL, NULL);
		kiss_fft_cfg back = kiss_fft_alloc(n, 1, NULL, NULL);

		for (int i = 0; i < n; i++)
			a[i] = (kiss_fft_cpx){random_next(&state) % 1000, random_next(&state) % 10};
		for (int round = 0; round < 120; round++) {
			kiss_fft(forth, a, b);
			kiss_fft(back, b, a);
			for (int i = 0; i < n; i++)
				a[i] = (kiss_fft_cpx){a[i].r / n, a[i].i / n};
		}
		sum += b[1].r + b[n / 2].i + a[n / 3].r;
	}
	printf("kissfft %.3f\n", sum);
	return 0;
}
