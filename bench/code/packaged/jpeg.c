/* jpeg.c: stb_image_write and stb_image: an image to JPEG, and back. */
#include <stdio.h>
#include <stdlib.h>

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_NO_SIMD
#define STBI_NO_STDIO
#define STBI_WRITE_NO_STDIO
#include <stb_image.h>
#include <stb_image_write.h>

#include "bench/code/packaged/input.h"

#define WIDTH 800
#define HEIGHT 600
#define ROUNDS 5

static unsigned char packed[WIDTH * HEIGHT * 3];
static int packed_size;

static void add(void *context, void *data, int size)
{
	(void)context;
	memcpy(packed + packed_size, data, (size_t)size);
	packed_size += size;
}

int main(void)
{
	static unsigned char image[WIDTH * HEIGHT * 3];
	uint32_t sum = 0, state = 9;

	for (int i = 0; i < WIDTH * HEIGHT; i++) {
		int x = i % WIDTH, y = i / WIDTH;

		image[3 * i] = (unsigned char)(x * y >> 10);
		image[3 * i + 1] = (unsigned char)(x + random_next(&state) % 16);
		image[3 * i + 2] = (unsigned char)(y ^ x >> 3);
	}
	for (int round = 0; round < ROUNDS; round++) {
		int width, height, channels;

		packed_size = 0;
		stbi_write_jpg_to_func(add, NULL, WIDTH, HEIGHT, 3, image, 80 + round);

		unsigned char *back = stbi_load_from_memory(packed, packed_size, &width, &height,
				&channels, 3);

		if (!back)
			return 1;
		sum = sum * 31 + input_sum(back, (size_t)width * (size_t)height * 3);
		free(back);
	}
	printf("jpeg %d %08x\n", packed_size, sum);
	return 0;
}
