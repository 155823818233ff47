/* brotli.c: Brotli at quality 5, and back several times. */
#include <brotli/decode.h>
#include <brotli/encode.h>
#include "bench/code/packaged/round_trip.h"

static size_t pack(char *text, size_t size, unsigned char *packed, size_t room)
{
	size_t length = room;

	if (!BrotliEncoderCompress(5, 22, BROTLI_MODE_TEXT, size, (uint8_t *)text, &length, packed))
		return 0;
	return length;
}

static bool unpack(unsigned char *packed, size_t length, char *back, size_t size)
{
	size_t all = size;

	return BrotliDecoderDecompress(length, packed, &all, (uint8_t *)back) ==
			BROTLI_DECODER_RESULT_SUCCESS && all == size;
}

int main(void)
{
	static const struct codec codec = {"brotli", 1 << 20, 3, 5, pack, unpack};

	return round_trip(&codec);
}
