/* xxhash.c: xxHash: the 32-bit, 64-bit and XXH3 hashes, portable code, long and short data. */
#include <stdio.h>

#include <xxhash.h>

#include "bench/code/packaged/input.h"

#define SIZE (1 << 20)
#define ROUNDS 250

int main(void)
{
	static char text[SIZE];
	uint64_t sum = 0;

	input_text(text, SIZE, 1);
	for (unsigned round = 0; round < ROUNDS; round++) {
		sum = sum * 31 + XXH32(text, SIZE, round);
		sum = sum * 31 + XXH64(text, SIZE, round);
		if (round % 5 == 0)
			sum = sum * 31 + XXH3_64bits_withSeed(text, SIZE, round);
		for (unsigned i = 0; i < 2000; i++)
			sum += XXH3_64bits_withSeed(text + i, i % 100, round);
	}
	printf("xxhash %016llx\n", (unsigned long long)sum);
	return 0;
}
