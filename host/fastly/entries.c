/*
 * entries.c: see entries.h.
 */
#include "host/fastly/entries.h"

#include <stdio.h>
#include <string.h>

#include "host/fastly/flow.h"
#include "host/fastly/service.h"

/* ---- handles ---- */

static size_t request_size(const struct host_response *request)
{
	return request ? request->text.length + request->field_count * sizeof *request->fields : 0;
}

enum fastly_status fastly_entry_new(struct fastly_call *call, enum fastly_entry_kind kind,
		const struct fastly_entry_key *key, struct fastly_entry **entry)
{
	struct fastly_guest *guest = call->guest;
	size_t length = key->key.length + request_size(key->request);
	enum cache_space space = kind == FASTLY_ENTRY_HTTP ? CACHE_RESPONSES : CACHE_OBJECTS;
	uint32_t slot;
	if (!fastly_may_hold(guest, length) || !fastly_slot_take(&guest->entry_slots, &slot))
		return FASTLY_LIMITEXCEEDED;
	*entry = &guest->entries[slot];
	**entry = (struct fastly_entry){.kind = kind};
	if (!cache_lookup_init(&(*entry)->lookup, guest->service->cache, space, key->key,
			    key->request)) {
		fastly_slot_give(&guest->entry_slots, slot);
		return FASTLY_ERROR;
	}
	(*entry)->counted = length;
	guest->held += length;
	return FASTLY_OK;
}

struct fastly_entry *fastly_entry_peek(struct fastly_call *call, unsigned index,
		enum fastly_entry_kind kind)
{
	struct fastly_guest *guest = call->guest;
	uint32_t slot = fastly_argument(call, index) - FASTLY_ENTRY_HANDLES;
	bool is_there = fastly_slot_is_taken(&guest->entry_slots, slot) &&
			guest->entries[slot].kind == kind;
	return is_there ? &guest->entries[slot] : NULL;
}

enum fastly_status fastly_entry_settle(struct fastly_guest *guest, struct fastly_entry *entry)
{
	if (!entry->is_transaction)
		return FASTLY_OK;
	switch (cache_claim(&entry->lookup, guest->call->waker, host_now())) {
	case CACHE_LATER:
		return FASTLY_WAITS;
	case CACHE_READY:
		return FASTLY_OK;
	default:
		return FASTLY_ERROR;
	}
}

enum fastly_status fastly_entry_of(struct fastly_call *call, unsigned index,
		enum fastly_entry_kind kind, struct fastly_entry **entry)
{
	*entry = fastly_entry_peek(call, index, kind);
	return *entry ? fastly_entry_settle(call->guest, *entry) : FASTLY_BADF;
}

bool fastly_entry_name(struct fastly_guest *guest, struct fastly_entry *entry,
		const struct buffer *method, const struct buffer *uri)
{
	size_t length = method->length + uri->length;
	if (!fastly_may_hold(guest, length))
		return false;
	entry->counted += length;
	guest->held += length;
	return buffer_append(&entry->method, method->data, method->length, NULL) &&
			buffer_append(&entry->uri, uri->data, uri->length, NULL);
}

uint32_t fastly_entry_handle(const struct fastly_guest *guest, const struct fastly_entry *entry)
{
	return FASTLY_ENTRY_HANDLES + (uint32_t)(entry - guest->entries);
}

void fastly_entry_close(struct fastly_guest *guest, struct fastly_entry *entry)
{
	cache_lookup_finish(&entry->lookup);
	guest->held -= entry->counted;
	entry->counted = 0;
	buffer_finish(&entry->method);
	buffer_finish(&entry->uri);
	fastly_slot_give(&guest->entry_slots, (uint32_t)(entry - guest->entries));
}

void fastly_entries_close(struct fastly_guest *guest)
{
	for (uint32_t i = 0; i < guest->entry_slots.used; i++) {
		if (fastly_slot_is_taken(&guest->entry_slots, i))
			fastly_entry_close(guest, &guest->entries[i]);
	}
}

