/* random.h: the same numbers on every machine, for the programs to work on. */
#ifndef SELVAGE_BENCH_RANDOM_H
#define SELVAGE_BENCH_RANDOM_H

#include <stdint.h>

/* Xorshift (G. Marsaglia, 2003), period 2^32 - 1; `state` must not be 0. */
static inline uint32_t random_next(uint32_t *state)
{
	uint32_t x = *state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *state = x;
}

#endif
