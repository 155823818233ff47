/*
 * entries.h: what handles on the cache stand for, in fastly_cache and fastly_http_cache.
 */
#ifndef SELVAGE_HOST_FASTLY_ENTRIES_H
#define SELVAGE_HOST_FASTLY_ENTRIES_H

#include "host/cache/cache.h"
#include "host/fastly/fastly.h"

enum fastly_entry_kind {
	FASTLY_ENTRY_LOOKUP, /* a cache_handle */
	FASTLY_ENTRY_BUSY,   /* a cache_busy_handle */
	FASTLY_ENTRY_REPLACE,
	FASTLY_ENTRY_HTTP,
};

struct fastly_entry {
	enum fastly_entry_kind kind;
	struct cache_lookup lookup;
	size_t counted;         /* bytes of it in what the guest holds */
	bool is_transaction;    /* it may wait */
	bool uses_range;        /* also while the length is not known */
	struct buffer method, uri; /* of an HTTP request */
};

/* What is to be looked up. */
struct fastly_entry_key {
	struct sv_bytes key;
	const struct host_response *request; /* NULL: no fields */
};

/* A new one, whose lookup has begun; LIMITEXCEEDED with a line in the log, or ERROR. */
enum fastly_status fastly_entry_new(struct fastly_call *call, enum fastly_entry_kind kind,
		const struct fastly_entry_key *key, struct fastly_entry **entry);

/* What argument `index` stands for, when its lookup is done: BADF, WAITS, ERROR. */
enum fastly_status fastly_entry_of(struct fastly_call *call, unsigned index,
		enum fastly_entry_kind kind, struct fastly_entry **entry);

/* The same without waiting; NULL: nothing of the kind. */
struct fastly_entry *fastly_entry_peek(struct fastly_call *call, unsigned index,
		enum fastly_entry_kind kind);

/* Do what is left of a lookup. */
enum fastly_status fastly_entry_settle(struct fastly_guest *guest, struct fastly_entry *entry);

/* Keep method and address of its request. False: no memory, or no more may be held. */
SV_MUST_USE bool fastly_entry_name(struct fastly_guest *guest, struct fastly_entry *entry,
		const struct buffer *method, const struct buffer *uri);

uint32_t fastly_entry_handle(const struct fastly_guest *guest, const struct fastly_entry *entry);
void fastly_entry_close(struct fastly_guest *guest, struct fastly_entry *entry);
void fastly_entries_close(struct fastly_guest *guest);

/* Store what a write describes: a body that is written to the cache; LIMITEXCEEDED and so on. */
enum fastly_status fastly_entry_insert(struct fastly_guest *guest, struct fastly_entry *entry,
		const struct cache_write *write, struct fastly_body **body,
		struct cache_object **object);

/* New settings for what was found. */
enum fastly_status fastly_entry_update(struct fastly_guest *guest, struct fastly_entry *entry,
		const struct cache_write *write);

/* One more, which has found this object, whose use is taken over. */
enum fastly_status fastly_entry_found(struct fastly_call *call, const struct fastly_entry *like,
		struct cache_object *object, struct fastly_entry **entry);

/* The length of its body as argument 1; NONE: it is not known. */
enum fastly_status fastly_entry_give_length(struct fastly_call *call, struct cache_object *object);

/* Lists of names and keys within the limits. */
SV_MUST_USE bool fastly_write_is_valid(struct fastly_guest *guest, const struct cache_write *write);

#endif
