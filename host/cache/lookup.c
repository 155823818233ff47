/*
 * lookup.c: looking for objects, alone or within a transaction; and claims to make them.
 */
#include <stdlib.h>
#include <string.h>

#include "host/cache/inner.h"

static bool fields_copy(struct host_response *to, const struct host_response *from)
{
	for (size_t i = 0; from && i < from->field_count; i++) {
		struct host_header field = host_response_field(from, i);
		TRY(host_response_add(to, field.name, field.value, NULL));
	}
	return true;
}

bool cache_lookup_init(struct cache_lookup *lookup, struct cache *cache, enum cache_space space,
		struct sv_bytes key, const struct host_response *request)
{
	const uint8_t first = (uint8_t)space;
	*lookup = (struct cache_lookup){.cache = cache};
	if (buffer_reserve(&lookup->key, 1 + key.length, NULL) &&
			buffer_append(&lookup->key, &first, 1, NULL) &&
			buffer_append(&lookup->key, key.data, key.length, NULL) &&
			fields_copy(&lookup->request, request))
		return true;
	cache_lookup_finish(lookup);
	return false;
}

struct sv_bytes cache_lookup_key(const struct cache_lookup *lookup)
{
	return (struct sv_bytes){lookup->key.data + 1, lookup->key.length - 1};
}

/* ---- finding ---- */

static void object_take(struct cache_lookup *lookup, struct cache_object *object, unsigned state)
{
	if (lookup->object)
		cache_object_leave(lookup->object);
	lookup->object = object;
	lookup->state = state;
	lookup->is_done = true;
	if (!object)
		return;
	object->users++;
	if (state & CACHE_USABLE)
		object->hits++;
	if (object->key)
		keyed_touch(&lookup->cache->keys, &object->key->node);
}

/* The newest variant for the request, fresh or not. */
static struct cache_object *object_find(const struct cache_lookup *lookup,
		const struct cache_key *key)
{
	struct cache_object *object = key ? key->objects : NULL;
	while (object && !vary_matches(object->vary, object->values, &lookup->request))
		object = object->next;
	return object;
}

/* How it may be used now. */
static unsigned object_state(const struct cache_object *object, int64_t now)
{
	if (now < object->expires)
		return CACHE_FOUND | CACHE_USABLE;
	if (now < object->expires + object->stale_while)
		return CACHE_FOUND | CACHE_USABLE | CACHE_STALE;
	return CACHE_STALE;
}

static bool is_usable_if_error(const struct cache_object *object, int64_t now)
{
	return now < object->expires + object->stale_if_error;
}

void cache_look(struct cache_lookup *lookup, uint64_t now)
{
	struct cache *cache = lookup->cache;
	pthread_mutex_lock(&cache->lock);
	struct cache_object *object =
			object_find(lookup, cache_key_find(cache, buffer_view(&lookup->key)));
	unsigned state = object && !object->is_refusal ? object_state(object, (int64_t)now) : 0;
	bool is_usable = state & CACHE_USABLE;
	object_take(lookup, is_usable ? object : NULL, is_usable ? state : 0);
	pthread_mutex_unlock(&cache->lock);
}

/* ---- claims ---- */

static struct cache_claim *claim_find(const struct cache_lookup *lookup,
		const struct cache_key *key)
{
	struct cache_claim *claim = key->claims;
	while (claim &&
			!vary_matches(buffer_view(&claim->vary), buffer_view(&claim->values),
					&lookup->request))
		claim = claim->next;
	return claim;
}

static void claim_free(struct cache_claim *claim)
{
	buffer_finish(&claim->vary);
	buffer_finish(&claim->values);
	free(claim);
}

/* What it is for is told by what the newest variant depends on. */
static bool claim_make(struct cache_lookup *lookup, struct cache_key *key)
{
	struct sv_bytes vary = key->objects ? key->objects->vary : (struct sv_bytes){0};
	struct cache_claim *claim = calloc(1, sizeof *claim);
	if (!claim)
		return false;
	if (!buffer_append(&claim->vary, vary.data, vary.length, NULL) ||
			!vary_values(vary, &lookup->request, &claim->values)) {
		claim_free(claim);
		return false;
	}
	claim->key = key;
	claim->next = key->claims;
	key->claims = claim;
	lookup->claim = claim;
	return true;
}

void cache_claim_end(struct cache_lookup *lookup)
{
	struct cache_claim *claim = lookup->claim;
	if (!claim)
		return;
	struct cache_key *key = claim->key;
	struct cache_claim **at = &key->claims;
	while (*at != claim)
		at = &(*at)->next;
	*at = claim->next;
	claim_free(claim);
	lookup->claim = NULL;
	lookup->state &= ~(unsigned)CACHE_MUST_INSERT;
	cache_waiters_wake(&key->waiters);
	cache_key_settle(lookup->cache, key);
}

