/*
 * cache.c: the cache by keys (fastly_cache): lookups, transactions, replacing. The cache itself is
 * host/cache.
 */
#include <stdio.h>
#include <string.h>

#include "host/fastly/entries.h"
#include "host/fastly/flow.h"

/* ---- arguments ---- */

/* As they are in the guest's memory. */
struct lookup_options {
	uint32_t request, service, service_length;
};

struct replace_options {
	uint32_t request, strategy, service, service_length;
};

struct write_options {
	uint64_t max_age;
	uint32_t request, vary, vary_length, padding;
	uint64_t initial_age, stale_while;
	uint32_t surrogates, surrogates_length;
	uint64_t length;
	uint32_t metadata, metadata_length;
	uint64_t edge_max_age;
	uint32_t service, service_length;
};

struct range {
	uint64_t from, to;
};

enum { LOOKUP_REQUEST = 1 << 1, LOOKUP_SERVICE = 1 << 2, LOOKUP_RANGE = 1 << 3 };

enum {
	REPLACE_REQUEST = 1 << 1,
	REPLACE_STRATEGY = 1 << 2,
	REPLACE_SERVICE = 1 << 3,
	REPLACE_RANGE = 1 << 4,
};

enum { STRATEGY_IMMEDIATE = 1, STRATEGY_FORCE_MISS = 2, STRATEGY_WAIT = 3 };

enum {
	WRITE_REQUEST = 1 << 1,
	WRITE_VARY = 1 << 2,
	WRITE_INITIAL_AGE = 1 << 3,
	WRITE_STALE_WHILE = 1 << 4,
	WRITE_SURROGATES = 1 << 5,
	WRITE_LENGTH = 1 << 6,
	WRITE_METADATA = 1 << 7,
	WRITE_SENSITIVE = 1 << 8,
	WRITE_EDGE_MAX_AGE = 1 << 9,
	WRITE_SERVICE = 1 << 10,
};

enum { RANGE_FROM = 1 << 1, RANGE_TO = 1 << 2 };

/* There is one service here, and it may not act for another one. */
static enum fastly_status service_refuse(struct fastly_call *call)
{
	fastly_tell(call->guest, "the cache of another service is not supported by this version");
	return FASTLY_UNSUPPORTED;
}

/* The key that arguments 0 and 1 are, and the fields of a request. */
static enum fastly_status key_read(struct fastly_call *call, bool has_request, uint32_t request,
		struct fastly_entry_key *key)
{
	char line[80];
	*key = (struct fastly_entry_key){0};
	if (!fastly_bytes(call, 0, &key->key))
		return FASTLY_INVAL;
	if (key->key.length > CACHE_MAX_KEY) {
		snprintf(line, sizeof line, "a key of the cache has %u bytes at most",
				CACHE_MAX_KEY);
		fastly_tell(call->guest, line);
		return FASTLY_INVAL;
	}
	const struct fastly_message *message =
			has_request ? fastly_message(call, FASTLY_REQUEST, request) : NULL;
	key->request = message ? &message->fields.head : NULL;
	return has_request && !message ? FASTLY_BADF : FASTLY_OK;
}

/* A part of the options that is somewhere else in memory. */
static bool part_read(struct fastly_call *call, bool is_there, uint32_t address, uint32_t length,
		struct sv_bytes *part)
{
	*part = (struct sv_bytes){0};
	return !is_there || fastly_bytes_at(call, address, length, part);
}

