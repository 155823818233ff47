/*
 * kv_ops.h: operations on key-value stores that a guest has begun and not yet asked for. They are
 * done when they begin: what is kept is what they gave.
 */
#ifndef SELVAGE_HOST_FASTLY_KV_OPS_H
#define SELVAGE_HOST_FASTLY_KV_OPS_H

#include "host/fastly/fastly.h"
#include "host/kv.h"

enum fastly_op_kind { FASTLY_OP_LOOKUP, FASTLY_OP_INSERT, FASTLY_OP_DELETE, FASTLY_OP_LIST };

struct fastly_op {
	enum fastly_op_kind kind;
	enum kv_result result;
	struct kv_value *value; /* what was found; counted in what the guest holds */
	struct buffer list;     /* the same */
};

/* Whether argument `index` is a store, and the next two are a key; else what to return. */
enum fastly_status fastly_op_key(struct fastly_call *call, unsigned index, struct sv_bytes *key);

/* A new operation whose handle will go to where argument `index` says; else NULL. */
struct fastly_op *fastly_op_new(struct fastly_call *call, enum fastly_op_kind kind, unsigned index,
		enum fastly_status *status);

/* One that has begun, by argument 0; NULL: there is none of this kind. */
struct fastly_op *fastly_op_of(struct fastly_call *call, enum fastly_op_kind kind);

void fastly_op_close(struct fastly_guest *guest, struct fastly_op *op);

/* Do one; the store is argument 0. */
void fastly_op_lookup(struct fastly_call *call, struct fastly_op *op, struct sv_bytes key);
void fastly_op_delete(struct fastly_call *call, struct fastly_op *op, struct sv_bytes key);

/* The same with a body, which is then closed. */
void fastly_op_insert(struct fastly_call *call, struct fastly_op *op, struct sv_bytes key,
		struct kv_put *put, struct fastly_body *body);

/* Give what was found as a new body, whose handle goes to where argument `index` says. */
enum fastly_status fastly_op_give_body(struct fastly_call *call, struct fastly_op *op,
		unsigned index);

#endif
