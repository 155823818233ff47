/* lodepng.c: LodePNG: an image to PNG, with its choice of filters, and back. */
#include <stdio.h>
#include <stdlib.h>

#include <lodepng.h>

#include "bench/code/packaged/input.h"

#define WIDTH 512
#define HEIGHT 320

int main(void)
{
	static unsigned char image[WIDTH * HEIGHT * 4];
	unsigned char *packed, *back;
	unsigned width, height;
	size_t length;
	uint32_t sum = 0, state = 9;

	for (int i = 0; i < WIDTH * HEIGHT; i++) {
		int x = i % WIDTH, y = i / WIDTH;

		image[4 * i] = (unsigned char)(x * y >> 9);
		image[4 * i + 1] = (unsigned char)(x + random_next(&state) % 3);
		image[4 * i + 2] = (unsigned char)(y ^ x >> 3);
		image[4 * i + 3] = 255;
	}
	if (lodepng_encode32(&packed, &length, image, WIDTH, HEIGHT) != 0)
		return 1;
	for (int round = 0; round < 8; round++) {
		if (lodepng_decode32(&back, &width, &height, packed, length) != 0)
			return 1;
		sum = sum * 31 + input_sum(back, (size_t)width * height * 4);
		free(back);
	}
	printf("lodepng %zu %08x\n", length, sum);
	return 0;
}
