/*
 * kv_store.c: key-value stores (fastly_kv_store). Operations are done when they begin; the
 * functions that wait for one give its result and close it.
 */
#include <string.h>

#include "host/fastly/body.h"
#include "host/fastly/kv_ops.h"
#include "host/fastly/settings.h"

/* Keys of a list that says no number, and the most that one has. */
#define MAX_LIST 1000u

/* What the waiting functions give beside their status: fastly_status is for wrong calls. */
enum kv_error {
	KV_ERROR_OK = 1,
	KV_ERROR_BAD_REQUEST,
	KV_ERROR_NOT_FOUND,
	KV_ERROR_PRECONDITION_FAILED,
	KV_ERROR_PAYLOAD_TOO_LARGE,
	KV_ERROR_INTERNAL,
};

static enum kv_error error_of(enum kv_result result)
{
	static const enum kv_error errors[] = {
			[KV_OK] = KV_ERROR_OK,
			[KV_NOT_FOUND] = KV_ERROR_NOT_FOUND,
			[KV_PRECONDITION] = KV_ERROR_PRECONDITION_FAILED,
			[KV_TOO_LARGE] = KV_ERROR_PAYLOAD_TOO_LARGE,
			[KV_FULL] = KV_ERROR_PAYLOAD_TOO_LARGE,
			[KV_NO_MEMORY] = KV_ERROR_INTERNAL,
	};
	return errors[result];
}

enum fastly_status fastly_kv_store_open(struct fastly_call *call)
{
	struct sv_bytes name;
	if (!fastly_bytes(call, 0, &name))
		return FASTLY_INVAL;
	int store = kv_find_store(call->guest->settings->kv, name);
	return store < 0 ? FASTLY_INVAL : fastly_give_u32(call, 2, (uint32_t)store);
}

/* ---- lookup ---- */

enum fastly_status fastly_kv_store_lookup(struct fastly_call *call)
{
	struct sv_bytes key;
	enum fastly_status status = fastly_op_key(call, 0, &key);
	if (status != FASTLY_OK)
		return status;
	struct fastly_op *op = fastly_op_new(call, FASTLY_OP_LOOKUP, 5, &status);
	if (op)
		fastly_op_lookup(call, op, key);
	return status;
}

/* What was found: the body, what is said about it, its generation. */
static enum fastly_status lookup_give(struct fastly_call *call, struct fastly_op *op, bool is_long)
{
	struct sv_bytes metadata = op->value->metadata;
	uint64_t generation = op->value->generation;
	if (metadata.length > fastly_argument(call, 3)) {
		/* It can be asked for again. */
		enum fastly_status status = fastly_give_u32(call, 4, (uint32_t)metadata.length);
		return status == FASTLY_OK ? FASTLY_BUFLEN : status;
	}
	if (!fastly_is_place(call, 2, metadata.length))
		return FASTLY_INVAL;
	/* The body takes the value with it, which has the metadata. */
	enum fastly_status status = fastly_op_give_body(call, op, 1);
	if (status != FASTLY_OK)
		return status;
	(void)fastly_give(call, 2, metadata);
	return is_long ? fastly_give_u64(call, 5, generation) : fastly_give_u32(call, 5, 0);
}

static enum fastly_status lookup_wait(struct fastly_call *call, bool is_long)
{
	struct fastly_op *op = fastly_op_of(call, FASTLY_OP_LOOKUP);
	if (!op)
		return FASTLY_BADF;
	if (!fastly_is_place(call, 1, sizeof(uint32_t)) ||
			!fastly_is_place(call, 4, sizeof(uint32_t)) ||
			!fastly_is_place(call, 5, is_long ? sizeof(uint64_t) : sizeof(uint32_t)) ||
			!fastly_is_place(call, 6, sizeof(uint32_t)))
		return FASTLY_INVAL;
	enum kv_result result = op->result;
	enum fastly_status status = op->value ? lookup_give(call, op, is_long) : FASTLY_OK;
	if (status != FASTLY_OK)
		return status;
	fastly_op_close(call->guest, op);
	return fastly_give_u32(call, 6, error_of(result));
}

