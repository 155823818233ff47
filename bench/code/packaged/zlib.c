/* zlib.c: zlib: deflate at level 6, inflate. */
#include <stdio.h>
#include <stdlib.h>

#include <zlib.h>
#include "bench/code/packaged/input.h"

#define SIZE (1 << 20)
#define ROUNDS 4

int main(void)
{
	static char text[SIZE], back[SIZE];
	static unsigned char packed[SIZE + SIZE / 2 + 1000];
	uint32_t sum = 0;

	for (int round = 0; round < ROUNDS; round++) {
		input_text(text, SIZE, (uint32_t)round + 1);
		uLongf length = sizeof packed, size = SIZE;

		if (compress2(packed, &length, (Bytef *)text, SIZE, 6) != Z_OK)
			return 1;
		if (uncompress((Bytef *)back, &size, packed, length) != Z_OK || size != SIZE)
			return 1;
		sum = sum * 31 + input_sum(back, SIZE);
	}
	printf("zlib %08x\n", sum);
	return 0;
}