/* ---- writing ---- */

static bool surrogates_are_valid(struct sv_bytes list)
{
	size_t length = 0;
	for (size_t i = 0; i < list.length; i++) {
		uint8_t c = list.data[i];
		length = c == ' ' ? 0 : length + 1;
		if (c < ' ' || c > '~' || length > CACHE_MAX_SURROGATE)
			return false;
	}
	return true;
}

bool fastly_write_is_valid(struct fastly_guest *guest, const struct cache_write *write)
{
	char line[200];
	if (write->vary.length <= CACHE_MAX_VARY && write->metadata.length <= CACHE_MAX_METADATA &&
			write->surrogates.length <= CACHE_MAX_SURROGATES &&
			surrogates_are_valid(write->surrogates))
		return true;
	snprintf(line, sizeof line,
			"an object of the cache has %u bytes of metadata at most, %u of names it "
			"varies by, %u of surrogate keys, one of which has %u",
			CACHE_MAX_METADATA, CACHE_MAX_VARY, CACHE_MAX_SURROGATES,
			CACHE_MAX_SURROGATE);
	fastly_tell(guest, line);
	return false;
}

static enum fastly_status status_of(struct fastly_guest *guest, enum cache_progress progress)
{
	char line[120];
	if (progress == CACHE_READY)
		return FASTLY_OK;
	if (progress != CACHE_FULL)
		return FASTLY_ERROR;
	snprintf(line, sizeof line, "the cache has %u objects and %llu bytes at most",
			CACHE_MAX_OBJECTS, (unsigned long long)CACHE_MAX_BYTES);
	fastly_tell(guest, line);
	return FASTLY_LIMITEXCEEDED;
}

enum fastly_status fastly_entry_insert(struct fastly_guest *guest, struct fastly_entry *entry,
		const struct cache_write *write, struct fastly_body **body,
		struct cache_object **object)
{
	if (!fastly_write_is_valid(guest, write))
		return FASTLY_INVAL;
	*body = fastly_new_body(guest);
	if (!*body)
		return FASTLY_LIMITEXCEEDED;
	enum fastly_status status =
			status_of(guest, cache_insert(&entry->lookup, write, host_now(), object));
	if (status == FASTLY_OK)
		(*body)->stored = *object;
	else
		fastly_close_body(guest, *body);
	return status;
}

enum fastly_status fastly_entry_update(struct fastly_guest *guest, struct fastly_entry *entry,
		const struct cache_write *write)
{
	if (!fastly_write_is_valid(guest, write))
		return FASTLY_INVAL;
	if (!entry->lookup.object || !entry->lookup.claim)
		return FASTLY_BADF;
	return status_of(guest, cache_update(&entry->lookup, write, host_now()));
}

enum fastly_status fastly_entry_found(struct fastly_call *call, const struct fastly_entry *like,
		struct cache_object *object, struct fastly_entry **entry)
{
	const struct fastly_entry_key key = {
			cache_lookup_key(&like->lookup), &like->lookup.request};
	enum fastly_status status = fastly_entry_new(call, like->kind, &key, entry);
	if (status != FASTLY_OK) {
		cache_object_release(object);
		return status;
	}
	if (!fastly_entry_name(call->guest, *entry, &like->method, &like->uri)) {
		fastly_entry_close(call->guest, *entry);
		cache_object_release(object);
		return FASTLY_LIMITEXCEEDED;
	}
	(*entry)->uses_range = like->uses_range;
	(*entry)->lookup.object = object;
	(*entry)->lookup.state = CACHE_FOUND | CACHE_USABLE;
	(*entry)->lookup.is_done = true;
	return FASTLY_OK;
}

enum fastly_status fastly_entry_give_length(struct fastly_call *call, struct cache_object *object)
{
	int64_t length = cache_object_length(object);
	return length < 0 ? FASTLY_NONE : fastly_give_u64(call, 1, (uint64_t)length);
}
