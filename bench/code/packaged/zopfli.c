/* zopfli.c: Zopfli: deflate with an exhaustive search for matches and codes. */
#include <stdio.h>

#include <zlib_container.h>

#include "bench/code/packaged/input.h"

#define SIZE (40 << 10)

int main(void)
{
	static char text[SIZE];
	unsigned char *packed = NULL;
	size_t length = 0;
	ZopfliOptions options;

	input_text(text, SIZE, 1);
	ZopfliInitOptions(&options);
	options.numiterations = 5;
	ZopfliZlibCompress(&options, (unsigned char *)text, SIZE, &packed, &length);
	printf("zopfli %zu %08x\n", length, input_sum(packed, length));
	return 0;
}
