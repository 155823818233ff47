/*
 * object.c: objects of the cache and their bodies, which are read while they are written.
 */
#include <stdlib.h>
#include <string.h>

#include "host/cache/inner.h"

/* ---- storing ---- */

static int64_t time_clamp(uint64_t time)
{
	return time > (uint64_t)CACHE_MAX_TIME ? CACHE_MAX_TIME : (int64_t)time;
}

static struct sv_bytes bytes_place(uint8_t **at, struct sv_bytes bytes)
{
	struct sv_bytes own = {*at, bytes.length};
	if (bytes.length)
		memcpy(*at, bytes.data, bytes.length);
	*at += bytes.length;
	return own;
}

/* NULL: no memory. Neither body nor key has it yet. */
static struct cache_object *object_new(const struct cache_lookup *lookup,
		const struct cache_write *write, int64_t now)
{
	struct buffer values = {0};
	struct cache_object *object = NULL;
	size_t length = 0;
	if (vary_values(write->vary, &lookup->request, &values)) {
		length = write->vary.length + write->surrogates.length + write->metadata.length +
				values.length;
		object = calloc(1, sizeof *object + length);
	}
	if (object) {
		uint8_t *at = object->bytes;
		object->vary = bytes_place(&at, write->vary);
		object->surrogates = bytes_place(&at, write->surrogates);
		object->metadata = bytes_place(&at, write->metadata);
		object->values = bytes_place(&at, buffer_view(&values));
		object->inserted = now;
		object->initial_age = time_clamp(write->initial_age);
		object->max_age = time_clamp(write->max_age);
		object->stale_while = time_clamp(write->stale_while);
		object->stale_if_error = time_clamp(write->stale_if_error);
		object->expires = now + object->max_age - object->initial_age;
		object->length = write->length;
		object->is_sensitive = write->is_sensitive;
		object->is_refusal = write->is_refusal;
		object->counted = sizeof *object + length + lookup->key.length +
				sizeof(struct cache_key);
		object->cache = lookup->cache;
		object->users = 1; /* the table's */
	}
	buffer_finish(&values);
	return object;
}

/* Those that it takes the place of: of the same variant, and beyond the limit the oldest. */
static void key_add(struct cache_key *key, struct cache_object *object)
{
	struct cache_object *other = key->objects, *next;
	size_t count = 0;
	object->next = key->objects;
	object->key = key;
	key->objects = object;
	for (; other; other = next) {
		next = other->next;
		bool is_same = other->vary.length == object->vary.length &&
				other->values.length == object->values.length &&
				memcmp(other->vary.data, object->vary.data, other->vary.length) ==
						0 &&
				memcmp(other->values.data, object->values.data,
						other->values.length) == 0;
		if (is_same || ++count >= CACHE_MAX_VARIANTS)
			cache_object_drop(other);
	}
}

/* With a body of its own, unless `body` is one to be shared. */
static enum cache_progress object_store(struct cache_lookup *lookup,
		const struct cache_write *write, int64_t now, struct cache_body *body,
		struct cache_object **stored)
{
	struct cache *cache = lookup->cache;
	struct cache_object *object = object_new(lookup, write, now);
	struct cache_key *key = NULL;
	if (!body && object)
		body = calloc(1, sizeof *body);
	bool has_room = object && body && cache_make_room(cache, object->counted, lookup->object);
	if (has_room)
		key = cache_key_of(cache, buffer_view(&lookup->key));
	if (!key) {
		bool is_full = object && body && !has_room;
		if (body && !body->users)
			free(body);
		free(object);
		return is_full ? CACHE_FULL : CACHE_NO_MEMORY;
	}
	object->body = body;
	body->users++;
	cache->objects++;
	cache->bytes += object->counted;
	key_add(key, object);
	*stored = object;
	return CACHE_READY;
}

static enum cache_progress cache_store(struct cache_lookup *lookup, const struct cache_write *write,
		uint64_t now, struct cache_body *body, struct cache_object **stored)
{
	enum cache_progress progress = object_store(lookup, write, (int64_t)now, body, stored);
	if (progress == CACHE_READY) {
		(*stored)->users++;
		cache_claim_end(lookup);
	}
	return progress;
}

enum cache_progress cache_insert(struct cache_lookup *lookup, const struct cache_write *write,
		uint64_t now, struct cache_object **object)
{
	pthread_mutex_lock(&lookup->cache->lock);
	enum cache_progress progress = cache_store(lookup, write, now, NULL, object);
	pthread_mutex_unlock(&lookup->cache->lock);
	return progress;
}

enum cache_progress cache_update(struct cache_lookup *lookup, const struct cache_write *write,
		uint64_t now)
{
	struct cache_object *object;
	pthread_mutex_lock(&lookup->cache->lock);
	enum cache_progress progress =
			cache_store(lookup, write, now, lookup->object->body, &object);
	if (progress == CACHE_READY) {
		cache_object_leave(lookup->object);
		lookup->object = object;
		lookup->state = CACHE_FOUND | CACHE_USABLE;
	}
	pthread_mutex_unlock(&lookup->cache->lock);
	return progress;
}

