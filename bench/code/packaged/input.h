/* input.h: what the programs of packages work on, made of the same numbers everywhere. */
#ifndef SELVAGE_BENCH_INPUT_H
#define SELVAGE_BENCH_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bench/code/programs/random.h"

/* Words of a small vocabulary with numbers among them: compresses about as prose does. */
static inline void input_text(char *to, size_t size, uint32_t seed)
{
	static const char syllables[] = "tarimoselunedikapovuhegyxawerobi";
	char word[16];
	size_t at = 0;

	while (at < size) {
		uint32_t number = random_next(&seed), rare = number % 7 == 0;
		uint32_t key = (number >> 8) % (rare ? 20000 : 300), length = 0;

		while (length < 12 && (key || length < 2)) {
			memcpy(word + length, syllables + key % 16 * 2, 2);
			length += 2;
			key /= 16;
		}
		word[length++] = number % 61 == 0 ? '\n' : ' ';
		for (uint32_t i = 0; i < length && at < size; i++)
			to[at++] = word[i];
	}
}

/* FNV-1a (Fowler, Noll, Vo), for a line of output. */
static inline uint32_t input_sum(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint32_t sum = 2166136261;

	for (size_t i = 0; i < size; i++)
		sum = (sum ^ bytes[i]) * 16777619;
	return sum;
}

#endif
