/*
 * kvstore.c: the key-value store that all guests of a program share. "insert" overwrites and
 * "upsert" does not: these are Terrarium's names.
 */
#include <string.h>

#include "host/kv.h"
#include "host/terrarium/terrarium.h"

static void put_fail(struct sv_caller *caller, const struct kv *kv, enum kv_result result,
		struct sv_bytes key, size_t length)
{
	switch (result) {
	case KV_TOO_LARGE:
		sv_caller_set_trap(caller, SV_TRAP_HOST,
				"a key of %zu bytes (1 to %u) with a value of %zu (at most %u)",
				key.length, KV_MAX_KEY, length, KV_MAX_VALUE);
		break;
	case KV_FULL:
		sv_caller_set_trap(caller, SV_TRAP_HOST,
				"the key-value store is full (%u keys, %llu bytes)", KV_MAX_KEYS,
				(unsigned long long)kv_most_bytes(kv));
		break;
	case KV_NOT_KEPT:
		sv_caller_set_trap(caller, SV_TRAP_HOST, "the key-value store cannot be written");
		break;
	default:
		sv_caller_set_trap(caller, SV_TRAP_HOST, "no memory for the key-value store");
	}
}

/* Arguments: key, length, value, length. The result is whether the key is new. */
static enum sv_host_result put(struct sv_caller *caller, enum kv_mode mode, union sv_value *values)
{
	const struct terrarium_service *service = terrarium_of(caller)->service;
	struct kv_put put = {.mode = mode};
	struct sv_bytes key;
	bool was_there = false;
	put.was_there = &was_there;
	if (!terrarium_may_change(caller) ||
			!terrarium_view(caller, terrarium_argument(values, 0),
					terrarium_argument(values, 1), &key) ||
			!terrarium_view(caller, terrarium_argument(values, 2),
					terrarium_argument(values, 3), &put.parts[0]))
		return SV_HOST_TRAP;
	enum kv_result result = kv_put(service->kv, service->store, key, &put);
	if (result != KV_OK && result != KV_PRECONDITION) {
		put_fail(caller, service->kv, result, key, put.parts[0].length);
		return SV_HOST_TRAP;
	}
	values[0].i32 = !was_there;
	return SV_HOST_OK;
}

enum sv_host_result terrarium_kvstore_insert(struct sv_caller *caller, union sv_value *values)
{
	return put(caller, KV_REPLACE, values);
}

enum sv_host_result terrarium_kvstore_upsert(struct sv_caller *caller, union sv_value *values)
{
	return put(caller, KV_ADD, values);
}

enum sv_host_result terrarium_kvstore_append(struct sv_caller *caller, union sv_value *values)
{
	return put(caller, KV_APPEND, values);
}

/* Arguments: where the value goes, where its length goes, key, length. */
enum sv_host_result terrarium_kvstore_get(struct sv_caller *caller, union sv_value *values)
{
	const struct terrarium_service *service = terrarium_of(caller)->service;
	uint32_t pointer_out = terrarium_argument(values, 0),
		 length_out = terrarium_argument(values, 1);
	struct sv_bytes key;
	if (!terrarium_view(caller, terrarium_argument(values, 2), terrarium_argument(values, 3),
			    &key))
		return SV_HOST_TRAP;
	struct kv_value *value = kv_get(service->kv, service->store, key);
	struct sv_bytes bytes = value ? value->bytes : (struct sv_bytes){0};
	bool is_given = terrarium_give(caller, bytes, pointer_out, length_out);
	values[0].i32 = value != NULL;
	kv_value_release(value);
	return terrarium_end(is_given);
}

enum sv_host_result terrarium_kvstore_remove(struct sv_caller *caller, union sv_value *values)
{
	const struct terrarium_service *service = terrarium_of(caller)->service;
	struct sv_bytes key;
	if (!terrarium_may_change(caller) ||
			!terrarium_view(caller, terrarium_argument(values, 0),
					terrarium_argument(values, 1), &key))
		return SV_HOST_TRAP;
	enum kv_result result = kv_delete(service->kv, service->store, key);
	if (result == KV_NOT_KEPT) {
		put_fail(caller, service->kv, result, key, 0);
		return SV_HOST_TRAP;
	}
	values[0].i32 = result == KV_OK;
	return SV_HOST_OK;
}
