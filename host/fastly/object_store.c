/*
 * object_store.c: the older functions on key-value stores (fastly_object_store). They tell of a key
 * that is not there by giving no body.
 */
#include "host/fastly/body.h"
#include "host/fastly/kv_ops.h"

static enum fastly_status status_of(enum kv_result result)
{
	static const enum fastly_status statuses[] = {
			[KV_OK] = FASTLY_OK,
			[KV_NOT_FOUND] = FASTLY_OK,
			[KV_PRECONDITION] = FASTLY_INVAL,
			[KV_TOO_LARGE] = FASTLY_LIMITEXCEEDED,
			[KV_FULL] = FASTLY_LIMITEXCEEDED,
			[KV_NO_MEMORY] = FASTLY_ERROR,
	};
	return statuses[result];
}

enum fastly_status fastly_object_store_open(struct fastly_call *call)
{
	return fastly_kv_store_open(call);
}

/* ---- lookup ---- */

/* A body for what was found, if anything was. */
static enum fastly_status lookup_give(struct fastly_call *call, struct fastly_op *op,
		unsigned index)
{
	return op->value ? fastly_op_give_body(call, op, index) : status_of(op->result);
}

enum fastly_status fastly_object_store_lookup(struct fastly_call *call)
{
	struct sv_bytes key;
	struct fastly_op op = {.kind = FASTLY_OP_LOOKUP};
	enum fastly_status status = fastly_op_key(call, 0, &key);
	if (status != FASTLY_OK)
		return status;
	if (!fastly_is_place(call, 3, sizeof(uint32_t)))
		return FASTLY_INVAL;
	fastly_op_lookup(call, &op, key);
	status = lookup_give(call, &op, 3);
	fastly_release_value(call->guest, &op.value);
	return status;
}

enum fastly_status fastly_object_store_lookup_async(struct fastly_call *call)
{
	struct sv_bytes key;
	enum fastly_status status = fastly_op_key(call, 0, &key);
	if (status != FASTLY_OK)
		return status;
	struct fastly_op *op = fastly_op_new(call, FASTLY_OP_LOOKUP, 3, &status);
	if (op)
		fastly_op_lookup(call, op, key);
	return status;
}

enum fastly_status fastly_object_store_pending_lookup_wait(struct fastly_call *call)
{
	struct fastly_op *op = fastly_op_of(call, FASTLY_OP_LOOKUP);
	if (!op)
		return FASTLY_BADF;
	if (!fastly_is_place(call, 1, sizeof(uint32_t)))
		return FASTLY_INVAL;
	enum fastly_status status = lookup_give(call, op, 1);
	fastly_op_close(call->guest, op);
	return status;
}

/* ---- insert ---- */

static enum fastly_status insert_read(struct fastly_call *call, struct sv_bytes *key,
		struct fastly_body **body)
{
	enum fastly_status status = fastly_op_key(call, 0, key);
	return status == FASTLY_OK ? fastly_body_whole(call, fastly_argument(call, 3), body)
				   : status;
}

enum fastly_status fastly_object_store_insert(struct fastly_call *call)
{
	struct sv_bytes key;
	struct fastly_body *body;
	struct kv_put put = {.mode = KV_REPLACE};
	struct fastly_op op = {.kind = FASTLY_OP_INSERT};
	enum fastly_status status = insert_read(call, &key, &body);
	if (status != FASTLY_OK)
		return status;
	fastly_op_insert(call, &op, key, &put, body);
	return status_of(op.result);
}

enum fastly_status fastly_object_store_insert_async(struct fastly_call *call)
{
	struct sv_bytes key;
	struct fastly_body *body;
	struct kv_put put = {.mode = KV_REPLACE};
	enum fastly_status status = insert_read(call, &key, &body);
	if (status != FASTLY_OK)
		return status;
	struct fastly_op *op = fastly_op_new(call, FASTLY_OP_INSERT, 4, &status);
	if (op)
		fastly_op_insert(call, op, key, &put, body);
	return status;
}

/* ---- the rest ---- */

enum fastly_status fastly_object_store_delete_async(struct fastly_call *call)
{
	struct sv_bytes key;
	enum fastly_status status = fastly_op_key(call, 0, &key);
	if (status != FASTLY_OK)
		return status;
	struct fastly_op *op = fastly_op_new(call, FASTLY_OP_DELETE, 3, &status);
	if (op)
		fastly_op_delete(call, op, key);
	return status;
}

static enum fastly_status wait(struct fastly_call *call, enum fastly_op_kind kind)
{
	struct fastly_op *op = fastly_op_of(call, kind);
	if (!op)
		return FASTLY_BADF;
	enum fastly_status status = status_of(op->result);
	fastly_op_close(call->guest, op);
	return status;
}

enum fastly_status fastly_object_store_pending_insert_wait(struct fastly_call *call)
{
	return wait(call, FASTLY_OP_INSERT);
}

enum fastly_status fastly_object_store_pending_delete_wait(struct fastly_call *call)
{
	return wait(call, FASTLY_OP_DELETE);
}
