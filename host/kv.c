/*
 * kv.c: sorted arrays of keys under one lock. Who gets a value gets a use of it, not a copy, so
 * that only puts hold the lock for as long as a value is to copy.
 */
#include "host/kv.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/host.h"

struct kv_entry {
	struct kv_value *value; /* one use of it is ours */
	uint32_t key_length;
	uint8_t key[];
};

struct kv_store {
	char *name;                /* owned */
	struct kv_entry **entries; /* owned, as what they point to; in the order of keys */
	size_t count, capacity;
};

struct kv {
	pthread_mutex_t lock;
	struct kv_store *stores; /* owned */
	size_t store_count;
	uint64_t bytes, most; /* of keys and values */
	kv_keeper keeper;    /* NULL: nothing is kept */
	void *keeper_data;
	uint64_t generation; /* of the last value */
};

/* ---- values ---- */

void kv_value_release(struct kv_value *value)
{
	if (value && atomic_fetch_sub(&value->users, 1) == 1)
		free(value);
}

static uint8_t *value_add(uint8_t *at, struct sv_bytes bytes)
{
	if (bytes.length)
		memcpy(at, bytes.data, bytes.length);
	return at + bytes.length;
}

static struct kv_value *value_new(const struct sv_bytes *parts, size_t part_count,
		struct sv_bytes metadata)
{
	size_t length = 0;
	for (size_t i = 0; i < part_count; i++)
		length += parts[i].length;
	struct kv_value *value = malloc(sizeof *value + length + metadata.length);
	if (!value)
		return NULL;
	atomic_init(&value->users, 1);
	uint8_t *at = value->data;
	for (size_t i = 0; i < part_count; i++)
		at = value_add(at, parts[i]);
	value->bytes = (struct sv_bytes){value->data, length};
	value->metadata = (struct sv_bytes){at, metadata.length};
	value_add(at, metadata);
	return value;
}

/* ---- keys; all under the lock ---- */

static int bytes_compare(struct sv_bytes a, struct sv_bytes b)
{
	size_t shorter = a.length < b.length ? a.length : b.length;
	int order = shorter ? memcmp(a.data, b.data, shorter) : 0;
	return order ? order : (a.length > b.length) - (a.length < b.length);
}

static struct sv_bytes entry_key(const struct kv_entry *entry)
{
	return (struct sv_bytes){entry->key, entry->key_length};
}

static uint64_t entry_size(const struct kv_entry *entry)
{
	const struct kv_value *value = entry->value;
	return sizeof *entry + entry->key_length + sizeof *value + value->bytes.length +
			value->metadata.length;
}

/* Where a key is, or would be. */
static size_t store_find(const struct kv_store *store, struct sv_bytes key, bool *is_there)
{
	size_t low = 0, high = store->count;
	*is_there = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = bytes_compare(entry_key(store->entries[middle]), key);
		if (order == 0) {
			*is_there = true;
			return middle;
		}
		*(order < 0 ? &low : &high) = order < 0 ? middle + 1 : middle;
	}
	return low;
}

static void entry_free(struct kv *kv, struct kv_entry *entry)
{
	kv->bytes -= entry_size(entry);
	kv_value_release(entry->value);
	free(entry);
}

static void store_remove(struct kv *kv, struct kv_store *store, size_t at)
{
	entry_free(kv, store->entries[at]);
	store->count--;
	memmove(store->entries + at, store->entries + at + 1,
			(store->count - at) * sizeof *store->entries);
}

/* Who keeps values is told, too; if it cannot do that, it has the value a while longer. */
static void store_expire(struct kv *kv, struct kv_store *store, size_t at)
{
	const struct kv_entry *entry = store->entries[at];
	if (kv->keeper && !entry->value->is_given)
		(void)kv->keeper(kv->keeper_data, store->name, entry_key(entry), NULL);
	store_remove(kv, store, at);
}

/* The same, without a value whose time is over. */
static size_t store_find_alive(struct kv *kv, struct kv_store *store, struct sv_bytes key,
		bool *is_there)
{
	size_t at = store_find(store, key, is_there);
	if (*is_there && store->entries[at]->value->expires <= host_now()) {
		store_expire(kv, store, at);
		*is_there = false;
	}
	return at;
}

/* Those whose time is over; those that were given until `given`. */
static void store_remove_old(struct kv *kv, struct kv_store *store, uint64_t given)
{
	uint64_t now = host_now();
	size_t kept = 0;
	for (size_t i = 0; i < store->count; i++) {
		struct kv_entry *entry = store->entries[i];
		const struct kv_value *value = entry->value;
		bool is_over = value->expires <= now;
		bool is_dropped = value->is_given && value->generation <= given;
		if (is_over && kv->keeper && !value->is_given)
			(void)kv->keeper(kv->keeper_data, store->name, entry_key(entry), NULL);
		if (is_over || is_dropped)
			entry_free(kv, entry);
		else
			store->entries[kept++] = entry;
	}
	store->count = kept;
}