struct cache_object *cache_object_use(struct cache_object *object)
{
	pthread_mutex_lock(&object->cache->lock);
	object->users++;
	pthread_mutex_unlock(&object->cache->lock);
	return object;
}

void cache_object_release(struct cache_object *object)
{
	if (!object)
		return;
	struct cache *cache = object->cache;
	pthread_mutex_lock(&cache->lock);
	cache_object_leave(object);
	pthread_mutex_unlock(&cache->lock);
}

/* ---- writing ---- */

static enum cache_progress body_write(struct cache_object *object, struct sv_bytes bytes)
{
	struct cache *cache = object->cache;
	struct buffer *buffer = &object->body->bytes;
	size_t before = buffer->capacity;
	/* What the buffer may grow by: it doubles. */
	if (bytes.length > buffer->capacity - buffer->length &&
			!cache_make_room(cache, (uint64_t)bytes.length + before, object))
		return CACHE_FULL;
	if (!buffer_append(buffer, bytes.data, bytes.length, NULL))
		return CACHE_NO_MEMORY;
	cache->bytes += buffer->capacity - before;
	cache_waiters_wake(&object->body->waiters);
	return CACHE_READY;
}

enum cache_progress cache_write(struct cache_object *object, struct sv_bytes bytes)
{
	enum cache_progress progress = CACHE_READY;
	pthread_mutex_lock(&object->cache->lock);
	if (object->body->state != CACHE_BODY_OPEN)
		progress = CACHE_BROKEN;
	else if (bytes.length)
		progress = body_write(object, bytes);
	pthread_mutex_unlock(&object->cache->lock);
	return progress;
}

static void body_end(struct cache_object *object, enum cache_body_state state)
{
	struct cache_body *body = object->body;
	if (body->state != CACHE_BODY_OPEN)
		return;
	body->state = state;
	cache_waiters_wake(&body->waiters);
	if (state == CACHE_BODY_BROKEN)
		cache_object_drop(object);
}

void cache_write_end(struct cache_object *object)
{
	pthread_mutex_lock(&object->cache->lock);
	bool is_whole = object->length < 0 ||
			(uint64_t)object->length == object->body->bytes.length;
	body_end(object, is_whole ? CACHE_BODY_WHOLE : CACHE_BODY_BROKEN);
	pthread_mutex_unlock(&object->cache->lock);
}

void cache_write_break(struct cache_object *object)
{
	pthread_mutex_lock(&object->cache->lock);
	body_end(object, CACHE_BODY_BROKEN);
	pthread_mutex_unlock(&object->cache->lock);
}

/* ---- reading ---- */

static enum cache_progress body_state(struct cache_object *object, uint64_t at,
		struct cache_waiter *waiter)
{
	struct cache_body *body = object->body;
	if (body->state == CACHE_BODY_BROKEN)
		return CACHE_BROKEN;
	if (at < body->bytes.length)
		return CACHE_READY;
	if (body->state == CACHE_BODY_WHOLE)
		return CACHE_END;
	cache_waiter_join(&body->waiters, waiter);
	return CACHE_LATER;
}

enum cache_progress cache_read(struct cache_object *object, uint64_t at, uint8_t *to, size_t room,
		struct cache_waiter *waiter, size_t *count)
{
	pthread_mutex_lock(&object->cache->lock);
	enum cache_progress progress = body_state(object, at, waiter);
	*count = 0;
	if (progress == CACHE_READY) {
		const struct buffer *bytes = &object->body->bytes;
		size_t left = bytes->length - (size_t)at;
		*count = left < room ? left : room;
		memcpy(to, bytes->data + at, *count);
	}
	pthread_mutex_unlock(&object->cache->lock);
	return progress;
}

enum cache_progress cache_readable(struct cache_object *object, uint64_t at,
		struct cache_waiter *waiter)
{
	pthread_mutex_lock(&object->cache->lock);
	enum cache_progress progress = body_state(object, at, waiter);
	pthread_mutex_unlock(&object->cache->lock);
	return progress;
}

/* ---- asking ---- */

int64_t cache_object_length(struct cache_object *object)
{
	pthread_mutex_lock(&object->cache->lock);
	const struct cache_body *body = object->body;
	int64_t length = body->state == CACHE_BODY_WHOLE ? (int64_t)body->bytes.length
							 : object->length;
	pthread_mutex_unlock(&object->cache->lock);
	return length;
}

uint64_t cache_object_hits(struct cache_object *object)
{
	pthread_mutex_lock(&object->cache->lock);
	uint64_t hits = object->hits;
	pthread_mutex_unlock(&object->cache->lock);
	return hits;
}

int64_t cache_object_age(const struct cache_object *object, uint64_t now)
{
	return object->initial_age + ((int64_t)now - object->inserted);
}