static enum fastly_status write_read(struct fastly_call *call, unsigned index,
		struct cache_write *write, uint32_t *mask, struct write_options *options)
{
	*mask = fastly_argument(call, index);
	*write = (struct cache_write){.length = -1};
	*options = (struct write_options){0};
	/* Older programs know only the first part. */
	size_t size = *mask & (WRITE_EDGE_MAX_AGE | WRITE_SERVICE)
			? sizeof *options
			: offsetof(struct write_options, edge_max_age);
	if (!fastly_read(call, fastly_argument(call, index + 1), options, size))
		return FASTLY_INVAL;
	if (*mask & WRITE_SERVICE)
		return service_refuse(call);
	write->max_age = options->max_age;
	if (*mask & WRITE_EDGE_MAX_AGE && options->edge_max_age < write->max_age)
		write->max_age = options->edge_max_age;
	if (*mask & WRITE_INITIAL_AGE)
		write->initial_age = options->initial_age;
	if (*mask & WRITE_STALE_WHILE)
		write->stale_while = options->stale_while;
	if (*mask & WRITE_LENGTH && options->length > INT64_MAX)
		return FASTLY_INVAL;
	if (*mask & WRITE_LENGTH)
		write->length = (int64_t)options->length;
	write->is_sensitive = *mask & WRITE_SENSITIVE;
	bool is_read = part_read(call, *mask & WRITE_VARY, options->vary, options->vary_length,
				       &write->vary) &&
			part_read(call, *mask & WRITE_SURROGATES, options->surrogates,
					options->surrogates_length, &write->surrogates) &&
			part_read(call, *mask & WRITE_METADATA, options->metadata,
					options->metadata_length, &write->metadata);
	return is_read ? FASTLY_OK : FASTLY_INVAL;
}

/* ---- lookups ---- */

/* Arguments: key, mask, options, place of the handle. */
static enum fastly_status lookup_begin(struct fastly_call *call, enum fastly_entry_kind kind,
		bool is_transaction, struct fastly_entry **entry)
{
	struct lookup_options options = {0};
	struct fastly_entry_key key;
	uint32_t mask = fastly_argument(call, 2);
	if ((mask & LOOKUP_REQUEST &&
			    !fastly_read(call, fastly_argument(call, 3), &options,
					    sizeof options.request)) ||
			!fastly_is_place(call, 4, sizeof(uint32_t)))
		return FASTLY_INVAL;
	if (mask & LOOKUP_SERVICE)
		return service_refuse(call);
	enum fastly_status status = key_read(call, mask & LOOKUP_REQUEST, options.request, &key);
	if (status == FASTLY_OK)
		status = fastly_entry_new(call, kind, &key, entry);
	if (status != FASTLY_OK)
		return status;
	(*entry)->uses_range = mask & LOOKUP_RANGE;
	(*entry)->is_transaction = is_transaction;
	/* Whoever is first has the claim, also if he asks for the result later. */
	if (is_transaction)
		status = fastly_entry_settle(call->guest, *entry);
	else
		cache_look(&(*entry)->lookup, host_now());
	if (status == FASTLY_WAITS)
		status = FASTLY_OK;
	if (status != FASTLY_OK) {
		fastly_entry_close(call->guest, *entry);
		return status;
	}
	return fastly_give_u32(call, 4, fastly_entry_handle(call->guest, *entry));
}

enum fastly_status fastly_cache_lookup(struct fastly_call *call)
{
	struct fastly_entry *entry;
	return lookup_begin(call, FASTLY_ENTRY_LOOKUP, false, &entry);
}

enum fastly_status fastly_cache_transaction_lookup(struct fastly_call *call)
{
	struct fastly_entry *entry;
	return lookup_begin(call, FASTLY_ENTRY_LOOKUP, true, &entry);
}

enum fastly_status fastly_cache_transaction_lookup_async(struct fastly_call *call)
{
	struct fastly_entry *entry;
	return lookup_begin(call, FASTLY_ENTRY_BUSY, true, &entry);
}

/* The handle stays the same one, of another kind. */
enum fastly_status fastly_cache_cache_busy_handle_wait(struct fastly_call *call)
{
	struct fastly_entry *entry;
	if (!fastly_is_place(call, 1, sizeof(uint32_t)))
		return FASTLY_INVAL;
	enum fastly_status status = fastly_entry_of(call, 0, FASTLY_ENTRY_BUSY, &entry);
	if (status != FASTLY_OK)
		return status;
	entry->kind = FASTLY_ENTRY_LOOKUP;
	return fastly_give_u32(call, 1, fastly_argument(call, 0));
}

static enum fastly_status entry_close(struct fastly_call *call, enum fastly_entry_kind kind)
{
	struct fastly_entry *entry = fastly_entry_peek(call, 0, kind);
	if (!entry)
		return FASTLY_BADF;
	fastly_entry_close(call->guest, entry);
	return FASTLY_OK;
}

