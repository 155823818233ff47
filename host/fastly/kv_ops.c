/*
 * kv_ops.c: see kv_ops.h.
 */
#include "host/fastly/kv_ops.h"

#include "host/fastly/body.h"
#include "host/fastly/settings.h"

enum fastly_status fastly_op_key(struct fastly_call *call, unsigned index, struct sv_bytes *key)
{
	if (fastly_argument(call, index) >= kv_store_count(call->guest->settings->kv))
		return FASTLY_BADF;
	if (!fastly_bytes(call, index + 1, key) || !fastly_key_is_valid(*key))
		return FASTLY_INVAL;
	/* Lists of keys are JSON. */
	json_t *text = json_stringn((const char *)key->data, key->length);
	json_decref(text);
	return text ? FASTLY_OK : FASTLY_INVAL;
}

struct fastly_op *fastly_op_new(struct fastly_call *call, enum fastly_op_kind kind, unsigned index,
		enum fastly_status *status)
{
	struct fastly_guest *guest = call->guest;
	uint32_t slot;
	*status = FASTLY_INVAL;
	if (!fastly_is_place(call, index, sizeof(uint32_t)))
		return NULL;
	*status = FASTLY_LIMITEXCEEDED;
	if (!fastly_slot_take(&guest->op_slots, &slot))
		return NULL;
	*status = fastly_give_u32(call, index, FASTLY_OP_HANDLES + slot);
	guest->ops[slot].kind = kind;
	return &guest->ops[slot];
}

struct fastly_op *fastly_op_of(struct fastly_call *call, enum fastly_op_kind kind)
{
	struct fastly_guest *guest = call->guest;
	uint32_t slot = fastly_argument(call, 0) - FASTLY_OP_HANDLES;
	bool is_there = fastly_slot_is_taken(&guest->op_slots, slot) &&
			guest->ops[slot].kind == kind;
	return is_there ? &guest->ops[slot] : NULL;
}

void fastly_op_close(struct fastly_guest *guest, struct fastly_op *op)
{
	fastly_release_value(guest, &op->value);
	guest->held -= op->list.length;
	buffer_finish(&op->list);
	fastly_slot_give(&guest->op_slots, (uint32_t)(op - guest->ops));
}

static void op_tell(struct fastly_guest *guest, enum kv_result result)
{
	char line[160];
	if (result == KV_FULL)
		snprintf(line, sizeof line,
				"key-value stores have %u keys each and %llu bytes at most",
				KV_MAX_KEYS, (unsigned long long)KV_MAX_BYTES);
	else if (result == KV_TOO_LARGE)
		snprintf(line, sizeof line,
				"a value has %u bytes at most, its metadata %u, a key %u",
				KV_MAX_VALUE, KV_MAX_METADATA, KV_MAX_KEY);
	else
		return;
	fastly_tell(guest, line);
}

void fastly_op_lookup(struct fastly_call *call, struct fastly_op *op, struct sv_bytes key)
{
	struct fastly_guest *guest = call->guest;
	struct kv_value *value = kv_get(guest->settings->kv, (int)fastly_argument(call, 0), key);
	op->result = value ? KV_OK : KV_NOT_FOUND;
	if (!value)
		return;
	if (!fastly_may_hold(guest, value->bytes.length)) {
		op->result = KV_TOO_LARGE;
		fastly_tell(guest,
				"a value is larger than what is left of the guest's memory limit");
		kv_value_release(value);
		return;
	}
	op->value = value;
	guest->held += value->bytes.length;
}

void fastly_op_delete(struct fastly_call *call, struct fastly_op *op, struct sv_bytes key)
{
	op->result = kv_delete(call->guest->settings->kv, (int)fastly_argument(call, 0), key);
}

void fastly_op_insert(struct fastly_call *call, struct fastly_op *op, struct sv_bytes key,
		struct kv_put *put, struct fastly_body *body)
{
	fastly_body_parts(body, put->parts);
	op->result = kv_put(call->guest->settings->kv, (int)fastly_argument(call, 0), key, put);
	op_tell(call->guest, op->result);
	fastly_close_body(call->guest, body);
}

enum fastly_status fastly_op_give_body(struct fastly_call *call, struct fastly_op *op,
		unsigned index)
{
	struct fastly_body *body = fastly_new_body(call->guest);
	if (!body)
		return FASTLY_LIMITEXCEEDED;
	if (op->value) {
		body->value = op->value;
		body->arrived = op->value->bytes;
		op->value = NULL;
	} else {
		/* It may have a buffer from an earlier use. */
		buffer_finish(&body->own);
		body->own = op->list;
		op->list = (struct buffer){0};
	}
	return fastly_give_u32(call, index, fastly_body_handle(call->guest, body));
}
