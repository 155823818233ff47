/* zstd.c: Zstandard at level 5, and back several times. */
#include <zstd.h>
#include "bench/code/packaged/round_trip.h"

static size_t pack(char *text, size_t size, unsigned char *packed, size_t room)
{
	size_t length = ZSTD_compress(packed, room, text, size, 5);

	return ZSTD_isError(length) ? 0 : length;
}

static bool unpack(unsigned char *packed, size_t length, char *back, size_t size)
{
	return ZSTD_decompress(back, size, packed, length) == size;
}

int main(void)
{
	static const struct codec codec = {"zstd", 2 << 20, 3, 6, pack, unpack};

	return round_trip(&codec);
}