/* The older one has room for 32 bits, in which no generation fits. */
enum fastly_status fastly_kv_store_lookup_wait(struct fastly_call *call)
{
	return lookup_wait(call, false);
}

enum fastly_status fastly_kv_store_lookup_wait_v2(struct fastly_call *call)
{
	return lookup_wait(call, true);
}

/* ---- insert ---- */

/* As it is in the guest's memory. */
struct insert_config {
	uint32_t mode, unused;
	uint32_t metadata, metadata_length;
	uint32_t lifetime; /* seconds */
	uint32_t padding;
	uint64_t generation;
};

enum {
	INSERT_METADATA = 1 << 3,
	INSERT_LIFETIME = 1 << 4,
	INSERT_GENERATION = 1 << 5,
};

static enum fastly_status insert_read(struct fastly_call *call, struct kv_put *put)
{
	struct insert_config config;
	uint32_t mask = fastly_argument(call, 4);
	if (!fastly_read(call, fastly_argument(call, 5), &config, sizeof config) ||
			config.mode > KV_PREPEND)
		return FASTLY_INVAL;
	*put = (struct kv_put){.mode = (enum kv_mode)config.mode};
	if (mask & INSERT_METADATA &&
			(!config.metadata_length ||
					!fastly_bytes_at(call, config.metadata,
							config.metadata_length, &put->metadata)))
		return FASTLY_INVAL;
	if (mask & INSERT_LIFETIME && !config.lifetime)
		return FASTLY_INVAL;
	if (mask & INSERT_LIFETIME)
		put->lifetime = config.lifetime * UINT64_C(1000000000);
	put->has_generation = mask & INSERT_GENERATION;
	put->generation = config.generation;
	return FASTLY_OK;
}

enum fastly_status fastly_kv_store_insert(struct fastly_call *call)
{
	struct sv_bytes key;
	struct kv_put put;
	enum fastly_status status = fastly_op_key(call, 0, &key);
	if (status == FASTLY_OK)
		status = insert_read(call, &put);
	struct fastly_body *body = NULL;
	if (status == FASTLY_OK)
		status = fastly_body_whole(call, fastly_argument(call, 3), &body);
	if (status != FASTLY_OK)
		return status;
	struct fastly_op *op = fastly_op_new(call, FASTLY_OP_INSERT, 6, &status);
	if (op)
		fastly_op_insert(call, op, key, &put, body);
	return status;
}

/* Of those that give nothing else. */
static enum fastly_status wait(struct fastly_call *call, enum fastly_op_kind kind)
{
	struct fastly_op *op = fastly_op_of(call, kind);
	if (!op)
		return FASTLY_BADF;
	enum fastly_status status = fastly_give_u32(call, 1, error_of(op->result));
	if (status == FASTLY_OK)
		fastly_op_close(call->guest, op);
	return status;
}

enum fastly_status fastly_kv_store_insert_wait(struct fastly_call *call)
{
	return wait(call, FASTLY_OP_INSERT);
}

/* ---- delete ---- */

enum fastly_status fastly_kv_store_delete(struct fastly_call *call)
{
	struct sv_bytes key;
	enum fastly_status status = fastly_op_key(call, 0, &key);
	if (status != FASTLY_OK)
		return status;
	struct fastly_op *op = fastly_op_new(call, FASTLY_OP_DELETE, 5, &status);
	if (op)
		fastly_op_delete(call, op, key);
	return status;
}

enum fastly_status fastly_kv_store_delete_wait(struct fastly_call *call)
{
	return wait(call, FASTLY_OP_DELETE);
}

/* ---- list ---- */

/* As it is in the guest's memory. */
struct list_config {
	uint32_t mode;
	uint32_t cursor, cursor_length;
	uint32_t limit;
	uint32_t prefix, prefix_length;
};

