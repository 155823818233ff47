/* calls.c: nothing but calls through a table of functions, each of which may make another. */
#include <stdint.h>
#include <stdio.h>

#include "bench/code/programs/random.h"

#define ROUNDS 22000000

typedef uint32_t step(uint32_t value, uint32_t left);

static step *volatile *steps;

static uint32_t add(uint32_t value, uint32_t left)
{
	return left ? steps[value & 7](value + left, left - 1) : value;
}

static uint32_t turn(uint32_t value, uint32_t left)
{
	value = value << 7 | value >> 25;
	return left ? steps[value & 7](value, left - 1) : value;
}

static uint32_t mix(uint32_t value, uint32_t left)
{
	return value * 2654435761 + left;
}

static uint32_t flip(uint32_t value, uint32_t left)
{
	return ~value ^ left << 3;
}

int main(void)
{
	static step *volatile table[8] = {add, turn, mix, flip, turn, mix, add, flip};
	uint32_t value = 1;

	steps = table;
	for (uint32_t round = 0; round < ROUNDS; round++)
		value = steps[round & 7](value + round, 6);
	printf("calls %08x\n", value);
	return 0;
}
