/*
 * http_cache.c: the cache of HTTP responses (fastly_http_cache): lookups by request, what is
 * suggested for storing, and storing. Rules are in http_rules.c, heads in http_stored.c; SDKs
 * do the rest in the guest.
 */
#include <string.h>

#include "host/fastly/entries.h"
#include "host/fastly/fields.h"
#include "host/fastly/http_rules.h"
#include "host/fastly/http_stored.h"

#define SECOND UINT64_C(1000000000)

/* As they are in the guest's memory. */
struct lookup_options {
	uint32_t key, key_length, backend, backend_length;
};

struct write_options {
	uint64_t max_age;
	uint32_t vary, vary_length;
	uint64_t initial_age, stale_while;
	uint32_t surrogates, surrogates_length;
	uint64_t length, stale_if_error;
};

enum { LOOKUP_KEY = 1 << 1 };

enum {
	WRITE_VARY = 1 << 1,
	WRITE_INITIAL_AGE = 1 << 2,
	WRITE_STALE_WHILE = 1 << 3,
	WRITE_SURROGATES = 1 << 4,
	WRITE_LENGTH = 1 << 5,
	WRITE_SENSITIVE = 1 << 6,
	WRITE_STALE_IF_ERROR = 1 << 7,
};

/* Older programs know only the first part: nothing behind it is read or written. */
static size_t options_size(uint32_t mask)
{
	return mask & WRITE_STALE_IF_ERROR ? sizeof(struct write_options)
					   : offsetof(struct write_options, stale_if_error);
}

static struct fastly_message *request_of(struct fastly_call *call)
{
	return fastly_message(call, FASTLY_REQUEST, fastly_argument(call, 0));
}

/* ---- keys ---- */

enum fastly_status fastly_http_cache_is_request_cacheable(struct fastly_call *call)
{
	const struct fastly_message *request = request_of(call);
	if (!request)
		return FASTLY_BADF;
	return fastly_give_u32(call, 1, http_method_is_kept(buffer_view(&request->method)));
}

enum fastly_status fastly_http_cache_get_suggested_cache_key(struct fastly_call *call)
{
	const struct fastly_message *request = request_of(call);
	uint8_t key[HTTP_KEY_BYTES];
	if (!request)
		return FASTLY_BADF;
	return http_key_make(request, key)
			? fastly_give(call, 1, (struct sv_bytes){key, HTTP_KEY_BYTES})
			: FASTLY_ERROR;
}

/* ---- lookups ---- */

static enum fastly_status key_read(struct fastly_call *call, const struct fastly_message *request,
		uint8_t own[HTTP_KEY_BYTES], struct sv_bytes *key)
{
	struct lookup_options options;
	*key = (struct sv_bytes){own, HTTP_KEY_BYTES};
	if (!(fastly_argument(call, 1) & LOOKUP_KEY))
		return http_key_make(request, own) ? FASTLY_OK : FASTLY_ERROR;
	bool is_read = fastly_read(call, fastly_argument(call, 2), &options, sizeof options) &&
			fastly_bytes_at(call, options.key, options.key_length, key);
	return is_read && key->length == HTTP_KEY_BYTES ? FASTLY_OK : FASTLY_INVAL;
}

/* Arguments: request, mask, options, place of the handle. */
static enum fastly_status lookup_begin(struct fastly_call *call, bool is_transaction)
{
	const struct fastly_message *request = request_of(call);
	uint8_t own[HTTP_KEY_BYTES];
	struct fastly_entry_key key;
	struct fastly_entry *entry;
	if (!request)
		return FASTLY_BADF;
	if (!fastly_is_place(call, 3, sizeof(uint32_t)))
		return FASTLY_INVAL;
	key.request = &request->fields.head;
	enum fastly_status status = key_read(call, request, own, &key.key);
	if (status == FASTLY_OK)
		status = fastly_entry_new(call, FASTLY_ENTRY_HTTP, &key, &entry);
	if (status != FASTLY_OK)
		return status;
	entry->is_transaction = is_transaction;
	if (!fastly_entry_name(call->guest, entry, &request->method, &request->uri))
		status = FASTLY_LIMITEXCEEDED;
	else if (is_transaction)
		status = fastly_entry_settle(call->guest, entry);
	else
		cache_look(&entry->lookup, host_now());
	if (status != FASTLY_OK && status != FASTLY_WAITS) {
		fastly_entry_close(call->guest, entry);
		return status;
	}
	return fastly_give_u32(call, 3, fastly_entry_handle(call->guest, entry));
}

enum fastly_status fastly_http_cache_lookup(struct fastly_call *call)
{
	return lookup_begin(call, false);
}

