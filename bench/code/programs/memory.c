/* memory.c: memcpy, memmove, memset, memcmp and memchr of many sizes. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bench/code/programs/random.h"

#define ROUNDS 10000000
#define SPACE 65536

int main(void)
{
	static uint8_t a[2 * SPACE], b[2 * SPACE];
	uint32_t state = 1, sum = 0;

	for (int i = 0; i < SPACE; i++)
		a[i] = b[i] = (uint8_t)(1 + (i >> 8) % 250);
	for (int round = 0; round < ROUNDS; round++) {
		uint32_t number = random_next(&state);
		size_t size = number % 16 ? number >> 8 & 127 : number >> 8 & 4095;
		size_t from = number % SPACE, to = (number >> 5) % SPACE;

		switch (number >> 29) {
		case 0:
		case 1:
			memcpy(b + to, a + from, size);
			break;
		case 2:
			memmove(b + to, b + to + 3, size);
			break;
		case 3:
			memset(b + to, (int)(number & 127) + 1, size);
			break;
		case 4:
		case 5:
			sum += memcmp(a + from, b + from, size) > 0;
			break;
		default:
			sum += memchr(a + from, 251, size) == NULL;
		}
	}
	for (int i = 0; i < SPACE; i++)
		sum = sum * 31 + b[i];
	printf("memory %08x\n", sum);
	return 0;
}