enum { LIST_CURSOR = 1 << 1, LIST_LIMIT = 1 << 2, LIST_PREFIX = 1 << 3 };

struct list {
	struct sv_bytes prefix, cursor;
	uint32_t limit;
	json_t *keys;
};

static enum fastly_status list_read(struct fastly_call *call, struct list *list)
{
	struct list_config config;
	uint32_t mask = fastly_argument(call, 1);
	*list = (struct list){.limit = MAX_LIST};
	if (!fastly_read(call, fastly_argument(call, 2), &config, sizeof config))
		return FASTLY_INVAL;
	if (mask & LIST_CURSOR &&
			!fastly_bytes_at(call, config.cursor, config.cursor_length, &list->cursor))
		return FASTLY_INVAL;
	if (mask & LIST_PREFIX &&
			!fastly_bytes_at(call, config.prefix, config.prefix_length, &list->prefix))
		return FASTLY_INVAL;
	if (mask & LIST_LIMIT && config.limit && config.limit < MAX_LIST)
		list->limit = config.limit;
	return FASTLY_OK;
}

static void list_take(void *data, struct sv_bytes key)
{
	const struct list *list = data;
	/* A key that there is no memory for is missed below. */
	json_array_append_new(list->keys, json_stringn((const char *)key.data, key.length));
}

/* The list as JSON; the last key is where the next list goes on. */
static char *list_write(struct fastly_call *call, struct list *list)
{
	list->keys = json_array();
	bool has_more = kv_list(call->guest->settings->kv, (int)fastly_argument(call, 0),
			list->prefix, list->cursor, list->limit, list_take, list);
	size_t count = json_array_size(list->keys);
	json_t *meta = json_pack("{s:i}", "limit", (int)list->limit);
	if (list->prefix.length)
		json_object_set_new(meta, "prefix",
				json_stringn((const char *)list->prefix.data, list->prefix.length));
	if (has_more && count)
		json_object_set(meta, "next_cursor", json_array_get(list->keys, count - 1));
	json_t *whole = json_pack("{s:o, s:o}", "data", list->keys, "meta", meta);
	char *text = whole ? json_dumps(whole, JSON_COMPACT) : NULL;
	json_decref(whole);
	return text;
}

static enum kv_result list_run(struct fastly_call *call, struct list *list, struct buffer *text)
{
	char *written = list_write(call, list);
	size_t length = written ? strlen(written) : 0;
	enum kv_result result = KV_NO_MEMORY;
	if (!fastly_may_hold(call->guest, length))
		result = KV_TOO_LARGE;
	else if (written && buffer_append(text, written, length, NULL))
		result = KV_OK;
	free(written);
	call->guest->held += text->length;
	return result;
}

enum fastly_status fastly_kv_store_list(struct fastly_call *call)
{
	struct list list;
	if (fastly_argument(call, 0) >= kv_store_count(call->guest->settings->kv))
		return FASTLY_BADF;
	enum fastly_status status = list_read(call, &list);
	if (status != FASTLY_OK)
		return status;
	struct fastly_op *op = fastly_op_new(call, FASTLY_OP_LIST, 3, &status);
	if (op)
		op->result = list_run(call, &list, &op->list);
	return status;
}

enum fastly_status fastly_kv_store_list_wait(struct fastly_call *call)
{
	struct fastly_op *op = fastly_op_of(call, FASTLY_OP_LIST);
	if (!op)
		return FASTLY_BADF;
	if (!fastly_is_place(call, 1, sizeof(uint32_t)) ||
			!fastly_is_place(call, 2, sizeof(uint32_t)))
		return FASTLY_INVAL;
	enum kv_result result = op->result;
	enum fastly_status status = result == KV_OK ? fastly_op_give_body(call, op, 1) : FASTLY_OK;
	if (status != FASTLY_OK)
		return status;
	fastly_op_close(call->guest, op);
	return fastly_give_u32(call, 2, error_of(result));
}