enum fastly_status fastly_http_cache_transaction_lookup(struct fastly_call *call)
{
	return lookup_begin(call, true);
}

static enum fastly_status entry_of(struct fastly_call *call, struct fastly_entry **entry)
{
	return fastly_entry_of(call, 0, FASTLY_ENTRY_HTTP, entry);
}

/* One that is to store something. */
static enum fastly_status claim_of(struct fastly_call *call, struct fastly_entry **entry)
{
	enum fastly_status status = entry_of(call, entry);
	return status == FASTLY_OK && !(*entry)->lookup.claim ? FASTLY_BADF : status;
}

enum fastly_status fastly_http_cache_close(struct fastly_call *call)
{
	struct fastly_entry *entry = fastly_entry_peek(call, 0, FASTLY_ENTRY_HTTP);
	if (!entry)
		return FASTLY_BADF;
	fastly_entry_close(call->guest, entry);
	return FASTLY_OK;
}

enum fastly_status fastly_http_cache_transaction_abandon(struct fastly_call *call)
{
	struct fastly_entry *entry;
	enum fastly_status status = claim_of(call, &entry);
	if (status == FASTLY_OK)
		cache_cancel(&entry->lookup);
	return status;
}

enum fastly_status fastly_http_cache_transaction_choose_stale(struct fastly_call *call)
{
	struct fastly_entry *entry;
	enum fastly_status status = claim_of(call, &entry);
	if (status != FASTLY_OK)
		return status;
	return cache_choose_stale(&entry->lookup, host_now()) ? FASTLY_OK : FASTLY_BADF;
}

/* ---- what is suggested ---- */

static bool request_suggest(const struct fastly_entry *entry, struct fastly_message *message)
{
	return buffer_append(&message->method, "GET", 3, NULL) &&
			buffer_append(&message->uri, entry->uri.data, entry->uri.length, NULL) &&
			http_suggest(&entry->lookup, &message->fields.head);
}

enum fastly_status fastly_http_cache_get_suggested_backend_request(struct fastly_call *call)
{
	struct fastly_guest *guest = call->guest;
	struct fastly_entry *entry;
	if (!fastly_is_place(call, 1, sizeof(uint32_t)))
		return FASTLY_INVAL;
	enum fastly_status status = entry_of(call, &entry);
	if (status != FASTLY_OK)
		return status;
	if (!fastly_may_hold(guest, entry->counted + 1024))
		return FASTLY_LIMITEXCEEDED;
	struct fastly_message *message = fastly_new_message(guest, FASTLY_REQUEST);
	if (!message)
		return FASTLY_LIMITEXCEEDED;
	bool is_made = request_suggest(entry, message);
	guest->held += message->method.length + message->uri.length;
	fastly_fields_count(guest, &message->fields);
	if (is_made)
		return fastly_give_u32(call, 1, fastly_message_handle(guest, message));
	fastly_close_message(guest, message);
	return FASTLY_HTTPHEADTOOLARGE;
}

static struct fastly_message *response_at(struct fastly_call *call, unsigned index)
{
	return fastly_message(call, FASTLY_RESPONSE, fastly_argument(call, index));
}

/* What is stored with news, or a copy of the response. */
static bool response_prepare(const struct fastly_entry *entry, const struct host_response *from,
		bool is_update, struct host_response *to)
{
	if (is_update)
		return http_head_read(entry->lookup.object->metadata, to) &&
				http_head_merge(to, from);
	to->status = from->status;
	for (size_t i = 0; i < from->field_count; i++) {
		struct host_header field = host_response_field(from, i);
		TRY(host_response_add(to, field.name, field.value, NULL));
	}
	return true;
}

/* Another response is made, which is the one to be stored; SDKs close the one that they gave. */
enum fastly_status fastly_http_cache_prepare_response_for_storage(struct fastly_call *call)
{
	struct fastly_entry *entry;
	struct fastly_message *message = response_at(call, 1);
	if (!fastly_is_place(call, 2, sizeof(uint32_t)) ||
			!fastly_is_place(call, 3, sizeof(uint32_t)))
		return FASTLY_INVAL;
	enum fastly_status status = entry_of(call, &entry);
	if (status != FASTLY_OK || !message)
		return status == FASTLY_OK ? FASTLY_BADF : status;
	const struct host_response *head = &message->fields.head;
	bool is_update = head->status == 304 && entry->lookup.object && entry->lookup.claim;
	size_t most = message->fields.counted +
			(is_update ? entry->lookup.object->metadata.length : 0);
	struct fastly_message *made = fastly_may_hold(call->guest, most)
			? fastly_new_message(call->guest, FASTLY_RESPONSE)
			: NULL;
	if (!made)
		return FASTLY_LIMITEXCEEDED;
	bool is_made = response_prepare(entry, head, is_update, &made->fields.head);
	fastly_fields_count(call->guest, &made->fields);
	if (!is_made) {
		fastly_close_message(call->guest, made);
		return FASTLY_HTTPHEADTOOLARGE;
	}
	enum http_action action = http_action_of(&made->fields.head, false);
	if (is_update && action == HTTP_INSERT)
		action = HTTP_UPDATE;
	(void)fastly_give_u32(call, 2, action);
	return fastly_give_u32(call, 3, fastly_message_handle(call->guest, made));
}

