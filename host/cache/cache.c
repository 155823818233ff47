/*
 * cache.c: keys, room, and purging. See cache.h.
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "host/cache/inner.h"

struct cache *cache_new(void)
{
	struct cache *cache = calloc(1, sizeof *cache);
	if (cache)
		pthread_mutex_init(&cache->lock, NULL);
	return cache;
}

void cache_free(struct cache *cache)
{
	if (!cache)
		return;
	while (cache->keys.oldest) {
		struct cache_key *key = (struct cache_key *)cache->keys.oldest;
		check(key->objects && !key->claims && !key->waiters);
		cache_object_drop(key->objects);
	}
	check(!cache->objects && !cache->bytes);
	keyed_finish(&cache->keys);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

/* ---- keys ---- */

struct cache_key *cache_key_find(struct cache *cache, struct sv_bytes bytes)
{
	return (struct cache_key *)keyed_find(&cache->keys, bytes);
}

struct cache_key *cache_key_of(struct cache *cache, struct sv_bytes bytes)
{
	struct cache_key *key = cache_key_find(cache, bytes);
	if (key) {
		keyed_touch(&cache->keys, &key->node);
		return key;
	}
	key = calloc(1, sizeof *key + bytes.length);
	if (!key)
		return NULL;
	if (bytes.length)
		memcpy(key->bytes, bytes.data, bytes.length);
	key->node.key = (struct sv_bytes){key->bytes, bytes.length};
	if (keyed_add(&cache->keys, &key->node))
		return key;
	free(key);
	return NULL;
}

void cache_key_settle(struct cache *cache, struct cache_key *key)
{
	if (key->objects || key->claims || key->waiters)
		return;
	keyed_remove(&cache->keys, &key->node);
	free(key);
}

/* ---- who waits ---- */

void cache_waiter_join(struct cache_waiter **list, struct cache_waiter *waiter)
{
	if (waiter->link)
		return;
	waiter->next = *list;
	waiter->link = list;
	if (*list)
		(*list)->link = &waiter->next;
	*list = waiter;
}

void cache_waiter_drop(struct cache_waiter *waiter)
{
	if (!waiter->link)
		return;
	*waiter->link = waiter->next;
	if (waiter->next)
		waiter->next->link = waiter->link;
	waiter->link = NULL;
	waiter->next = NULL;
}

void cache_waiter_leave(struct cache *cache, struct cache_waiter *waiter)
{
	pthread_mutex_lock(&cache->lock);
	cache_waiter_drop(waiter);
	pthread_mutex_unlock(&cache->lock);
}

void cache_waiters_wake(struct cache_waiter **list)
{
	while (*list) {
		struct cache_waiter *waiter = *list;
		cache_waiter_drop(waiter);
		waiter->waker->wake(waiter->waker);
	}
}

/* ---- objects and room ---- */

static void object_free(struct cache_object *object)
{
	struct cache *cache = object->cache;
	struct cache_body *body = object->body;
	cache->objects--;
	cache->bytes -= object->counted;
	if (--body->users == 0) {
		cache->bytes -= body->bytes.capacity;
		buffer_finish(&body->bytes);
		free(body);
	}
	free(object);
}

void cache_object_leave(struct cache_object *object)
{
	if (--object->users == 0)
		object_free(object);
}

void cache_object_drop(struct cache_object *object)
{
	struct cache_key *key = object->key;
	if (!key)
		return;
	struct cache_object **at = &key->objects;
	while (*at != object)
		at = &(*at)->next;
	*at = object->next;
	object->key = NULL;
	cache_key_settle(object->cache, key);
	cache_object_leave(object);
}

/* What is being written is not dropped: somebody may wait for it. */
static void key_evict(struct cache_key *key, const struct cache_object *keep)
{
	struct cache_object *object = key->objects, *next;
	for (; object; object = next) {
		next = object->next;
		if (object->body->state == CACHE_BODY_OPEN || object == keep)
			continue;
		cache_object_drop(object); /* with the last one the key may go */
	}
}

static bool has_room(const struct cache *cache, uint64_t bytes)
{
	return cache->objects < CACHE_MAX_OBJECTS && cache->bytes <= CACHE_MAX_BYTES - bytes;
}

bool cache_make_room(struct cache *cache, uint64_t bytes, const struct cache_object *keep)
{
	struct keyed_node *node = cache->keys.oldest, *next;
	if (bytes > CACHE_MAX_BYTES)
		return false;
	for (; node && !has_room(cache, bytes); node = next) {
		next = node->newer;
		key_evict((struct cache_key *)node, keep);
	}
	return has_room(cache, bytes);
}

/* ---- purging ---- */

static bool object_has(const struct cache_object *object, struct sv_bytes surrogate)
{
	struct sv_bytes list = object->surrogates, word;
	while (vary_next(&list, &word)) {
		if (word.length == surrogate.length &&
				memcmp(word.data, surrogate.data, word.length) == 0)
			return true;
	}
	return false;
}

/* The first that is to go. */
static struct cache_object *key_find(const struct cache_key *key, struct sv_bytes surrogate)
{
	struct cache_object *object = key->objects;
	while (object && !object_has(object, surrogate))
		object = object->next;
	return object;
}

static size_t key_purge_soft(struct cache_key *key, struct sv_bytes surrogate, int64_t now)
{
	size_t count = 0;
	for (struct cache_object *object = key->objects; object; object = object->next) {
		if (!object_has(object, surrogate))
			continue;
		if (object->expires > now)
			object->expires = now;
		count++;
	}
	return count;
}

static size_t key_purge(struct cache_key *key, struct sv_bytes surrogate)
{
	size_t count = 0;
	struct cache_object *object = key_find(key, surrogate);
	while (object) {
		/* The key goes with its last object. */
		bool is_last = key->objects == object && !object->next && !key->claims &&
				!key->waiters;
		cache_object_drop(object);
		count++;
		object = is_last ? NULL : key_find(key, surrogate);
	}
	return count;
}

/* In steps, between which others have their turn; what is used all the time ends that. */
size_t cache_purge(struct cache *cache, struct sv_bytes surrogate, bool is_soft, uint64_t now)
{
	static const size_t step = 256;
	struct keyed_walk walk;
	struct keyed_node *node;
	size_t count = 0, met = 0;
	pthread_mutex_lock(&cache->lock);
	keyed_walk_begin(&cache->keys, &walk);
	while ((node = keyed_walk_next(&walk))) {
		struct cache_key *key = (struct cache_key *)node;
		count += is_soft ? key_purge_soft(key, surrogate, (int64_t)now)
				 : key_purge(key, surrogate);
		if (++met % step || met > 2 * (size_t)CACHE_MAX_OBJECTS)
			continue;
		pthread_mutex_unlock(&cache->lock);
		sched_yield();
		pthread_mutex_lock(&cache->lock);
	}
	keyed_walk_end(&cache->keys, &walk);
	pthread_mutex_unlock(&cache->lock);
	return count;
}
