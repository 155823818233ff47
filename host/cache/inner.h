/*
 * inner.h: what the files of the cache share. All of it is under the lock.
 */
#ifndef SELVAGE_HOST_CACHE_INNER_H
#define SELVAGE_HOST_CACHE_INNER_H

#include <pthread.h>

#include "host/cache/cache.h"
#include "host/keyed.h"

struct cache {
	pthread_mutex_t lock;
	struct keyed keys;
	size_t objects;
	uint64_t bytes;
};

/* What is known of a key, as long as there are objects, claims or somebody who waits. */
struct cache_key {
	struct keyed_node node; /* first */
	struct cache_object *objects; /* the newest first */
	struct cache_claim *claims;
	struct cache_waiter *waiters;
	uint8_t bytes[];
};

/* Somebody makes an object for requests whose fields have these values. */
struct cache_claim {
	struct cache_claim *next;
	struct cache_key *key;
	struct buffer vary, values;
};

enum cache_body_state { CACHE_BODY_OPEN = 0, CACHE_BODY_WHOLE, CACHE_BODY_BROKEN };

struct cache_body {
	size_t users; /* objects */
	enum cache_body_state state;
	struct buffer bytes; /* what it has room for is counted */
	struct cache_waiter *waiters;
};

/* ---- cache.c ---- */

/* Found or made; NULL: no memory. */
struct cache_key *cache_key_of(struct cache *cache, struct sv_bytes bytes);
struct cache_key *cache_key_find(struct cache *cache, struct sv_bytes bytes);

/* Forget a key of which nothing is known. */
void cache_key_settle(struct cache *cache, struct cache_key *key);

/* It is not found any more. */
void cache_object_drop(struct cache_object *object);

/* Under the lock: one user less. */
void cache_object_leave(struct cache_object *object);

/* Make room for so many bytes, but not at the cost of `keep`; false: what is in use takes it. */
SV_MUST_USE bool cache_make_room(struct cache *cache, uint64_t bytes,
		const struct cache_object *keep);

void cache_waiters_wake(struct cache_waiter **list);
void cache_waiter_join(struct cache_waiter **list, struct cache_waiter *waiter);

/* Nobody waits. */
void cache_waiter_drop(struct cache_waiter *waiter);

/* ---- lookup.c ---- */

/* The lookup has no claim any more. */
void cache_claim_end(struct cache_lookup *lookup);

/* ---- vary.c ---- */

/* The values that a request's fields of these names have. */
SV_MUST_USE bool vary_values(struct sv_bytes vary, const struct host_response *request,
		struct buffer *values);

/* Whether they are these. */
bool vary_matches(struct sv_bytes vary, struct sv_bytes values,
		const struct host_response *request);

/* The next word of a list with spaces between; false: there is none. */
SV_MUST_USE bool vary_next(struct sv_bytes *list, struct sv_bytes *word);

#endif
