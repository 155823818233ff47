/* lz4.c: LZ4: fast compression, and back many times. */
#include <stdio.h>
#include <stdlib.h>

#include <lz4.h>
#include "bench/code/packaged/input.h"

#define SIZE (4 << 20)
#define ROUNDS 4

int main(void)
{
	static char text[SIZE], back[SIZE];
	static unsigned char packed[SIZE + SIZE / 2 + 1000];
	uint32_t sum = 0;

	for (int round = 0; round < ROUNDS; round++) {
		input_text(text, SIZE, (uint32_t)round + 1);
		int length = LZ4_compress_default(text, (char *)packed, SIZE, (int)sizeof packed);

		for (int i = 0; i < 12; i++)
			if (LZ4_decompress_safe((char *)packed, back, length, SIZE) != SIZE)
				return 1;
		sum = sum * 31 + input_sum(back, SIZE);
	}
	printf("lz4 %08x\n", sum);
	return 0;
}
