/* lz4.c: LZ4: fast compression, and back many times. */
#include <lz4.h>
#include "bench/code/packaged/round_trip.h"

static size_t pack(char *text, size_t size, unsigned char *packed, size_t room)
{
	int length = LZ4_compress_default(text, (char *)packed, (int)size, (int)room);

	return length > 0 ? (size_t)length : 0;
}

static bool unpack(unsigned char *packed, size_t length, char *back, size_t size)
{
	return LZ4_decompress_safe((char *)packed, back, (int)length, (int)size) == (int)size;
}

int main(void)
{
	static const struct codec codec = {"lz4", 4 << 20, 4, 12, pack, unpack};

	return round_trip(&codec);
}
