/* brotli.c: Brotli at quality 5, and back several times. */
#include <stdio.h>
#include <stdlib.h>

#include <brotli/decode.h>
#include <brotli/encode.h>
#include "bench/code/packaged/input.h"

#define SIZE (1 << 20)
#define ROUNDS 3

int main(void)
{
	static char text[SIZE], back[SIZE];
	static unsigned char packed[SIZE + SIZE / 2 + 1000];
	uint32_t sum = 0;

	for (int round = 0; round < ROUNDS; round++) {
		input_text(text, SIZE, (uint32_t)round + 1);
		size_t length = sizeof packed, size = SIZE;

		if (!BrotliEncoderCompress(5, 22, BROTLI_MODE_TEXT, SIZE, (uint8_t *)text, &length,
				    packed))
			return 1;
		for (int i = 0; i < 5; i++)
			if (BrotliDecoderDecompress(length, packed, &size, (uint8_t *)back) !=
					BROTLI_DECODER_RESULT_SUCCESS)
				return 1;
		sum = sum * 31 + input_sum(back, SIZE);
	}
	printf("brotli %08x\n", sum);
	return 0;
}
