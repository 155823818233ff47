/*
 * page.c: x86-64: pages put back by registers of 32 bytes.
 *
 * The C library takes `rep movsb` for a page, whose beginning costs a fifth of the whole.
 */
#include "runtime/arch/page.h"

#include <immintrin.h>
#include <string.h>
#include <sys/platform/x86.h>

#include "abi/limits.h"

/* Code for CPUs with these registers, in a program for all. */
#define AVX __attribute__((target("avx")))

AVX static void page_put_avx(uint8_t *page, const uint8_t *source)
{
	__m256i *to = (__m256i *)page, *end = to + SV_HOST_PAGE / sizeof *to;
	const __m256i *from = (const __m256i *)source;
	const __m256i zeros = _mm256_setzero_si256();
	if (!source) {
		for (; to < end; to++)
			_mm256_store_si256(to, zeros);
		return;
	}
	for (; to < end; to += 4, from += 4) {
		__m256i a = _mm256_load_si256(from), b = _mm256_load_si256(from + 1);
		__m256i c = _mm256_load_si256(from + 2), d = _mm256_load_si256(from + 3);
		_mm256_store_si256(to, a);
		_mm256_store_si256(to + 1, b);
		_mm256_store_si256(to + 2, c);
		_mm256_store_si256(to + 3, d);
	}
}

static void page_put_any(uint8_t *page, const uint8_t *source)
{
	if (source)
		memcpy(page, source, SV_HOST_PAGE);
	else
		memset(page, 0, SV_HOST_PAGE);
}

page_put page_put_choose(void)
{
	return x86_cpu_active(x86_cpu_AVX) ? page_put_avx : page_put_any;
}
