/* base64.c: RFC 4648, there and back. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES (3 << 18)
#define ROUNDS 500

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static uint8_t data[BYTES], back[BYTES], values[256];
static char text[BYTES / 3 * 4];

static void encode(void)
{
	char *to = text;

	for (int i = 0; i < BYTES; i += 3) {
		uint32_t group = (uint32_t)data[i] << 16 | (uint32_t)data[i + 1] << 8 | data[i + 2];

		*to++ = alphabet[group >> 18];
		*to++ = alphabet[group >> 12 & 63];
		*to++ = alphabet[group >> 6 & 63];
		*to++ = alphabet[group & 63];
	}
}

static void decode(void)
{
	uint8_t *to = back;

	for (size_t i = 0; i < sizeof text; i += 4) {
		uint32_t group = (uint32_t)values[(uint8_t)text[i]] << 18 |
				(uint32_t)values[(uint8_t)text[i + 1]] << 12 |
				(uint32_t)values[(uint8_t)text[i + 2]] << 6 |
				values[(uint8_t)text[i + 3]];

		*to++ = (uint8_t)(group >> 16);
		*to++ = (uint8_t)(group >> 8);
		*to++ = (uint8_t)group;
	}
}

int main(void)
{
	uint32_t sum = 0;

	for (int i = 0; i < 64; i++)
		values[(uint8_t)alphabet[i]] = (uint8_t)i;
	for (int i = 0; i < BYTES; i++)
		data[i] = (uint8_t)(i * 13 + (i >> 6));
	for (int round = 0; round < ROUNDS; round++) {
		data[round * 17] ^= (uint8_t)round;
		encode();
		decode();
		if (memcmp(data, back, BYTES) != 0)
			abort();
		sum = sum * 31 + (uint8_t)text[round * 97];
	}
	printf("base64 %08x\n", sum);
	return 0;
}
