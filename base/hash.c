/*
 * hash.c: SipHash-2-4. Inputs are whole words here, so that its last word, which has the bytes
 * left over, only tells the length.
 */
#include "base/hash.h"

#include <pthread.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>

static struct hash_key process_key;
static pthread_once_t process_key_once = PTHREAD_ONCE_INIT;

/* Where the call is not allowed, what the kernel gave the process when it began is as good. */
static void process_key_make(void)
{
	if (getrandom(&process_key, sizeof process_key, 0) == (ssize_t)sizeof process_key)
		return;
	const void *given = (const void *)getauxval(AT_RANDOM);
	if (given)
		memcpy(&process_key, given, sizeof process_key);
}

struct hash_key hash_process_key(void)
{
	pthread_once(&process_key_once, process_key_make);
	return process_key;
}

static uint64_t rotate(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

static void hash_rounds(uint64_t v[4], unsigned count)
{
	while (count-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

static void hash_mix(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	hash_rounds(v, 2);
	v[0] ^= word;
}

struct hash hash_begin(struct hash_key key)
{
	/* "somepseudorandomlygeneratedbytes" */
	return (struct hash){.v = {key.words[0] ^ UINT64_C(0x736f6d6570736575),
					 key.words[1] ^ UINT64_C(0x646f72616e646f6d),
					 key.words[0] ^ UINT64_C(0x6c7967656e657261),
					 key.words[1] ^ UINT64_C(0x7465646279746573)}};
}

void hash_add(struct hash *hash, uint64_t word)
{
	hash_mix(hash->v, word);
	hash->words++;
}

void hash_add_bytes(struct hash *hash, const void *bytes, size_t length)
{
	const char *at = bytes;
	uint64_t word;
	hash_add(hash, length);
	for (; length >= sizeof word; at += sizeof word, length -= sizeof word) {
		memcpy(&word, at, sizeof word);
		hash_add(hash, word);
	}
	word = 0;
	if (length)
		memcpy(&word, at, length);
	hash_add(hash, word);
}

uint64_t hash_end(const struct hash *hash)
{
	uint64_t v[4];
	memcpy(v, hash->v, sizeof v);
	hash_mix(v, hash->words * sizeof(uint64_t) << 56);
	v[2] ^= 0xff;
	hash_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
