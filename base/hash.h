/*
 * hash.h: hashes for tables whose contents a stranger may choose. They are keyed with random
 * numbers of the process: who does not know them cannot choose what meets in one bucket. Nothing
 * that is kept or printed may depend on them.
 */
#ifndef SELVAGE_BASE_HASH_H
#define SELVAGE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t words[2];
};

/* Being computed: SipHash-2-4 (Aumasson and Bernstein, 2012) over 64-bit words. */
struct hash {
	uint64_t v[4];
	uint64_t words; /* added */
};

/* The key of this process; any thread. */
struct hash_key hash_process_key(void);

struct hash hash_begin(struct hash_key key);
void hash_add(struct hash *hash, uint64_t word);

/* Bytes and their number, so that what follows them is told from them. */
void hash_add_bytes(struct hash *hash, const void *bytes, size_t length);

uint64_t hash_end(const struct hash *hash);

#endif
