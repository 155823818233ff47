/*
 * cache.h: a cache of bodies and what is said about them, in memory, shared by all guests of a
 * service; any thread. Objects have a key, and variants that fields of the request choose. Who
 * looks for one within a transaction and does not find it gets the claim to make it, while others
 * who want the same wait. A body can be read while it is still being written.
 *
 * Times are nanoseconds, of CLOCK_MONOTONIC where they are points in time. Who is told LATER is
 * woken when it is worth asking again. What an object takes counts until its last user lets go of
 * it; for a new one, those that were not asked for the longest are dropped.
 */
#ifndef SELVAGE_HOST_CACHE_CACHE_H
#define SELVAGE_HOST_CACHE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "host/host.h"

/* Bytes of a key, of a list of surrogate keys, of one, of metadata and of a list of fields. */
#define CACHE_MAX_KEY 4096u
#define CACHE_MAX_SURROGATES (16u * 1024)
#define CACHE_MAX_SURROGATE 1024u
#define CACHE_MAX_METADATA (128u * 1024)
#define CACHE_MAX_VARY 1024u

/* Variants of a key, objects of a cache, bytes of all of them. */
#define CACHE_MAX_VARIANTS 64u
#define CACHE_MAX_OBJECTS 65536u
#define CACHE_MAX_BYTES (UINT64_C(256) * 1024 * 1024)

/* Whose keys: what is stored under one of these is not found under the same one of those. */
enum cache_space { CACHE_OBJECTS = 'o', CACHE_RESPONSES = 'r' };

/* Longer times are as long as this: about thirty years. */
#define CACHE_MAX_TIME (INT64_C(1) << 60)

struct cache;
struct cache_claim;
struct cache_body;
struct cache_key;

/* What is said about a body. It does not change: a new one takes its place. */
struct cache_object {
	int64_t inserted, initial_age, max_age, stale_while, stale_if_error;
	int64_t length; /* that was announced; -1: none was */
	bool is_sensitive;
	bool is_refusal; /* no object: what this key stands for is not to be cached */
	struct sv_bytes vary, surrogates, metadata; /* its own */
	struct cache_body *body;

	/* ---- under the cache's lock ---- */
	struct cache *cache;
	struct cache_key *key; /* NULL: it is not found any more */
	struct cache_object *next;
	size_t users;
	size_t counted;
	int64_t expires; /* it is stale from then on */
	uint64_t hits;
	struct sv_bytes values; /* its own; of the fields that `vary` names */
	uint8_t bytes[];
};

/* What is to be stored. */
struct cache_write {
	uint64_t max_age, initial_age, stale_while, stale_if_error;
	int64_t length;
	bool is_sensitive, is_refusal;
	struct sv_bytes vary, surrogates, metadata;
};

/* Somebody who waits. All zero: nobody. */
struct cache_waiter {
	struct host_waker *waker;
	struct cache_waiter *next, **link; /* in a list, if link is not NULL */
	bool may_be_stale; /* the one who had the claim chose what is stale */
};

/* What a lookup has found: flags of the interface's description. */
enum cache_state {
	CACHE_FOUND = 1,
	CACHE_USABLE = 2,
	CACHE_STALE = 4,
	CACHE_MUST_INSERT = 8,
	CACHE_USABLE_IF_ERROR = 16,
};

/* A lookup. All zero is none. */
struct cache_lookup {
	struct cache *cache;
	struct buffer key;            /* its space, then the key itself */
	struct host_response request; /* fields that variants may depend on */
	struct cache_object *object;  /* one use of it is ours; NULL: nothing */
	struct cache_claim *claim;    /* ours; NULL: none */
	unsigned state;
	bool is_done;
	struct cache_waiter waiter;
};

enum cache_progress {
	CACHE_LATER = 0,
	CACHE_READY,
	CACHE_END,
	CACHE_BROKEN,    /* its writer gave up */
	CACHE_FULL,      /* what is in use takes all there may be */
	CACHE_NO_MEMORY,
};

/* NULL: no memory. All lookups and objects must have been let go of; NULL is allowed. */
struct cache *cache_new(void);
void cache_free(struct cache *cache);

/* ---- lookups (lookup.c) ---- */

/* Begin one; the key and the fields, of which there may be none, are copied. False: no memory. */
SV_MUST_USE bool cache_lookup_init(struct cache_lookup *lookup, struct cache *cache,
		enum cache_space space, struct sv_bytes key, const struct host_response *request);

/* The key that it was begun with. */
struct sv_bytes cache_lookup_key(const struct cache_lookup *lookup);

/* Let go of everything; a claim goes to another one who waits. */
void cache_lookup_finish(struct cache_lookup *lookup);

/* What there is now, fresh or usable while it is stale. */
void cache_look(struct cache_lookup *lookup, uint64_t now);

/* The same within a transaction: LATER while another one makes it, READY or NO_MEMORY. */
enum cache_progress cache_claim(struct cache_lookup *lookup, struct host_waker *waker,
		uint64_t now);

/* A claim without waiting or looking, so that others wait; false: another one has it. */
SV_MUST_USE bool cache_seize(struct cache_lookup *lookup, uint64_t now);

/* The claim goes to another one. */
void cache_cancel(struct cache_lookup *lookup);

/* Whoever waits, and this lookup, use what is stale. False: there is nothing of the kind. */
SV_MUST_USE bool cache_choose_stale(struct cache_lookup *lookup, uint64_t now);

/* ---- objects (object.c) ---- */

/* Store; the claim is satisfied. `*object` is to be written, and has a use for that. */
enum cache_progress cache_insert(struct cache_lookup *lookup, const struct cache_write *write,
		uint64_t now, struct cache_object **object);

/* The same with the body of the lookup's object. */
enum cache_progress cache_update(struct cache_lookup *lookup, const struct cache_write *write,
		uint64_t now);

struct cache_object *cache_object_use(struct cache_object *object);
void cache_object_release(struct cache_object *object); /* NULL is allowed */

/* Write to the end of its body; then it is whole, or given up and no longer found. */
enum cache_progress cache_write(struct cache_object *object, struct sv_bytes bytes);
void cache_write_end(struct cache_object *object);
void cache_write_break(struct cache_object *object);

/* Bytes from `at` on: READY with `*count` of them, END, LATER or BROKEN. */
enum cache_progress cache_read(struct cache_object *object, uint64_t at, uint8_t *to, size_t room,
		struct cache_waiter *waiter, size_t *count);

/* READY if it would do something. */
enum cache_progress cache_readable(struct cache_object *object, uint64_t at,
		struct cache_waiter *waiter);

/* Nobody waits. */
void cache_waiter_leave(struct cache *cache, struct cache_waiter *waiter);

/* The length of its body, if it is known; -1: not. */
int64_t cache_object_length(struct cache_object *object);
uint64_t cache_object_hits(struct cache_object *object);
int64_t cache_object_age(const struct cache_object *object, uint64_t now);

/* ---- */

/* Drop all objects with a surrogate key, or make them stale; how many. */
size_t cache_purge(struct cache *cache, struct sv_bytes surrogate, bool is_soft, uint64_t now);

#endif
