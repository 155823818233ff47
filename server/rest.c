/*
 * rest.c: packing memory that is mostly zeros. Packed, it is a row of runs: how many words of zeros
 * (16 bits), how many others (16 bits), and the others.
 */
#include "server/rest.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"

struct run {
	uint16_t zeros, others;
};

void *rest_alloc(struct rest *rest, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	check(size && size <= REST_MOST - page);
	size_t whole = (size + page - 1) & ~(page - 1);
	*rest = (struct rest){.memory = aligned_alloc(page, whole), .size = whole};
	return rest->memory;
}

/* The run that begins at a word. */
static struct run run_at(const uint64_t *words, size_t at, size_t count)
{
	size_t zeros = 0, others = 0;
	while (at + zeros < count && !words[at + zeros])
		zeros++;
	at += zeros;
	while (at + others < count && words[at + others])
		others++;
	return (struct run){(uint16_t)zeros, (uint16_t)others};
}

static size_t pack(const struct rest *rest, uint8_t *out)
{
	const uint64_t *words = rest->memory;
	size_t count = rest->size / sizeof *words, length = 0;
	for (size_t at = 0; at < count;) {
		const struct run run = run_at(words, at, count);
		size_t bytes = run.others * sizeof *words;
		at += run.zeros;
		if (out) {
			memcpy(out + length, &run, sizeof run);
			memcpy(out + length + sizeof run, words + at, bytes);
		}
		length += sizeof run + bytes;
		at += run.others;
	}
	return length;
}

void rest_begin(struct rest *rest)
{
	if (!rest->memory || rest->packed)
		return;
	size_t length = pack(rest, NULL);
	if (length > rest->size / 2)
		return;
	rest->packed = malloc(length);
	if (!rest->packed)
		return;
	rest->packed_size = pack(rest, rest->packed);
	/* If that fails, the pages stay as they are. */
	(void)madvise(rest->memory, rest->size, MADV_DONTNEED);
}

void rest_end(struct rest *rest)
{
	uint64_t *words = rest->memory;
	size_t at = 0;
	while (at < rest->packed_size) {
		struct run run;
		memcpy(&run, rest->packed + at, sizeof run);
		at += sizeof run;
		words += run.zeros; /* which they are, whether the system took the page or not */
		memcpy(words, rest->packed + at, run.others * sizeof *words);
		words += run.others;
		at += run.others * sizeof *words;
	}
	/* There may be keys in it. */
	OPENSSL_cleanse(rest->packed, rest->packed_size);
	free(rest->packed);
	rest->packed = NULL;
}