enum fastly_status fastly_cache_close_busy(struct fastly_call *call)
{
	return entry_close(call, FASTLY_ENTRY_BUSY);
}

enum fastly_status fastly_cache_close(struct fastly_call *call)
{
	return entry_close(call, FASTLY_ENTRY_LOOKUP);
}

enum fastly_status fastly_cache_transaction_cancel(struct fastly_call *call)
{
	struct fastly_entry *entry;
	enum fastly_status status = fastly_entry_of(call, 0, FASTLY_ENTRY_LOOKUP, &entry);
	if (status != FASTLY_OK)
		return status;
	if (!entry->lookup.claim)
		return FASTLY_BADF;
	cache_cancel(&entry->lookup);
	return FASTLY_OK;
}

/* ---- storing ---- */

static enum fastly_status body_give(struct fastly_call *call, unsigned index,
		const struct fastly_body *body)
{
	return fastly_give_u32(call, index, fastly_body_handle(call->guest, body));
}

enum fastly_status fastly_cache_insert(struct fastly_call *call)
{
	struct write_options options;
	struct cache_write write;
	struct fastly_entry_key key;
	struct fastly_entry *entry;
	struct fastly_body *body;
	struct cache_object *object;
	uint32_t mask;
	if (!fastly_is_place(call, 4, sizeof(uint32_t)))
		return FASTLY_INVAL;
	enum fastly_status status = write_read(call, 2, &write, &mask, &options);
	if (status == FASTLY_OK)
		status = key_read(call, mask & WRITE_REQUEST, options.request, &key);
	if (status == FASTLY_OK)
		status = fastly_entry_new(call, FASTLY_ENTRY_LOOKUP, &key, &entry);
	if (status != FASTLY_OK)
		return status;
	status = fastly_entry_insert(call->guest, entry, &write, &body, &object);
	fastly_entry_close(call->guest, entry);
	return status == FASTLY_OK ? body_give(call, 4, body) : status;
}

/* Arguments: handle, mask, options. */
static enum fastly_status transaction_read(struct fastly_call *call, enum fastly_entry_kind kind,
		struct fastly_entry **entry, struct cache_write *write)
{
	struct write_options options;
	uint32_t mask;
	enum fastly_status status = fastly_entry_of(call, 0, kind, entry);
	if (status == FASTLY_OK)
		status = write_read(call, 1, write, &mask, &options);
	return status;
}

/* Begin to store what the handle is for, a lookup's within its transaction. */
static enum fastly_status handle_insert(struct fastly_call *call, enum fastly_entry_kind kind,
		struct fastly_entry **entry, struct fastly_body **body,
		struct cache_object **object)
{
	struct cache_write write;
	enum fastly_status status = transaction_read(call, kind, entry, &write);
	if (status == FASTLY_OK && kind == FASTLY_ENTRY_LOOKUP && !(*entry)->lookup.claim)
		status = FASTLY_BADF;
	if (status == FASTLY_OK)
		status = fastly_entry_insert(call->guest, *entry, &write, body, object);
	return status;
}

enum fastly_status fastly_cache_transaction_insert(struct fastly_call *call)
{
	struct fastly_entry *entry;
	struct fastly_body *body;
	struct cache_object *object;
	if (!fastly_is_place(call, 3, sizeof(uint32_t)))
		return FASTLY_INVAL;
	enum fastly_status status =
			handle_insert(call, FASTLY_ENTRY_LOOKUP, &entry, &body, &object);
	return status == FASTLY_OK ? body_give(call, 3, body) : status;
}

enum fastly_status fastly_cache_transaction_insert_and_stream_back(struct fastly_call *call)
{
	struct fastly_entry *entry, *back;
	struct fastly_body *body;
	struct cache_object *object;
	if (!fastly_is_place(call, 3, sizeof(uint32_t)) ||
			!fastly_is_place(call, 4, sizeof(uint32_t)))
		return FASTLY_INVAL;
	enum fastly_status status =
			handle_insert(call, FASTLY_ENTRY_LOOKUP, &entry, &body, &object);
	if (status != FASTLY_OK)
		return status;
	status = fastly_entry_found(call, entry, cache_object_use(object), &back);
	if (status != FASTLY_OK) {
		fastly_close_body(call->guest, body);
		return status;
	}
	(void)body_give(call, 3, body);
	return fastly_give_u32(call, 4, fastly_entry_handle(call->guest, back));
}

