/* sha256.c: the hash function of FIPS 180-4 over some megabytes. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BYTES (1 << 20)
#define ROUNDS 40

static uint32_t constants[64];

/* Section 4.2.2: fractions of the cube roots of the first 64 primes. */
static void make_constants(void)
{
	for (int n = 2, count = 0; count < 64; n++) {
		int divisor = 2;

		while (n % divisor)
			divisor++;
		if (divisor == n) {
			double root = cbrt(n);

			constants[count++] = (uint32_t)((root - floor(root)) * 4294967296.0);
		}
	}
}

static uint32_t rotate(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static void expand(const uint8_t *block, uint32_t *w)
{
	for (int t = 0; t < 16; t++)
		w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
				(uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
	for (int t = 16; t < 64; t++) {
		uint32_t a = w[t - 15], b = w[t - 2];

		w[t] = (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10) + w[t - 7] +
				(rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[t - 16];
	}
}

static void compress(uint32_t *hash, const uint8_t *block)
{
	uint32_t w[64], s[8];

	expand(block, w);
	memcpy(s, hash, sizeof s);
	for (int t = 0; t < 64; t++) {
		uint32_t e = s[4], a = s[0];
		uint32_t one = s[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
				((e & s[5]) ^ (~e & s[6])) + constants[t] + w[t];
		uint32_t two = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +
				((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));

		memmove(s + 1, s, 7 * sizeof *s);
		s[4] += one;
		s[0] = one + two;
	}
	for (int i = 0; i < 8; i++)
		hash[i] += s[i];
}

int main(void)
{
	static uint8_t data[BYTES];
	uint32_t hash[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
			0x1f83d9ab, 0x5be0cd19};

	make_constants();
	for (int i = 0; i < BYTES; i++)
		data[i] = (uint8_t)(i * 7 + (i >> 8));
	for (int round = 0; round < ROUNDS; round++)
		for (int at = 0; at < BYTES; at += 64)
			compress(hash, data + at);
	printf("sha256 %08x%08x\n", hash[0], hash[7]);
	return 0;
}
