/* lz.c: a compressor that replaces repetitions by references, and its inverse. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/code/programs/random.h"

#define BYTES (1 << 20)
#define ROUNDS 35
#define HASH_BITS 14
#define LONGEST 258

static uint8_t input[BYTES], packed[2 * BYTES], output[BYTES];
static int last[1 << HASH_BITS];

static uint32_t hash(const uint8_t *at)
{
	uint32_t x = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16;

	return x * 0x9e3779b1u >> (32 - HASH_BITS);
}

static int match(int old, int at)
{
	int n = 0;

	while (n < LONGEST && at + n < BYTES && input[old + n] == input[at + n])
		n++;
	return n;
}

/* A byte below 255 is itself; 255 0 is 255; 255, length - 2, distance (2 bytes) is a match. */
static int pack(void)
{
	int to = 0;

	memset(last, -1, sizeof last);
	for (int at = 0; at < BYTES;) {
		int old = at + 2 < BYTES ? last[hash(input + at)] : -1;
		int length = old >= 0 && at - old < 65536 ? match(old, at) : 0;

		if (at + 2 < BYTES)
			last[hash(input + at)] = at;
		if (length < 5) {
			packed[to++] = input[at];
			if (input[at++] == 255)
				packed[to++] = 0;
			continue;
		}
		packed[to++] = 255;
		packed[to++] = (uint8_t)(length - 3);
		packed[to++] = (uint8_t)(at - old);
		packed[to++] = (uint8_t)((at - old) >> 8);
		at += length;
	}
	return to;
}

static int unpack(int size)
{
	int to = 0;

	for (int at = 0; at < size;) {
		uint8_t byte = packed[at++];

		if (byte != 255) {
			output[to++] = byte;
		} else if (packed[at] == 0) {
			output[to++] = 255;
			at++;
		} else {
			int length = packed[at] + 3,
			    from = to - (packed[at + 1] | packed[at + 2] << 8);

			at += 3;
			while (length--)
				output[to++] = output[from++];
		}
	}
	return to;
}

int main(void)
{
	uint32_t state = 5;
	int size = 0;

	for (int at = 0; at < BYTES;) {
		int from = at > 1000 ? (int)(random_next(&state) % (uint32_t)at) : at;
		int n = (int)(random_next(&state) % 40) + 1;

		for (; n && at < BYTES; n--, at++)
			input[at] = from < at ? input[from++] : (uint8_t)(random_next(&state) >> 7);
		if (at < BYTES)
			input[at++] = (uint8_t)random_next(&state);
	}
	for (int round = 0; round < ROUNDS; round++) {
		size = pack();
		if (unpack(size) != BYTES || memcmp(input, output, BYTES) != 0)
			abort();
		input[round * 1000] ^= 1;
	}
	printf("lz %d\n", size);
	return 0;
}
