/* zstd.c: Zstandard at level 5, and back several times. */
#include <stdio.h>
#include <stdlib.h>

#include <zstd.h>
#include "bench/code/packaged/input.h"

#define SIZE (2 << 20)
#define ROUNDS 3

int main(void)
{
	static char text[SIZE], back[SIZE];
	static unsigned char packed[SIZE + SIZE / 2 + 1000];
	uint32_t sum = 0;

	for (int round = 0; round < ROUNDS; round++) {
		input_text(text, SIZE, (uint32_t)round + 1);
		size_t length = ZSTD_compress(packed, sizeof packed, text, SIZE, 5);

		for (int i = 0; i < 6; i++)
			if (ZSTD_decompress(back, SIZE, packed, length) != SIZE)
				return 1;
		sum = sum * 31 + input_sum(back, SIZE);
	}
	printf("zstd %08x\n", sum);
	return 0;
}
