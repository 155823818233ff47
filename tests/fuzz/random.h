/*
 * random.h: a small random generator with a state of one word, the same on every machine.
 */
#ifndef SELVAGE_TESTS_FUZZ_RANDOM_H
#define SELVAGE_TESTS_FUZZ_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

/* A Weyl sequence through a mixer of two multiplications. */
static inline uint64_t random_next(struct random *random)
{
	uint64_t x = random->state += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
	x = (x ^ x >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	return x ^ x >> 32;
}

/* Module `number` of a run with `seed`; neighbouring numbers share nothing. */
static inline struct random random_of(uint64_t seed, uint64_t number)
{
	struct random random = {seed * UINT64_C(0x2545f4914f6cdd1d) ^ number << 20};
	random.state = random_next(&random) ^ number;
	return random;
}

/* A number below `bound`, which is not 0. */
static inline uint32_t random_below(struct random *random, uint32_t bound)
{
	return (uint32_t)((random_next(random) >> 32) * bound >> 32);
}

/* A number from `least` to `most`. */
static inline uint32_t random_from(struct random *random, uint32_t least, uint32_t most)
{
	return least + random_below(random, most - least + 1);
}

static inline bool random_chance(struct random *random, unsigned percent)
{
	return random_below(random, 100) < percent;
}

#endif
