/* crc32.c: the checksum of zlib and PNG, a table of 256 entries, a byte at a time. */
#include <stdint.h>
#include <stdio.h>

#define BYTES (1 << 20)
#define ROUNDS 140

int main(void)
{
	static uint32_t table[256];
	static uint8_t data[BYTES];
	uint32_t crc = 0xffffffff;

	for (uint32_t i = 0; i < 256; i++) {
		uint32_t x = i;

		for (int bit = 0; bit < 8; bit++)
			x = x & 1 ? x >> 1 ^ 0xedb88320 : x >> 1;
		table[i] = x;
	}
	for (int i = 0; i < BYTES; i++)
		data[i] = (uint8_t)(i ^ i >> 7);
	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < BYTES; i++)
			crc = table[(crc ^ data[i]) & 255] ^ crc >> 8;
	printf("crc32 %08x\n", ~crc);
	return 0;
}
