/* minilzo.c: miniLZO: fast compression, and back several times. */
#include <minilzo.h>
#include "bench/code/packaged/round_trip.h"

static size_t pack(char *text, size_t size, unsigned char *packed, size_t room)
{
	static lzo_align_t work[LZO1X_1_MEM_COMPRESS / sizeof(lzo_align_t) + 1];
	lzo_uint length = room;

	lzo1x_1_compress((unsigned char *)text, size, packed, &length, work);
	return length;
}

static bool unpack(unsigned char *packed, size_t length, char *back, size_t size)
{
	lzo_uint all = size;

	return lzo1x_decompress_safe(packed, length, (unsigned char *)back, &all, NULL) ==
			LZO_E_OK && all == size;
}

int main(void)
{
	static const struct codec codec = {"minilzo", 2 << 20, 6, 4, pack, unpack};

	return round_trip(&codec);
}
