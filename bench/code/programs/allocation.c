/* allocation.c: malloc, realloc and free of many sizes, as many live at once. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/code/programs/random.h"

#define LIVE 5000
#define ROUNDS 5000000

int main(void)
{
	static uint8_t *live[LIVE];
	static uint32_t sizes[LIVE];
	uint32_t state = 11, sum = 0;

	for (int round = 0; round < ROUNDS; round++) {
		uint32_t number = random_next(&state), at = number % LIVE;
		uint32_t size = 8 + ((number >> 16) & (number % 32 ? 127 : 4095));

		if (!live[at] || number >> 30 == 0) {
			live[at] = realloc(live[at], size);
			sizes[at] = size;
			live[at][0] = (uint8_t)round;
			live[at][size - 1] = (uint8_t)number;
		} else {
			sum = sum * 31 + live[at][0] + live[at][sizes[at] - 1];
			free(live[at]);
			live[at] = NULL;
		}
	}
	printf("allocation %08x\n", sum);
	return 0;
}
