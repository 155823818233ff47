/*
 * checksum.c: x86-64: CRC-32 by multiplication without carries, 64 bytes at a time.
 *
 * A message is a polynomial over bits, and its CRC the rest of a division by another one, P. A
 * block that stands n bits in front of another can be added to that, multiplied by x^n mod P:
 * the rest stays the same. So the message is folded onto its last 16 bytes, and only those are
 * divided, by zlib ("Fast CRC Computation for Generic Polynomials Using PCLMULQDQ", Intel 2009).
 */
#include "runtime/arch/checksum.h"

#include <sys/platform/x86.h>
#include <wmmintrin.h>
#include <zlib.h>

/* Code for CPUs with the instruction, in a program for all. */
#define CLMUL __attribute__((target("pclmul")))

/* Below this, setting out costs more than is won. */
static const size_t fold_least = 256;

/*
 * x^(n + 32) mod P for the low and x^(n - 32) mod P for the high half of a block, n bits
 * further on. Bits are mirrored, as in all of this CRC, which puts a product one bit too low:
 * constants are moved up by one.
 */
static const uint64_t over_512[2] = {0x154442bd4, 0x1c6e41596};
static const uint64_t over_128[2] = {0x1751997d0, 0x0ccaa009e};

static __m128i load(const void *from)
{
	return _mm_loadu_si128(from);
}

/* `next` with `block` folded onto it. */
CLMUL static inline __m128i fold(__m128i block, __m128i factors, __m128i next)
{
	__m128i low = _mm_clmulepi64_si128(block, factors, 0x00);
	__m128i high = _mm_clmulepi64_si128(block, factors, 0x11);
	return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

/* At least 64 bytes, in whole blocks of 16. */
CLMUL static uint32_t sum_blocks(uint32_t sum, const uint8_t *bytes, size_t length)
{
	const uint8_t *end = bytes + length;
	__m128i factors = load(over_512), block[4];
	for (int i = 0; i < 4; i++)
		block[i] = load(bytes + 16 * i);
	/* The register of a CRC is the sum's complement, and stands in front of the message. */
	block[0] = _mm_xor_si128(block[0], _mm_cvtsi32_si128((int)~sum));
	for (bytes += 64; end - bytes >= 64; bytes += 64) {
		for (int i = 0; i < 4; i++)
			block[i] = fold(block[i], factors, load(bytes + 16 * i));
	}
	factors = load(over_128);
	for (int i = 1; i < 4; i++)
		block[i] = fold(block[i - 1], factors, block[i]);
	for (; bytes < end; bytes += 16)
		block[3] = fold(block[3], factors, load(bytes));
	uint8_t last[16];
	_mm_storeu_si128((__m128i *)last, block[3]);
	/* A register of zeros in front. */
	return (uint32_t)crc32_z(UINT32_MAX, last, sizeof last);
}

uint32_t checksum_add(uint32_t sum, const uint8_t *bytes, size_t length)
{
	size_t blocks = length & ~(size_t)15;
	if (length < fold_least || !x86_cpu_present(x86_cpu_PCLMULQDQ))
		return (uint32_t)crc32_z(sum, bytes, length);
	sum = sum_blocks(sum, bytes, blocks);
	return (uint32_t)crc32_z(sum, bytes + blocks, length - blocks);
}