enum fastly_status fastly_cache_transaction_update(struct fastly_call *call)
{
	struct fastly_entry *entry;
	struct cache_write write;
	enum fastly_status status = transaction_read(call, FASTLY_ENTRY_LOOKUP, &entry, &write);
	return status == FASTLY_OK ? fastly_entry_update(call->guest, entry, &write) : status;
}

/* ---- replacing ---- */

static bool replace_start(struct fastly_guest *guest, struct fastly_entry *entry, uint32_t strategy)
{
	switch (strategy) {
	case STRATEGY_IMMEDIATE:
		cache_look(&entry->lookup, host_now());
		return true;
	case STRATEGY_FORCE_MISS:
		/* Another one may be making it: then others wait for that one. */
		(void)!cache_seize(&entry->lookup, host_now());
		return true;
	case STRATEGY_WAIT:
		entry->is_transaction = true;
		(void)fastly_entry_settle(guest, entry);
		return true;
	default:
		return false;
	}
}

enum fastly_status fastly_cache_replace(struct fastly_call *call)
{
	struct replace_options options = {0};
	struct fastly_entry_key key;
	struct fastly_entry *entry;
	uint32_t mask = fastly_argument(call, 2);
	if (!fastly_read(call, fastly_argument(call, 3), &options, sizeof options) ||
			!fastly_is_place(call, 4, sizeof(uint32_t)))
		return FASTLY_INVAL;
	if (mask & REPLACE_SERVICE)
		return service_refuse(call);
	enum fastly_status status = key_read(call, mask & REPLACE_REQUEST, options.request, &key);
	if (status == FASTLY_OK)
		status = fastly_entry_new(call, FASTLY_ENTRY_REPLACE, &key, &entry);
	if (status != FASTLY_OK)
		return status;
	entry->uses_range = mask & REPLACE_RANGE;
	if (!replace_start(call->guest, entry,
			    mask & REPLACE_STRATEGY ? options.strategy : STRATEGY_IMMEDIATE)) {
		fastly_entry_close(call->guest, entry);
		return FASTLY_INVAL;
	}
	return fastly_give_u32(call, 4, fastly_entry_handle(call->guest, entry));
}

/* The handle is used up. */
enum fastly_status fastly_cache_replace_insert(struct fastly_call *call)
{
	struct fastly_entry *entry;
	struct fastly_body *body;
	struct cache_object *object;
	if (!fastly_is_place(call, 3, sizeof(uint32_t)))
		return FASTLY_INVAL;
	enum fastly_status status =
			handle_insert(call, FASTLY_ENTRY_REPLACE, &entry, &body, &object);
	if (status != FASTLY_OK)
		return status;
	fastly_entry_close(call->guest, entry);
	return body_give(call, 3, body);
}

/* ---- what was found ---- */

/* The object of the handle; NONE: there is none that may be used. */
static enum fastly_status object_of(struct fastly_call *call, enum fastly_entry_kind kind,
		struct fastly_entry **entry, struct cache_object **object)
{
	enum fastly_status status = fastly_entry_of(call, 0, kind, entry);
	if (status != FASTLY_OK)
		return status;
	*object = (*entry)->lookup.state & CACHE_FOUND ? (*entry)->lookup.object : NULL;
	return *object ? FASTLY_OK : FASTLY_NONE;
}

static enum fastly_status give_metadata(struct fastly_call *call, const struct cache_object *object)
{
	return fastly_give(call, 1, object->metadata);
}

static enum fastly_status give_max_age(struct fastly_call *call, const struct cache_object *object)
{
	return fastly_give_u64(call, 1, (uint64_t)object->max_age);
}

static enum fastly_status give_stale_while(struct fastly_call *call,
		const struct cache_object *object)
{
	return fastly_give_u64(call, 1, (uint64_t)object->stale_while);
}

static enum fastly_status give_age(struct fastly_call *call, const struct cache_object *object)
{
	return fastly_give_u64(call, 1, (uint64_t)cache_object_age(object, host_now()));
}

