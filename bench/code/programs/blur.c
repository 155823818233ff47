/* blur.c: a picture of bytes under a 3 by 3 kernel, and its histogram. */
#include <stdint.h>
#include <stdio.h>

#define WIDTH 640
#define HEIGHT 480
#define ROUNDS 300

static uint8_t picture[HEIGHT][WIDTH], blurred[HEIGHT][WIDTH];

static void blur(uint8_t (*to)[WIDTH], uint8_t (*from)[WIDTH])
{
	for (int y = 1; y < HEIGHT - 1; y++)
		for (int x = 1; x < WIDTH - 1; x++)
			to[y][x] = (uint8_t)((from[y - 1][x - 1] + 2 * from[y - 1][x] +
							     from[y - 1][x + 1] +
							     2 * from[y][x - 1] + 4 * from[y][x] +
							     2 * from[y][x + 1] +
							     from[y + 1][x - 1] +
							     2 * from[y + 1][x] +
							     from[y + 1][x + 1] + 8) >>
					4);
}

int main(void)
{
	static uint32_t histogram[256];
	uint32_t sum = 0;

	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++)
			picture[y][x] = (uint8_t)(x * 7 ^ y * 13);
	for (int round = 0; round < ROUNDS; round++) {
		blur(blurred, picture);
		blur(picture, blurred);
		for (int y = 0; y < HEIGHT; y++)
			for (int x = 0; x < WIDTH; x++)
				histogram[picture[y][x]]++;
	}
	for (int i = 0; i < 256; i++)
		sum = sum * 31 + histogram[i];
	printf("blur %08x\n", sum);
	return 0;
}