static enum kv_result store_insert(struct kv_store *store, size_t at, struct sv_bytes key,
		struct kv_value *value)
{
	if (store->count == store->capacity) {
		size_t capacity = store->capacity ? store->capacity * 2 : 16;
		struct kv_entry **entries = realloc(store->entries, capacity * sizeof *entries);
		if (!entries)
			return KV_NO_MEMORY;
		store->entries = entries;
		store->capacity = capacity;
	}
	struct kv_entry *entry = malloc(sizeof *entry + key.length);
	if (!entry)
		return KV_NO_MEMORY;
	entry->value = value;
	entry->key_length = (uint32_t)key.length;
	memcpy(entry->key, key.data, key.length);
	memmove(store->entries + at + 1, store->entries + at,
			(store->count - at) * sizeof *store->entries);
	store->entries[at] = entry;
	store->count++;
	return KV_OK;
}

/* ---- putting ---- */

/* The value that is to be there then, by the mode. */
static struct kv_value *put_value(const struct kv_put *put, const struct kv_value *before)
{
	struct sv_bytes parts[3] = {{0}, put->parts[0], put->parts[1]};
	if (before && put->mode == KV_APPEND)
		parts[0] = before->bytes;
	if (before && put->mode == KV_PREPEND) {
		parts[0] = put->parts[0];
		parts[1] = put->parts[1];
		parts[2] = before->bytes;
	}
	return value_new(parts, ARRAY_LENGTH(parts), put->metadata);
}

static enum kv_result put_check(const struct kv_put *put, const struct kv_value *before)
{
	size_t length = put->parts[0].length + put->parts[1].length;
	if (put->mode == KV_APPEND || put->mode == KV_PREPEND)
		length += before ? before->bytes.length : 0;
	if (before && put->mode == KV_ADD)
		return KV_PRECONDITION;
	if (before && put->has_generation && before->generation != put->generation)
		return KV_PRECONDITION;
	return length > KV_MAX_VALUE ? KV_TOO_LARGE : KV_OK;
}

static enum kv_result put_in(struct kv *kv, struct kv_store *store, struct sv_bytes key,
		const struct kv_put *put)
{
	bool is_there;
	size_t at = store_find_alive(kv, store, key, &is_there);
	struct kv_entry *entry = is_there ? store->entries[at] : NULL;
	if (put->was_there)
		*put->was_there = is_there;
	enum kv_result result = put_check(put, entry ? entry->value : NULL);
	if (result != KV_OK)
		return result;
	struct kv_value *value = put_value(put, entry ? entry->value : NULL);
	if (!value)
		return KV_NO_MEMORY;
	value->generation = kv->generation + 1;
	value->is_given = put->is_given;
	value->expires = put->lifetime ? host_now() + put->lifetime : UINT64_MAX;
	uint64_t size = sizeof *entry + key.length + sizeof *value + value->bytes.length +
			value->metadata.length;
	uint64_t bytes = kv->bytes + size - (entry ? entry_size(entry) : 0);
	bool is_full = bytes > kv->most || (!entry && store->count >= KV_MAX_KEYS);
	if (is_full && !put->is_given)
		result = KV_FULL;
	else if (kv->keeper && !put->is_given &&
					!kv->keeper(kv->keeper_data, store->name, key, value))
		result = KV_NOT_KEPT;
	else if (!entry)
		result = store_insert(store, at, key, value);
	if (result != KV_OK) {
		kv_value_release(value);
		return result;
	}
	kv->generation++;
	kv->bytes = bytes;
	if (entry) {
		kv_value_release(entry->value);
		entry->value = value;
	}
	return KV_OK;
}

enum kv_result kv_put(struct kv *kv, int store, struct sv_bytes key, const struct kv_put *put)
{
	if (!key.length || key.length > KV_MAX_KEY || put->metadata.length > KV_MAX_METADATA)
		return KV_TOO_LARGE;
	pthread_mutex_lock(&kv->lock);
	struct kv_store *in = &kv->stores[store];
	enum kv_result result = put_in(kv, in, key, put);
	if (result == KV_FULL) {
		store_remove_old(kv, in, 0);
		result = put_in(kv, in, key, put);
	}
	pthread_mutex_unlock(&kv->lock);
	return result;
}

/* ---- the rest ---- */

struct kv *kv_new(void)
{
	struct timespec now;
	struct kv *kv = calloc(1, sizeof *kv);
	if (!kv)
		return NULL;
	pthread_mutex_init(&kv->lock, NULL);
	kv->most = KV_MAX_BYTES;
	/* So that no generation is one of a process before. */
	clock_gettime(CLOCK_REALTIME, &now);
	kv->generation = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
	return kv;
}