/* Found, or this one is to make it, or it waits for the one who does. */
static enum cache_progress key_claim(struct cache_lookup *lookup, struct cache_key *key,
		int64_t now)
{
	struct cache_object *object = object_find(lookup, key);
	unsigned state = object ? object_state(object, now) : 0;
	if (object && object->is_refusal && !(state & CACHE_STALE)) {
		object_take(lookup, NULL, 0);
		return CACHE_READY;
	}
	if (object && object->is_refusal)
		object = NULL;
	bool is_usable = object && state & CACHE_USABLE;
	bool is_error = object && is_usable_if_error(object, now);
	if (!is_usable && is_error && lookup->waiter.may_be_stale) {
		object_take(lookup, object,
				CACHE_FOUND | CACHE_USABLE | CACHE_STALE | CACHE_USABLE_IF_ERROR);
		return CACHE_READY;
	}
	bool is_claimed = claim_find(lookup, key) != NULL;
	if (!is_usable && is_claimed) {
		cache_waiter_join(&key->waiters, &lookup->waiter);
		return CACHE_LATER;
	}
	bool is_wanted = !is_claimed && (!is_usable || state & CACHE_STALE);
	if (is_wanted && !claim_make(lookup, key))
		return CACHE_NO_MEMORY;
	state = object ? state : 0;
	state |= is_wanted ? CACHE_MUST_INSERT : 0;
	state |= !is_usable && is_error ? CACHE_USABLE_IF_ERROR : 0;
	object_take(lookup, object, state);
	return CACHE_READY;
}

enum cache_progress cache_claim(struct cache_lookup *lookup, struct host_waker *waker, uint64_t now)
{
	struct cache *cache = lookup->cache;
	if (lookup->is_done)
		return CACHE_READY;
	pthread_mutex_lock(&cache->lock);
	lookup->waiter.waker = waker;
	cache_waiter_drop(&lookup->waiter);
	struct cache_key *key = cache_key_of(cache, buffer_view(&lookup->key));
	enum cache_progress progress = key ? key_claim(lookup, key, (int64_t)now) : CACHE_NO_MEMORY;
	if (key)
		cache_key_settle(cache, key);
	pthread_mutex_unlock(&cache->lock);
	return progress;
}

bool cache_seize(struct cache_lookup *lookup, uint64_t now)
{
	struct cache *cache = lookup->cache;
	cache_look(lookup, now);
	pthread_mutex_lock(&cache->lock);
	struct cache_key *key = cache_key_of(cache, buffer_view(&lookup->key));
	bool is_made = key && !claim_find(lookup, key) && claim_make(lookup, key);
	struct cache_object *object = key ? object_find(lookup, key) : NULL;
	if (object)
		cache_object_drop(object);
	else if (key)
		cache_key_settle(cache, key);
	pthread_mutex_unlock(&cache->lock);
	return is_made;
}

void cache_cancel(struct cache_lookup *lookup)
{
	pthread_mutex_lock(&lookup->cache->lock);
	cache_claim_end(lookup);
	pthread_mutex_unlock(&lookup->cache->lock);
}

bool cache_choose_stale(struct cache_lookup *lookup, uint64_t now)
{
	pthread_mutex_lock(&lookup->cache->lock);
	bool is_there = lookup->claim && lookup->object &&
			is_usable_if_error(lookup->object, (int64_t)now);
	if (is_there) {
		struct cache_waiter *waiter = lookup->claim->key->waiters;
		for (; waiter; waiter = waiter->next)
			waiter->may_be_stale = true;
		cache_claim_end(lookup);
		lookup->state = CACHE_FOUND | CACHE_USABLE | CACHE_STALE | CACHE_USABLE_IF_ERROR;
	}
	pthread_mutex_unlock(&lookup->cache->lock);
	return is_there;
}

void cache_lookup_finish(struct cache_lookup *lookup)
{
	struct cache *cache = lookup->cache;
	if (!cache)
		return;
	pthread_mutex_lock(&cache->lock);
	cache_claim_end(lookup);
	if (lookup->waiter.link) {
		struct cache_key *key = cache_key_find(cache, buffer_view(&lookup->key));
		cache_waiter_drop(&lookup->waiter);
		cache_key_settle(cache, key);
	}
	if (lookup->object)
		cache_object_leave(lookup->object);
	pthread_mutex_unlock(&cache->lock);
	buffer_finish(&lookup->key);
	host_response_finish(&lookup->request);
	*lookup = (struct cache_lookup){0};
}