/* A text that is wanted: how long it is, and where the guest has room for it. */
struct text_out {
	struct sv_bytes text;
	uint32_t *length; /* that there is room for; then the text's */
	uint8_t *to;      /* NULL: it does not fit, or there is none */
};

/* Nothing is written yet; BUFLEN if there is too little room. */
static enum fastly_status text_place(struct fastly_call *call, struct text_out *out, uint32_t place)
{
	bool fits = out->text.length <= *out->length;
	if (fits && out->text.length)
		out->to = fastly_range(call, place, out->text.length);
	*out->length = (uint32_t)out->text.length;
	if (!fits)
		return FASTLY_BUFLEN;
	return out->to || !out->text.length ? FASTLY_OK : FASTLY_INVAL;
}

static void text_write(const struct text_out *out)
{
	if (out->to)
		memcpy(out->to, out->text.data, out->text.length);
}

/* The numbers among the options, and which of those that are wanted there are. */
static uint32_t options_fill(struct write_options *options, const struct host_response *head,
		uint32_t wanted)
{
	struct http_freshness fresh = http_freshness_of(head);
	int64_t length = fastly_fields_length(head);
	options->max_age = fresh.max_age * SECOND;
	options->initial_age = fresh.age * SECOND;
	options->stale_while = fresh.stale_while * SECOND;
	options->stale_if_error = fresh.stale_if_error * SECOND;
	options->length = length < 0 ? 0 : (uint64_t)length;
	return (wanted & (WRITE_INITIAL_AGE | WRITE_STALE_WHILE | WRITE_STALE_IF_ERROR)) |
			(length < 0 ? 0 : wanted & WRITE_LENGTH);
}

static enum fastly_status options_give(struct fastly_call *call, const struct host_response *head,
		struct sv_bytes rule)
{
	struct write_options options = {0};
	uint32_t wanted = fastly_argument(call, 2);
	size_t size = options_size(wanted);
	if (!fastly_read(call, fastly_argument(call, 3), &options, size) ||
			!fastly_is_place(call, 4, sizeof wanted) || !fastly_is_place(call, 5, size))
		return FASTLY_INVAL;
	struct text_out vary = {.length = &options.vary_length};
	struct text_out keys = {.length = &options.surrogates_length};
	if (wanted & WRITE_VARY)
		vary.text = rule;
	if (wanted & WRITE_SURROGATES)
		keys.text = http_field(head, "Surrogate-Key");
	uint32_t mask = options_fill(&options, head, wanted);
	mask |= vary.text.length ? WRITE_VARY : 0;
	mask |= keys.text.length ? WRITE_SURROGATES : 0;
	enum fastly_status first = text_place(call, &vary, options.vary);
	enum fastly_status second = text_place(call, &keys, options.surrogates);
	if (first == FASTLY_INVAL || second == FASTLY_INVAL)
		return FASTLY_INVAL;
	/* If there is too little room for one of them, what is told is how much both need. */
	bool fit = first == FASTLY_OK && second == FASTLY_OK;
	if (fit)
		text_write(&vary);
	if (fit)
		text_write(&keys);
	(void)fastly_give_u32(call, 4, mask);
	(void)fastly_put(call, 5, &options, size);
	return first == FASTLY_OK ? second : first;
}

enum fastly_status fastly_http_cache_get_suggested_cache_options(struct fastly_call *call)
{
	struct fastly_entry *entry;
	const struct fastly_message *message = response_at(call, 1);
	struct buffer vary = {.limit = FASTLY_MAX_FIELD_BYTES};
	enum fastly_status status = entry_of(call, &entry);
	if (status != FASTLY_OK || !message)
		return status == FASTLY_OK ? FASTLY_BADF : status;
	status = http_vary_of(&message->fields.head, &vary)
			? options_give(call, &message->fields.head, buffer_view(&vary))
			: FASTLY_ERROR;
	buffer_finish(&vary);
	return status;
}