void kv_free(struct kv *kv)
{
	if (!kv)
		return;
	for (size_t i = 0; i < kv->store_count; i++) {
		struct kv_store *store = &kv->stores[i];
		while (store->count)
			store_remove(kv, store, store->count - 1);
		free(store->entries);
		free(store->name);
	}
	free(kv->stores);
	pthread_mutex_destroy(&kv->lock);
	free(kv);
}

/* Under the lock. */
static int find_store(const struct kv *kv, struct sv_bytes name)
{
	for (size_t i = 0; i < kv->store_count; i++) {
		const char *has = kv->stores[i].name;
		if (strlen(has) == name.length && memcmp(has, name.data, name.length) == 0)
			return (int)i;
	}
	return -1;
}

static int add_store(struct kv *kv, const char *name)
{
	struct kv_store *stores = kv->store_count < KV_MAX_STORES
			? realloc(kv->stores, (kv->store_count + 1) * sizeof *stores)
			: NULL;
	if (!stores)
		return -1;
	kv->stores = stores;
	stores[kv->store_count] = (struct kv_store){.name = strdup(name)};
	if (!stores[kv->store_count].name)
		return -1;
	return (int)kv->store_count++;
}

int kv_find_store(struct kv *kv, struct sv_bytes name)
{
	pthread_mutex_lock(&kv->lock);
	int found = find_store(kv, name);
	pthread_mutex_unlock(&kv->lock);
	return found;
}

int kv_add_store(struct kv *kv, const char *name)
{
	pthread_mutex_lock(&kv->lock);
	int store = find_store(kv, host_text(name));
	if (store < 0)
		store = add_store(kv, name);
	pthread_mutex_unlock(&kv->lock);
	return store;
}

void kv_keep(struct kv *kv, kv_keeper keeper, void *data, uint64_t most)
{
	kv->keeper = keeper;
	kv->keeper_data = data;
	kv->most = most;
}

uint64_t kv_most_bytes(const struct kv *kv)
{
	return kv->most;
}

uint64_t kv_generation(struct kv *kv)
{
	pthread_mutex_lock(&kv->lock);
	uint64_t generation = kv->generation;
	pthread_mutex_unlock(&kv->lock);
	return generation;
}

size_t kv_store_count(struct kv *kv)
{
	pthread_mutex_lock(&kv->lock);
	size_t count = kv->store_count;
	pthread_mutex_unlock(&kv->lock);
	return count;
}

void kv_drop_given(struct kv *kv, int store, uint64_t generation)
{
	pthread_mutex_lock(&kv->lock);
	store_remove_old(kv, &kv->stores[store], generation);
	pthread_mutex_unlock(&kv->lock);
}

struct kv_value *kv_get(struct kv *kv, int store, struct sv_bytes key)
{
	struct kv_value *value = NULL;
	bool is_there;
	pthread_mutex_lock(&kv->lock);
	struct kv_store *in = &kv->stores[store];
	size_t at = store_find_alive(kv, in, key, &is_there);
	if (is_there) {
		value = in->entries[at]->value;
		atomic_fetch_add(&value->users, 1);
	}
	pthread_mutex_unlock(&kv->lock);
	return value;
}

enum kv_result kv_delete(struct kv *kv, int store, struct sv_bytes key)
{
	bool is_there;
	pthread_mutex_lock(&kv->lock);
	struct kv_store *in = &kv->stores[store];
	size_t at = store_find_alive(kv, in, key, &is_there);
	bool is_kept = is_there &&
			(!kv->keeper || kv->keeper(kv->keeper_data, in->name, key, NULL));
	if (is_kept)
		store_remove(kv, in, at);
	pthread_mutex_unlock(&kv->lock);
	return is_kept ? KV_OK : is_there ? KV_NOT_KEPT : KV_NOT_FOUND;
}

static bool has_prefix(struct sv_bytes key, struct sv_bytes prefix)
{
	return key.length >= prefix.length &&
			(!prefix.length || memcmp(key.data, prefix.data, prefix.length) == 0);
}

bool kv_list(struct kv *kv, int store, struct sv_bytes prefix, struct sv_bytes after, size_t limit,
		void (*take)(void *data, struct sv_bytes key), void *data)
{
	bool is_there, has_more = false;
	pthread_mutex_lock(&kv->lock);
	struct kv_store *in = &kv->stores[store];
	store_remove_old(kv, in, 0);
	size_t at = store_find(in, prefix, &is_there);
	if (after.length && bytes_compare(after, prefix) >= 0) {
		at = store_find(in, after, &is_there);
		at += is_there;
	}
	while (at < in->count && has_prefix(entry_key(in->entries[at]), prefix) && !has_more) {
		has_more = limit == 0;
		if (!has_more) {
			take(data, entry_key(in->entries[at++]));
			limit--;
		}
	}
	pthread_mutex_unlock(&kv->lock);
	return has_more;
}
