/* round_trip.h: what programs that try a codec have in common: texts, packed and unpacked. */
#ifndef SELVAGE_BENCH_ROUND_TRIP_H
#define SELVAGE_BENCH_ROUND_TRIP_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/code/packaged/input.h"

struct codec {
	const char *name;
	size_t size;       /* of a text */
	int rounds, times; /* texts, and how often each is unpacked */
	/* How long it is packed; 0: it failed. */
	size_t (*pack)(char *text, size_t size, unsigned char *packed, size_t room);
	/* False unless it is `size` bytes again. */
	bool (*unpack)(unsigned char *packed, size_t length, char *back, size_t size);
};

/* The program: its exit code. */
static inline int round_trip(const struct codec *codec)
{
	size_t size = codec->size, room = size + size / 2 + 1000;
	char *text = malloc(size), *back = malloc(size);
	unsigned char *packed = malloc(room);
	uint32_t sum = 0;

	if (!text || !back || !packed)
		return 1;
	for (int round = 0; round < codec->rounds; round++) {
		input_text(text, size, (uint32_t)round + 1);
		size_t length = codec->pack(text, size, packed, room);

		if (!length)
			return 1;
		for (int i = 0; i < codec->times; i++)
			if (!codec->unpack(packed, length, back, size))
				return 1;
		sum = sum * 31 + input_sum(back, size);
	}
	printf("%s %08x\n", codec->name, sum);
	return 0;
}

#endif