/* ---- storing ---- */

/* Options at arguments `index` (mask) and `index` + 1. */
static enum fastly_status write_read(struct fastly_call *call, unsigned index,
		struct cache_write *write)
{
	struct write_options options;
	uint32_t mask = fastly_argument(call, index);
	*write = (struct cache_write){.length = -1};
	if (!fastly_read(call, fastly_argument(call, index + 1), &options, options_size(mask)))
		return FASTLY_INVAL;
	write->max_age = options.max_age;
	write->initial_age = mask & WRITE_INITIAL_AGE ? options.initial_age : 0;
	write->stale_while = mask & WRITE_STALE_WHILE ? options.stale_while : 0;
	write->stale_if_error = mask & WRITE_STALE_IF_ERROR ? options.stale_if_error : 0;
	write->is_sensitive = mask & WRITE_SENSITIVE;
	if (mask & WRITE_LENGTH && options.length > INT64_MAX)
		return FASTLY_INVAL;
	if (mask & WRITE_LENGTH)
		write->length = (int64_t)options.length;
	bool is_read = (!(mask & WRITE_VARY) ||
				       fastly_bytes_at(call, options.vary, options.vary_length,
						       &write->vary)) &&
			(!(mask & WRITE_SURROGATES) ||
					fastly_bytes_at(call, options.surrogates,
							options.surrogates_length,
							&write->surrogates));
	return is_read ? FASTLY_OK : FASTLY_INVAL;
}

/* What is to be stored: arguments handle, response, mask, options. `head` has the response. */
static enum fastly_status store_read(struct fastly_call *call, struct fastly_entry **entry,
		struct cache_write *write, struct buffer *head)
{
	const struct fastly_message *message = response_at(call, 1);
	enum fastly_status status = claim_of(call, entry);
	if (status == FASTLY_OK && !message)
		status = FASTLY_BADF;
	if (status == FASTLY_OK)
		status = write_read(call, 2, write);
	if (status != FASTLY_OK)
		return status;
	if (!http_head_write(&message->fields.head, head))
		return FASTLY_ERROR;
	write->metadata = buffer_view(head);
	return FASTLY_OK;
}

/* Insert, perhaps with another handle to read it by: arguments `index` and `index` + 1. */
static enum fastly_status insert(struct fastly_call *call, bool streams_back)
{
	struct fastly_guest *guest = call->guest;
	struct fastly_entry *entry, *back;
	struct cache_write write;
	struct fastly_body *body;
	struct cache_object *object;
	struct buffer head = {.limit = CACHE_MAX_METADATA};
	if (!fastly_is_place(call, 4, sizeof(uint32_t)) ||
			(streams_back && !fastly_is_place(call, 5, sizeof(uint32_t))))
		return FASTLY_INVAL;
	enum fastly_status status = store_read(call, &entry, &write, &head);
	if (status == FASTLY_OK)
		status = fastly_entry_insert(guest, entry, &write, &body, &object);
	buffer_finish(&head);
	if (status != FASTLY_OK)
		return status;
	if (streams_back)
		status = fastly_entry_found(call, entry, cache_object_use(object), &back);
	if (status != FASTLY_OK) {
		fastly_close_body(guest, body);
		return status;
	}
	if (streams_back)
		(void)fastly_give_u32(call, 5, fastly_entry_handle(guest, back));
	fastly_close_message(guest, response_at(call, 1));
	return fastly_give_u32(call, 4, fastly_body_handle(guest, body));
}

enum fastly_status fastly_http_cache_transaction_insert(struct fastly_call *call)
{
	return insert(call, false);
}

enum fastly_status fastly_http_cache_transaction_insert_and_stream_back(struct fastly_call *call)
{
	return insert(call, true);
}

static enum fastly_status update(struct fastly_call *call, struct fastly_entry **entry)
{
	struct cache_write write;
	struct buffer head = {.limit = CACHE_MAX_METADATA};
	enum fastly_status status = store_read(call, entry, &write, &head);
	if (status == FASTLY_OK)
		status = fastly_entry_update(call->guest, *entry, &write);
	buffer_finish(&head);
	if (status == FASTLY_OK)
		fastly_close_message(call->guest, response_at(call, 1));
	return status;
}

enum fastly_status fastly_http_cache_transaction_update(struct fastly_call *call)
{
	struct fastly_entry *entry;
	return update(call, &entry);
}

