/* bzip2.c: bzip2: sorts blocks, codes them, and back. */
#include <stdio.h>
#include <stdlib.h>

#include <bzlib.h>
#include "bench/code/packaged/input.h"

#define SIZE (900 << 10)
#define ROUNDS 2

void bz_internal_error(int code)
{
	exit(code);
}

int main(void)
{
	static char text[SIZE], back[SIZE];
	static unsigned char packed[SIZE + SIZE / 2 + 1000];
	uint32_t sum = 0;

	for (int round = 0; round < ROUNDS; round++) {
		input_text(text, SIZE, (uint32_t)round + 1);
		unsigned length = sizeof packed, size = SIZE;

		if (BZ2_bzBuffToBuffCompress((char *)packed, &length, text, SIZE, 9, 0, 0) != BZ_OK)
			return 1;
		if (BZ2_bzBuffToBuffDecompress(back, &size, (char *)packed, length, 0, 0) != BZ_OK)
			return 1;
		sum = sum * 31 + input_sum(back, SIZE);
	}
	printf("bzip2 %08x\n", sum);
	return 0;
}
