/*
 * fastly.h: parts of the Fastly Compute ABI: what a function finds of its request, the things that
 * handles stand for, and how bytes get into and out of the guest's memory.
 */
#ifndef SELVAGE_HOST_FASTLY_H
#define SELVAGE_HOST_FASTLY_H

#include <stdbool.h>
#include <stdint.h>

#include "host/cache/cache.h"
#include "host/fastly/message.h"
#include "host/host.h"
#include "host/lines.h"
#include "runtime/selvage.h"

struct fastly_backend;
struct fastly_entry;
struct fastly_op;
struct fastly_pending;
struct fastly_row;
struct fastly_service;
struct fastly_settings;
struct fastly_unpack;
struct fetch;
struct fetcher;
struct kv_value;
struct rates;
struct wasi;

/* What every function returns. */
enum fastly_status {
#define FASTLY_STATUS(name, number, meaning) FASTLY_##name = (number),
#include "host/fastly/status.def"
#undef FASTLY_STATUS
	/* Not for guests: the call is made again when something has happened. */
	FASTLY_WAITS = 1000,
};

/* Things of one kind that a guest may have open at once, and made in all. */
#define FASTLY_MAX_OPEN 64u

/* Bytes of the header fields of a request or response, and how many fields. */
#define FASTLY_MAX_FIELD_BYTES (69u * 1024)
#define FASTLY_MAX_FIELDS 1000u

/* Bytes of a method or URI. */
#define FASTLY_MAX_URI 8192u

enum fastly_kind { FASTLY_FREE = 0, FASTLY_REQUEST, FASTLY_RESPONSE, FASTLY_SENT };

/* Which numbers of one kind of things are taken: the smallest free one is the next. */
struct fastly_slots {
	uint64_t taken; /* a bit for each of FASTLY_MAX_OPEN */
	uint32_t used;  /* numbers below this were ever taken */
};

/* Header fields, or trailers. */
struct fastly_fields {
	struct host_response head; /* of a response also the status */
	size_t counted;            /* bytes that they have room for, in the guest's `held` */
};

/* A request or a response. Buffers are kept from one use to the next. */
struct fastly_message {
	enum fastly_kind kind;
	struct fastly_fields fields;
	struct buffer method, uri; /* of a request */
	uint32_t version;
	bool is_manual; /* its Content-Length is meant, if it is streamed */
	bool unpacks;   /* a request whose response is wanted without gzip */
	struct fastly_override override; /* of a request */
	struct fastly_origin from;       /* of a response */
};

/* Bytes that are read from the front and written at the end. */
struct fastly_body {
	bool is_streaming; /* sent already: what is written goes to the client */
	struct sv_bytes arrived; /* borrowed, perhaps from `value`; in front of `own` */
	struct kv_value *value;  /* one use of it is ours, and counted; NULL: none */
	struct buffer own;
	size_t read; /* bytes of `own` that were read */
	struct host_intake *intake; /* borrowed; what still comes of the request; in place of: */
	struct fetch *source;  /* behind `own`; one use of it is ours, as of `sink`; NULL: none */
	size_t source_counted; /* bytes that its request sent, in what the guest holds */
	struct fastly_unpack *unpack; /* owned; what it brings is compressed; NULL: it is not */
	int64_t coming;        /* bytes of it that are still to come; -1: nobody said */
	struct cache_object *cached; /* in place of `source`; a use of it is ours, as of `stored` */
	bool is_carried; /* it comes from a backend at the guest's request: its limits hold */
	uint64_t cached_at, cached_end; /* bytes of it that are still to come */
	struct cache_waiter waiter;     /* for them */
	struct cache_object *stored;    /* in place of `sink` */
	struct fetch *sink;    /* where what is written goes, in place of `own` */
	struct fastly_fields trailers;
};

/* Text that the guest must handle with care. */
struct fastly_secret {
	struct sv_bytes text; /* of a store, or: */
	struct buffer own;
};

/* What can be waited for is one space of numbers: bodies from 0, then these. */
#define FASTLY_PENDING_HANDLES 0x100u
#define FASTLY_OP_HANDLES 0x200u
#define FASTLY_ENTRY_HANDLES 0x300u
#define FASTLY_PROMISE 0x400u /* of another request */

/* A call that waits. It is the same one each time it is made, and may remember things. */
struct fastly_wait {
	const struct fastly_row *row; /* NULL: the guest waits for none of our functions */
	union sv_value values[12];
	uint64_t until;   /* nanoseconds of CLOCK_MONOTONIC; 0: for ever */
	bool asks_next;   /* it waits for another request, too */
	bool has_begun;   /* it has begun a response, whose body is on its way */
	bool has_sent;    /* it has sent a request: */
	uint32_t pending; /* this one, by slot */
};