static enum fastly_status give_hits(struct fastly_call *call, struct cache_object *object)
{
	return fastly_give_u64(call, 1, cache_object_hits(object));
}

/*
 * The bytes of a range, both ends inclusive; without a beginning it is so many from the end. What
 * is no range of the object is all of it, as is one of which the length is not known.
 */
static bool range_find(const struct fastly_entry *entry, int64_t length, uint32_t mask,
		const struct range *range, uint64_t *from, uint64_t *end)
{
	bool has_from = mask & RANGE_FROM, has_to = mask & RANGE_TO, is_known = length >= 0;
	uint64_t size = is_known ? (uint64_t)length : UINT64_MAX;
	*from = 0;
	*end = UINT64_MAX;
	if ((!has_from && !has_to) || (!is_known && !entry->uses_range))
		return true;
	if (has_from && has_to && range->to < range->from)
		return false;
	if (!has_from) {
		if (is_known && range->to >= 1 && range->to <= size)
			*from = size - range->to;
		return is_known;
	}
	if (range->from >= size || (has_to && range->to >= size))
		return true;
	*from = range->from;
	*end = has_to ? range->to + 1 : UINT64_MAX;
	return true;
}

/* Arguments: handle, mask, place of the range, place of the body's handle. */
static enum fastly_status give_body(struct fastly_call *call, enum fastly_entry_kind kind)
{
	struct range range = {0};
	struct fastly_entry *entry;
	struct cache_object *object;
	uint64_t from, end;
	uint32_t mask = fastly_argument(call, 1);
	if (!fastly_is_place(call, 3, sizeof(uint32_t)) ||
			(mask & (RANGE_FROM | RANGE_TO) &&
					!fastly_read(call, fastly_argument(call, 2), &range,
							sizeof range)))
		return FASTLY_INVAL;
	enum fastly_status status = object_of(call, kind, &entry, &object);
	if (status != FASTLY_OK)
		return status;
	if (!range_find(entry, cache_object_length(object), mask, &range, &from, &end))
		return FASTLY_INVAL;
	struct fastly_body *body = fastly_new_body(call->guest);
	if (!body)
		return FASTLY_LIMITEXCEEDED;
	flow_from_cache(call->guest, body, cache_object_use(object), from, end);
	return body_give(call, 3, body);
}

static enum fastly_status give_state(struct fastly_call *call, enum fastly_entry_kind kind)
{
	struct fastly_entry *entry;
	enum fastly_status status = fastly_entry_of(call, 0, kind, &entry);
	if (status != FASTLY_OK)
		return status;
	unsigned state = entry->lookup.state & ~(unsigned)CACHE_USABLE_IF_ERROR;
	/* Being stale is told of what may be used. */
	return fastly_give_u32(call, 1,
			state & CACHE_FOUND ? state : state & (unsigned)CACHE_MUST_INSERT);
}

/* The same for both kinds of handles. */
#define BOTH(name, give) \
	enum fastly_status fastly_cache_get_##name(struct fastly_call *call) \
	{ \
		return give(call, FASTLY_ENTRY_LOOKUP); \
	} \
	enum fastly_status fastly_cache_replace_get_##name(struct fastly_call *call) \
	{ \
		return give(call, FASTLY_ENTRY_REPLACE); \
	}

/* And what is told of the object that was found. */
#define BOTH_OF_OBJECT(name, give) \
	static enum fastly_status name##_of(struct fastly_call *call, enum fastly_entry_kind kind) \
	{ \
		struct fastly_entry *entry; \
		struct cache_object *object; \
		enum fastly_status status = object_of(call, kind, &entry, &object); \
		return status == FASTLY_OK ? give(call, object) : status; \
	} \
	BOTH(name, name##_of)

BOTH(body, give_body)
BOTH(state, give_state)
BOTH_OF_OBJECT(user_metadata, give_metadata)
BOTH_OF_OBJECT(length, fastly_entry_give_length)
BOTH_OF_OBJECT(max_age_ns, give_max_age)
BOTH_OF_OBJECT(stale_while_revalidate_ns, give_stale_while)
BOTH_OF_OBJECT(age_ns, give_age)
BOTH_OF_OBJECT(hits, give_hits)
