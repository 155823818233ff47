/* chacha.c: the stream cipher of RFC 8439, key stream only. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BLOCKS 4000000

static uint32_t rotate(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

static void quarter(uint32_t *s, int a, int b, int c, int d)
{
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 16);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 12);
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 8);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 7);
}

static void block(const uint32_t *state, uint32_t *out)
{
	memcpy(out, state, 64);
	for (int i = 0; i < 10; i++) {
		quarter(out, 0, 4, 8, 12);
		quarter(out, 1, 5, 9, 13);
		quarter(out, 2, 6, 10, 14);
		quarter(out, 3, 7, 11, 15);
		quarter(out, 0, 5, 10, 15);
		quarter(out, 1, 6, 11, 12);
		quarter(out, 2, 7, 8, 13);
		quarter(out, 3, 4, 9, 14);
	}
	for (int i = 0; i < 16; i++)
		out[i] += state[i];
}

int main(void)
{
	uint32_t state[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, out[16], sum = 0;

	for (uint32_t i = 4; i < 16; i++)
		state[i] = i * 0x9e3779b9;
	for (uint32_t i = 0; i < BLOCKS; i++) {
		state[12] = i;
		block(state, out);
		for (int j = 0; j < 16; j++)
			sum = rotate(sum, 5) ^ out[j];
	}
	printf("chacha %08x\n", sum);
	return 0;
}
