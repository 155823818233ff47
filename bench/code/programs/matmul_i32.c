/* matmul_i32.c: product of dense matrices of integers, for loops a compiler may vectorize. */
#include <stdint.h>
#include <stdio.h>

#define N 320
#define ROUNDS 70

static uint32_t a[N][N], b[N][N], c[N][N];

static void multiply(void)
{
	for (int i = 0; i < N; i++)
		for (int k = 0; k < N; k++) {
			uint32_t factor = a[i][k];

			for (int j = 0; j < N; j++)
				c[i][j] += factor * b[k][j];
		}
}

int main(void)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < N; i++)
		for (uint32_t j = 0; j < N; j++) {
			a[i][j] = i * 31 + j;
			b[i][j] = i ^ (j << 3) ^ 0x5bd1e995;
		}
	for (int round = 0; round < ROUNDS; round++)
		multiply();
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++)
			sum = (sum << 5 | sum >> 27) ^ c[i][j];
	printf("matmul_i32 %08x\n", sum);
	return 0;
}
