/* bzip2.c: bzip2: sorts blocks, codes them, and back. */
#include <bzlib.h>
#include "bench/code/packaged/round_trip.h"

void bz_internal_error(int code)
{
	exit(code);
}

static size_t pack(char *text, size_t size, unsigned char *packed, size_t room)
{
	unsigned length = (unsigned)room;

	if (BZ2_bzBuffToBuffCompress((char *)packed, &length, text, (unsigned)size, 9, 0, 0) !=
			BZ_OK)
		return 0;
	return length;
}

static bool unpack(unsigned char *packed, size_t length, char *back, size_t size)
{
	unsigned all = (unsigned)size;

	return BZ2_bzBuffToBuffDecompress(back, &all, (char *)packed, (unsigned)length, 0, 0) ==
			BZ_OK && all == size;
}

int main(void)
{
	static const struct codec codec = {"bzip2", 900 << 10, 2, 1, pack, unpack};

	return round_trip(&codec);
}
