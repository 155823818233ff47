/* wide.c: 64 by 64 bits to 128, as in curves over 2^255 - 19: field elements of five limbs. */
#include <stdint.h>
#include <stdio.h>

#define ROUNDS 9000000
#define MASK ((1ULL << 51) - 1)

typedef unsigned __int128 wide;

static void multiply(uint64_t *out, const uint64_t *a, const uint64_t *b)
{
	wide sum[5] = {0};
	uint64_t carry = 0;

	for (int i = 0; i < 5; i++)
		for (int j = 0; j < 5; j++)
			sum[(i + j) % 5] += (wide)a[i] * (i + j < 5 ? b[j] : 19 * b[j]);
	for (int i = 0; i < 5; i++) {
		sum[i] += carry;
		out[i] = (uint64_t)sum[i] & MASK;
		carry = (uint64_t)(sum[i] >> 51);
	}
	out[0] += 19 * carry;
	out[1] += out[0] >> 51;
	out[0] &= MASK;
}

int main(void)
{
	uint64_t x[5] = {9, 8, 7, 6, 5}, y[5] = {MASK - 5, 1234567, 3, 1ULL << 50, 77};

	for (int round = 0; round < ROUNDS; round++)
		multiply(x, x, y);
	printf("wide %llx %llx\n", (unsigned long long)x[0], (unsigned long long)x[4]);
	return 0;
}