enum fastly_status fastly_http_cache_transaction_update_and_return_fresh(struct fastly_call *call)
{
	struct fastly_entry *entry, *fresh;
	if (!fastly_is_place(call, 4, sizeof(uint32_t)))
		return FASTLY_INVAL;
	enum fastly_status status = update(call, &entry);
	if (status == FASTLY_OK)
		status = fastly_entry_found(call, entry, cache_object_use(entry->lookup.object),
				&fresh);
	return status == FASTLY_OK
			? fastly_give_u32(call, 4, fastly_entry_handle(call->guest, fresh))
			: status;
}

/* An object without a body, which says that there is none. */
enum fastly_status fastly_http_cache_transaction_record_not_cacheable(struct fastly_call *call)
{
	struct fastly_entry *entry;
	struct cache_write write;
	struct fastly_body *body;
	struct cache_object *object;
	enum fastly_status status = claim_of(call, &entry);
	if (status == FASTLY_OK)
		status = write_read(call, 1, &write);
	if (status != FASTLY_OK)
		return status;
	const struct cache_write refusal = {.max_age = write.max_age,
			.length = -1,
			.vary = write.vary,
			.is_refusal = true};
	status = fastly_entry_insert(call->guest, entry, &refusal, &body, &object);
	if (status != FASTLY_OK)
		return status;
	cache_write_end(object);
	fastly_close_body(call->guest, body);
	return FASTLY_OK;
}

/* ---- what was found ---- */

static enum fastly_status object_of(struct fastly_call *call, struct fastly_entry **entry,
		struct cache_object **object)
{
	enum fastly_status status = entry_of(call, entry);
	if (status != FASTLY_OK)
		return status;
	*object = (*entry)->lookup.state & CACHE_USABLE ? (*entry)->lookup.object : NULL;
	return *object ? FASTLY_OK : FASTLY_NONE;
}

static enum fastly_status found_make(struct fastly_call *call, const struct fastly_entry *entry,
		struct cache_object *object, struct fastly_message **message,
		struct fastly_body **body)
{
	const struct http_found found = {object, &entry->lookup.request,
			host_name_equal(buffer_view(&entry->method), host_text("HEAD")),
			fastly_argument(call, 1)};
	return http_found_make(call->guest, &found, message, body);
}

enum fastly_status fastly_http_cache_get_found_response(struct fastly_call *call)
{
	struct fastly_entry *entry;
	struct cache_object *object;
	struct fastly_message *message;
	struct fastly_body *body;
	if (!fastly_is_place(call, 2, sizeof(uint32_t)) ||
			!fastly_is_place(call, 3, sizeof(uint32_t)))
		return FASTLY_INVAL;
	enum fastly_status status = object_of(call, &entry, &object);
	if (status == FASTLY_OK)
		status = found_make(call, entry, object, &message, &body);
	if (status != FASTLY_OK)
		return status;
	(void)fastly_give_u32(call, 2, fastly_message_handle(call->guest, message));
	return fastly_give_u32(call, 3, fastly_body_handle(call->guest, body));
}

enum fastly_status fastly_http_cache_get_state(struct fastly_call *call)
{
	struct fastly_entry *entry;
	enum fastly_status status = entry_of(call, &entry);
	return status == FASTLY_OK ? fastly_give_u32(call, 1, entry->lookup.state) : status;
}

#define OBJECT_FUNCTION(name, give) \
	enum fastly_status fastly_http_cache_##name(struct fastly_call *call) \
	{ \
		struct fastly_entry *entry; \
		struct cache_object *object; \
		enum fastly_status status = object_of(call, &entry, &object); \
		return status == FASTLY_OK ? give : status; \
	}

OBJECT_FUNCTION(get_length, fastly_entry_give_length(call, object))
OBJECT_FUNCTION(get_max_age_ns, fastly_give_u64(call, 1, (uint64_t)object->max_age))
OBJECT_FUNCTION(get_stale_while_revalidate_ns,
		fastly_give_u64(call, 1, (uint64_t)object->stale_while))
OBJECT_FUNCTION(get_stale_if_error_ns, fastly_give_u64(call, 1, (uint64_t)object->stale_if_error))
OBJECT_FUNCTION(get_age_ns,
		fastly_give_u64(call, 1, (uint64_t)cache_object_age(object, host_now())))
OBJECT_FUNCTION(get_hits, fastly_give_u64(call, 1, cache_object_hits(object)))
OBJECT_FUNCTION(get_sensitive_data, fastly_give_u32(call, 1, object->is_sensitive))
OBJECT_FUNCTION(get_surrogate_keys, fastly_give(call, 1, object->surrogates))
OBJECT_FUNCTION(get_vary_rule, fastly_give(call, 1, object->vary))
