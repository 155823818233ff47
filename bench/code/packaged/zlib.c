/* zlib.c: zlib: deflate at level 6, inflate. */
#include <zlib.h>
#include "bench/code/packaged/round_trip.h"

static size_t pack(char *text, size_t size, unsigned char *packed, size_t room)
{
	uLongf length = room;

	return compress2(packed, &length, (Bytef *)text, size, 6) == Z_OK ? length : 0;
}

static bool unpack(unsigned char *packed, size_t length, char *back, size_t size)
{
	uLongf all = size;

	return uncompress((Bytef *)back, &all, packed, length) == Z_OK && all == size;
}

int main(void)
{
	static const struct codec codec = {"zlib", 1 << 20, 4, 1, pack, unpack};

	return round_trip(&codec);
}