/* One request; the store's data is its WASI state, whose user this is. */
struct fastly_guest {
	struct host_call *call;
	struct wasi *wasi; /* owned */
	struct host_lines lines; /* stdout, stderr and all log endpoints */
	struct fastly_message messages[FASTLY_MAX_OPEN];
	struct fastly_body bodies[FASTLY_MAX_OPEN];
	struct fastly_slots message_slots, body_slots;
	struct fastly_service *service; /* borrowed */
	const struct fastly_settings *settings; /* the service's */
	struct fastly_wait wait;
	struct fastly_pending *pendings; /* owned */
	struct fastly_slots pending_slots;
	struct fastly_backend *backends[FASTLY_MAX_OPEN]; /* owned; those that it has made */
	uint32_t backend_count;
	struct fastly_op *ops; /* owned; on key-value stores */
	struct fastly_slots op_slots;
	struct fastly_entry *entries; /* owned; of the cache */
	struct fastly_slots entry_slots;
	struct fastly_secret secrets[FASTLY_MAX_OPEN];
	uint32_t secret_count;
	char endpoints[16][64]; /* names; empty: free */
	size_t held; /* bytes in all of these: as much as its own memory may have */
	bool has_sent;
	bool has_promise; /* it waits for another request, until: */
	uint64_t promise_until; /* nanoseconds of CLOCK_MONOTONIC */
	uint32_t sent_body;
	bool *is_told; /* owned; by row: that it is not there was logged */
	const char **environment; /* owned; the variables that Fastly has, then the operator's */
	size_t environment_count;
	char trace_id[16 + 32 + 1]; /* "FASTLY_TRACE_ID=" and a number of the request's own */
};

/* One call of a function of fastly.def. */
struct fastly_call {
	struct fastly_guest *guest;
	struct sv_memory *memory; /* NULL: there is none */
	const union sv_value *values;
};

/* A function for each row of fastly.def that is there. */
#define FASTLY_LATER(module, name, signature)
#define FASTLY_CALL(module, name, signature) \
	enum fastly_status fastly_##module##_##name(struct fastly_call *call);
#include "host/fastly/fastly.def"
#undef FASTLY_CALL
#undef FASTLY_LATER

/* Argument `index` as the unsigned number it is. */
static inline uint32_t fastly_argument(const struct fastly_call *call, unsigned index)
{
	return (uint32_t)call->values[index].i32;
}

/* Log a line of ours. */
void fastly_tell(struct fastly_guest *guest, const char *line);

/* ---- memory.c ---- */

/* Bytes at an address, to be written or only read; NULL: not in memory. */
void *fastly_range(struct fastly_call *call, uint32_t address, size_t length);
const void *fastly_view(struct fastly_call *call, uint32_t address, size_t length);

/* The bytes that arguments `index` (place) and `index` + 1 (length) are; false: not in memory. */
SV_MUST_USE bool fastly_bytes(struct fastly_call *call, unsigned index, struct sv_bytes *bytes);

/* The same for an address that is no argument. */
SV_MUST_USE bool fastly_bytes_at(struct fastly_call *call, uint32_t address, uint32_t length,
		struct sv_bytes *bytes);

/* Copy what is at an address. */
SV_MUST_USE bool fastly_read(struct fastly_call *call, uint32_t address, void *to, size_t length);

/* Whether argument `index` is the place of `length` bytes, to be written when all has gone well. */
SV_MUST_USE bool fastly_is_place(struct fastly_call *call, unsigned index, size_t length);

/* Store a number at the place that argument `index` is; INVAL if that is not in memory. */
enum fastly_status fastly_give_u16(struct fastly_call *call, unsigned index, uint16_t value);
enum fastly_status fastly_give_u32(struct fastly_call *call, unsigned index, uint32_t value);
enum fastly_status fastly_give_u64(struct fastly_call *call, unsigned index, uint64_t value);

/* Store bytes at the place that argument `index` is. */
enum fastly_status fastly_put(struct fastly_call *call, unsigned index, const void *from,
		size_t length);

/*
 * Copy bytes to the place that argument `index` is, which has room for as many as argument `index`
 * + 1 says, and their number to where argument `index` + 2 says. BUFLEN with the number that
 * would be needed, if there is less room.
 */
enum fastly_status fastly_give(struct fastly_call *call, unsigned index, struct sv_bytes bytes);

/* ---- handles.c ---- */

/* Whether a number is taken; take the smallest that is not (false: all are); give it back. */
bool fastly_slot_is_taken(const struct fastly_slots *slots, uint32_t slot);
SV_MUST_USE bool fastly_slot_take(struct fastly_slots *slots, uint32_t *slot);
void fastly_slot_give(struct fastly_slots *slots, uint32_t slot);

/* What a handle stands for; NULL: nothing of that kind. */
struct fastly_message *fastly_message(struct fastly_call *call, enum fastly_kind kind,
		uint32_t handle);
struct fastly_body *fastly_body(struct fastly_call *call, uint32_t handle);

/* A new one; NULL if as many are open as may be. */
struct fastly_message *fastly_new_message(struct fastly_guest *guest, enum fastly_kind kind);
struct fastly_body *fastly_new_body(struct fastly_guest *guest);

/* Their handles. */
uint32_t fastly_message_handle(const struct fastly_guest *guest,
		const struct fastly_message *message);
uint32_t fastly_body_handle(const struct fastly_guest *guest, const struct fastly_body *body);

void fastly_close_message(struct fastly_guest *guest, struct fastly_message *message);
void fastly_close_body(struct fastly_guest *guest, struct fastly_body *body);

/* Close everything; `is_end`: give the memory back too. */
void fastly_close_all(struct fastly_guest *guest, bool is_end);

/* Let go of a value, if there is one, which is then NULL. */
void fastly_release_value(struct fastly_guest *guest, struct kv_value **value);

/* Whether the guest may hold so many bytes more. */
bool fastly_may_hold(const struct fastly_guest *guest, size_t length);

/* ---- stores.c ---- */

void fastly_close_secrets(struct fastly_guest *guest);

#endif
