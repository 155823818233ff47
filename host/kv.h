/*
 * kv.h: key-value stores in memory, shared by all guests of a program. Every operation is atomic;
 * any thread. Keys are kept in the order of their bytes.
 */
#ifndef SELVAGE_HOST_KV_H
#define SELVAGE_HOST_KV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

/* Bytes of a key, of what is said about a value, and of a value. */
#define KV_MAX_KEY 1024u
#define KV_MAX_METADATA 2000u
#define KV_MAX_VALUE (25u * 1024 * 1024)

/* Stores of a program, keys of one, and bytes of all of them, unless kv_keep says fewer. */
#define KV_MAX_STORES 1000u
#define KV_MAX_KEYS 100000u
#define KV_MAX_BYTES (UINT64_C(256) * 1024 * 1024)

/* A value, which does not change: a new one takes its place. */
struct kv_value {
	atomic_uint users;
	uint64_t generation; /* another one for each value */
	uint64_t expires;    /* nanoseconds of CLOCK_MONOTONIC; UINT64_MAX: never */
	bool is_given;       /* not by a guest: it is not kept */
	struct sv_bytes bytes, metadata;
	uint8_t data[];
};

/* Let go of a value. NULL is allowed. */
void kv_value_release(struct kv_value *value);

enum kv_result {
	KV_OK = 0,
	KV_NOT_FOUND,    /* there is no such key */
	KV_PRECONDITION, /* there is one, or it is of another generation */
	KV_TOO_LARGE,    /* the value, its metadata or the key */
	KV_FULL,         /* the store has KV_MAX_KEYS, or all of them kv_most_bytes */
	KV_NOT_KEPT,     /* who keeps values could not */
	KV_NO_MEMORY,
};

enum kv_mode {
	KV_REPLACE = 0,
	KV_ADD,     /* only if it is not there */
	KV_APPEND,  /* behind what is there */
	KV_PREPEND, /* in front of it */
};

struct kv_put {
	enum kv_mode mode;
	struct sv_bytes parts[2]; /* the value, in two pieces */
	struct sv_bytes metadata;
	uint64_t lifetime; /* nanoseconds; 0: for ever */
	bool has_generation;
	uint64_t generation; /* that it must be of, if it is there */
	bool is_given;   /* by who sets up the store, full or not */
	bool *was_there; /* whether the key had a value before; NULL: nobody asks */
};

struct kv;

/*
 * Keep a value, or that there is none (NULL), before others see it; false: that cannot be done, and
 * all stays as it was. Under the lock of the stores.
 */
typedef bool (*kv_keeper)(void *data, const char *store, struct sv_bytes key,
		const struct kv_value *value);

/* No stores. NULL if there is no memory. */
struct kv *kv_new(void);

/* Release it; values that are in use stay. NULL is allowed. */
void kv_free(struct kv *kv);

/* From now on `keeper` is asked about each change of a guest's, and `most` bytes are the limit. */
void kv_keep(struct kv *kv, kv_keeper keeper, void *data, uint64_t most);

uint64_t kv_most_bytes(const struct kv *kv);

/* The generation of the last value; drop the given ones that are not younger than one. */
uint64_t kv_generation(struct kv *kv);
void kv_drop_given(struct kv *kv, int store, uint64_t generation);

/* Add an empty store if there is none of this name; its number, or -1 for too many or no memory. */
int kv_add_store(struct kv *kv, const char *name);

/* Stores that there are. */
size_t kv_store_count(struct kv *kv);

/* The number of a store; -1: there is none. */
int kv_find_store(struct kv *kv, struct sv_bytes name);

/* A value, to be released; NULL: there is none. */
struct kv_value *kv_get(struct kv *kv, int store, struct sv_bytes key);

enum kv_result kv_put(struct kv *kv, int store, struct sv_bytes key, const struct kv_put *put);

enum kv_result kv_delete(struct kv *kv, int store, struct sv_bytes key);

/*
 * Call `take` for each key that begins with `prefix` and comes behind `after`, in order, at most
 * `limit` of them; `take` must not come back here. True if there are more.
 */
bool kv_list(struct kv *kv, int store, struct sv_bytes prefix, struct sv_bytes after, size_t limit,
		void (*take)(void *data, struct sv_bytes key), void *data);

#endif
