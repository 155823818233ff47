/* minilzo.c: miniLZO: fast compression, and back several times. */
#include <stdio.h>
#include <stdlib.h>

#include <minilzo.h>
#include "bench/code/packaged/input.h"

#define SIZE (2 << 20)
#define ROUNDS 6

int main(void)
{
	static char text[SIZE], back[SIZE];
	static unsigned char packed[SIZE + SIZE / 2 + 1000];
	uint32_t sum = 0;

	for (int round = 0; round < ROUNDS; round++) {
		input_text(text, SIZE, (uint32_t)round + 1);
		static lzo_align_t work[LZO1X_1_MEM_COMPRESS / sizeof(lzo_align_t) + 1];
		lzo_uint length = sizeof packed, size = SIZE;

		lzo1x_1_compress((unsigned char *)text, SIZE, packed, &length, work);
		for (int i = 0; i < 4; i++)
			if (lzo1x_decompress_safe(packed, length, (unsigned char *)back, &size,
					    NULL) != LZO_E_OK)
				return 1;
		sum = sum * 31 + input_sum(back, SIZE);
	}
	printf("minilzo %08x\n", sum);
	return 0;
}
