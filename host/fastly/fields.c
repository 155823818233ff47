/*
 * fields.c: header fields of requests, responses and trailers: names in lower case and values,
 * as lists of strings with a NUL behind each, in parts that fit the guest's buffer; and what else
 * requests and responses have in common.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "host/fastly/fastly.h"
#include "host/fastly/fields.h"

/* A list that is copied to the guest's buffer as far as there is room. */
struct list {
	struct fastly_call *call;
	uint8_t *room;
	size_t size, used;
	uint32_t cursor, number; /* the first that is wanted, and the one at hand */
	size_t missing; /* bytes that the first one which did not fit takes */
};

/* Arguments from `index` on: buffer, its size, cursor, places of the next cursor and the count. */
static enum fastly_status list_begin(struct list *list, struct fastly_call *call, unsigned index)
{
	*list = (struct list){.call = call,
			.size = fastly_argument(call, index + 1),
			.cursor = fastly_argument(call, index + 2)};
	list->room = fastly_range(call, fastly_argument(call, index), list->size);
	bool has_end = fastly_argument(call, index + 3) != 0;
	/* Before any of them is written. */
	if (!list->room || !fastly_is_place(call, index + 4, sizeof(uint32_t)) ||
			(has_end && !fastly_is_place(call, index + 3, sizeof(uint64_t))))
		return FASTLY_INVAL;
	return FASTLY_OK;
}

static void list_add(struct list *list, struct sv_bytes item, bool lower)
{
	uint32_t number = list->number++;
	if (number < list->cursor || list->missing)
		return;
	if (item.length + 1 > list->size - list->used) {
		list->missing = item.length + 1;
		list->cursor = number;
		return;
	}
	uint8_t *to = list->room + list->used;
	for (size_t i = 0; i < item.length; i++) {
		uint8_t c = item.data[i];
		to[i] = lower && c >= 'A' && c <= 'Z' ? c | 0x20 : c;
	}
	to[item.length] = '\0';
	list->used += item.length + 1;
}

static enum fastly_status list_end(struct list *list, unsigned index)
{
	struct fastly_call *call = list->call;
	bool is_stuck = list->missing && !list->used;
	size_t written = is_stuck ? list->missing : list->used;
	uint64_t cursor = list->missing && !is_stuck ? list->cursor : UINT64_MAX;
	(void)fastly_give_u32(call, index + 4, (uint32_t)written);
	if (fastly_argument(call, index + 3))
		(void)fastly_give_u64(call, index + 3, cursor);
	return is_stuck ? FASTLY_BUFLEN : FASTLY_OK;
}

void fastly_fields_reset(struct fastly_fields *fields)
{
	host_response_reset(&fields->head);
	fields->head.field_limit = FASTLY_MAX_FIELDS;
	fields->head.text.limit = FASTLY_MAX_FIELD_BYTES;
}

void fastly_fields_count(struct fastly_guest *guest, struct fastly_fields *fields)
{
	const struct host_response *head = &fields->head;
	size_t length = head->text.capacity + head->field_capacity * sizeof *head->fields;
	guest->held = guest->held - fields->counted + length;
	fields->counted = length;
}

/* ---- names, each once ---- */

static uint64_t name_hash(struct sv_bytes name)
{
	struct hash hash = hash_begin(hash_process_key());
	hash_add(&hash, name.length);
	for (size_t at = 0; at < name.length; at += sizeof(uint64_t)) {
		uint64_t word = 0;
		size_t left = name.length - at;
		memcpy(&word, name.data + at, left < sizeof word ? left : sizeof word);
		/* Letters become small ones; other bytes may meet, which only costs time. */
		hash_add(&hash, word | UINT64_C(0x2020202020202020));
	}
	return hash_end(&hash);
}

/* The place of a field's name in a table of field numbers (plus 1), or of a free one. */
static uint32_t *name_place(const struct host_response *head, uint32_t *table, size_t size,
		struct sv_bytes name)
{
	size_t at = name_hash(name) & (size - 1);
	while (table[at] && !host_name_equal(host_response_field(head, table[at] - 1).name, name))
		at = (at + 1) & (size - 1);
	return &table[at];
}

enum fastly_status fastly_fields_names(struct fastly_call *call, const struct fastly_fields *fields,
		unsigned index)
{
	const struct host_response *head = &fields->head;
	struct list list;
	enum fastly_status status = list_begin(&list, call, index);
	if (status != FASTLY_OK)
		return status;
	size_t size = 2;
	while (size < head->field_count * 2)
		size *= 2;
	uint32_t *table = calloc(size, sizeof *table);
	if (!table)
		return FASTLY_ERROR;
	for (size_t i = 0; i < head->field_count; i++) {
		struct sv_bytes name = host_response_field(head, i).name;
		uint32_t *place = name_place(head, table, size, name);
		if (!*place) {
			*place = (uint32_t)i + 1;
			list_add(&list, name, true);
		}
	}
	free(table);
	return list_end(&list, index);
}

enum fastly_status fastly_original_names(struct fastly_call *call, unsigned index)
{
	const struct host_request *request = call->guest->call->request;
	struct list list;
	enum fastly_status status = list_begin(&list, call, index);
	if (status != FASTLY_OK)
		return status;
	for (size_t i = 0; i < request->header_count; i++)
		list_add(&list, request->headers[i].name, false);
	return list_end(&list, index);
}

enum fastly_status fastly_fields_value(struct fastly_call *call, const struct fastly_fields *fields,
		unsigned index)
{
	const struct host_response *head = &fields->head;
	struct sv_bytes name;
	if (!fastly_bytes(call, index, &name))
		return FASTLY_INVAL;
	for (size_t i = 0; i < head->field_count; i++) {
		struct host_header field = host_response_field(head, i);
		if (host_name_equal(field.name, name))
			return fastly_give(call, index + 2, field.value);
	}
	enum fastly_status status = fastly_give_u32(call, index + 4, 0);
	return status == FASTLY_OK ? FASTLY_NONE : status;
}

enum fastly_status fastly_fields_values(struct fastly_call *call,
		const struct fastly_fields *fields, unsigned index)
{
	const struct host_response *head = &fields->head;
	struct sv_bytes name;
	struct list list;
	if (!fastly_bytes(call, index, &name))
		return FASTLY_INVAL;
	enum fastly_status status = list_begin(&list, call, index + 2);
	if (status != FASTLY_OK)
		return status;
	for (size_t i = 0; i < head->field_count; i++) {
		struct host_header field = host_response_field(head, i);
		if (host_name_equal(field.name, name))
			list_add(&list, field.value, false);
	}
	return list_end(&list, index + 2);
}

static int64_t number_of(struct sv_bytes digits)
{
	int64_t number = digits.length ? 0 : -1;
	for (size_t at = 0; at < digits.length && number >= 0; at++) {
		uint8_t c = digits.data[at];
		bool is_digit = c >= '0' && c <= '9' && number < INT64_MAX / 10 - 9;
		number = is_digit ? number * 10 + (c - '0') : -1;
	}
	return number;
}

int64_t fastly_fields_length(const struct host_response *head)
{
	int64_t length = -1;
	for (size_t i = 0; i < head->field_count; i++) {
		struct host_header field = host_response_field(head, i);
		if (host_name_equal(field.name, host_text("Transfer-Encoding")))
			return -1;
		if (host_name_equal(field.name, host_text("Content-Length")))
			length = number_of(field.value);
	}
	return length;
}

static enum fastly_status status_of(const struct sv_error *error)
{
	switch (error->code) {
	case SV_ERROR_INVALID:
		return FASTLY_HTTPINVALID;
	case SV_ERROR_LIMIT:
		return FASTLY_HTTPHEADTOOLARGE;
	default:
		return FASTLY_ERROR;
	}
}

/* Room for what a field takes, which is counted when it is there. */
static enum fastly_status fields_add(struct fastly_guest *guest, struct fastly_fields *fields,
		struct sv_bytes name, struct sv_bytes value)
{
	struct sv_error error = SV_ERROR_INIT;
	size_t length = name.length + value.length + sizeof *fields->head.fields;
	if (!fastly_may_hold(guest, length))
		return FASTLY_LIMITEXCEEDED;
	if (!host_response_add(&fields->head, name, value, &error))
		return status_of(&error);
	fastly_fields_count(guest, fields);
	return FASTLY_OK;
}

static void fields_drop(struct fastly_guest *guest, struct fastly_fields *fields,
		struct sv_bytes name, size_t before)
{
	host_response_remove(&fields->head, name, before);
	fastly_fields_count(guest, fields);
}

enum fastly_status fastly_fields_append(struct fastly_call *call, struct fastly_fields *fields,
		unsigned index)
{
	struct sv_bytes name, value;
	if (!fastly_bytes(call, index, &name) || !fastly_bytes(call, index + 2, &value))
		return FASTLY_INVAL;
	return fields_add(call->guest, fields, name, value);
}

/* All fields of the name are replaced; if the new one is not valid, none is. */
static enum fastly_status fields_insert(struct fastly_call *call, struct fastly_fields *fields)
{
	struct sv_bytes name;
	size_t before = fields->head.field_count;
	enum fastly_status status = fastly_fields_append(call, fields, 1);
	if (status == FASTLY_OK && fastly_bytes(call, 1, &name))
		fields_drop(call->guest, fields, name, before);
	return status;
}

static enum fastly_status fields_remove(struct fastly_call *call, struct fastly_fields *fields)
{
	struct sv_bytes name;
	if (!fastly_bytes(call, 1, &name))
		return FASTLY_INVAL;
	size_t before = fields->head.field_count;
	fields_drop(call->guest, fields, name, before);
	return fields->head.field_count == before ? FASTLY_NONE : FASTLY_OK;
}

/* Values with a NUL behind each. */
static enum fastly_status fields_set(struct fastly_call *call, struct fastly_fields *fields)
{
	struct sv_bytes name, values;
	size_t count = fields->head.field_count, text = fields->head.text.length;
	if (!fastly_bytes(call, 1, &name) || !fastly_bytes(call, 3, &values))
		return FASTLY_INVAL;
	while (values.length) {
		const uint8_t *end = memchr(values.data, '\0', values.length);
		size_t length = end ? (size_t)(end - values.data) : values.length;
		enum fastly_status status = fields_add(call->guest, fields, name,
				(struct sv_bytes){values.data, length});
		if (status != FASTLY_OK) {
			fields->head.field_count = count;
			fields->head.text.length = text;
			fastly_fields_count(call->guest, fields);
			return status;
		}
		values.data += length + (end != NULL);
		values.length -= length + (end != NULL);
	}
	fields_drop(call->guest, fields, name, count);
	return FASTLY_OK;
}

/* ---- the functions that requests and responses have in common ---- */

static enum fastly_status message_close(struct fastly_call *call, struct fastly_message *message)
{
	fastly_close_message(call->guest, message);
	return FASTLY_OK;
}

static enum fastly_status message_set_version(struct fastly_call *call,
		struct fastly_message *message)
{
	uint32_t version = fastly_argument(call, 1);
	if (version > 4)
		return FASTLY_INVAL;
	message->version = version;
	return FASTLY_OK;
}

/* 0: automatic; 1: as the fields of a response say, of which the length is what counts. */
static enum fastly_status message_set_framing(struct fastly_call *call,
		struct fastly_message *message)
{
	uint32_t mode = fastly_argument(call, 1);
	bool is_there = mode == 0 || (mode == 1 && message->kind == FASTLY_RESPONSE);
	if (is_there)
		message->is_manual = mode == 1;
	return is_there ? FASTLY_OK : FASTLY_UNSUPPORTED;
}

#define MESSAGE_FUNCTION(module, kind, name, body) \
	enum fastly_status fastly_##module##_##name(struct fastly_call *call) \
	{ \
		struct fastly_message *message = \
				fastly_message(call, kind, fastly_argument(call, 0)); \
		return message ? body : FASTLY_BADF; \
	}

#define MESSAGE_FUNCTIONS(module, kind) \
	MESSAGE_FUNCTION(module, kind, header_names_get, \
			fastly_fields_names(call, &message->fields, 1)) \
	MESSAGE_FUNCTION(module, kind, header_value_get, \
			fastly_fields_value(call, &message->fields, 1)) \
	MESSAGE_FUNCTION(module, kind, header_values_get, \
			fastly_fields_values(call, &message->fields, 1)) \
	MESSAGE_FUNCTION(module, kind, header_append, \
			fastly_fields_append(call, &message->fields, 1)) \
	MESSAGE_FUNCTION(module, kind, header_insert, fields_insert(call, &message->fields)) \
	MESSAGE_FUNCTION(module, kind, header_values_set, fields_set(call, &message->fields)) \
	MESSAGE_FUNCTION(module, kind, header_remove, fields_remove(call, &message->fields)) \
	MESSAGE_FUNCTION(module, kind, version_get, fastly_give_u32(call, 1, message->version)) \
	MESSAGE_FUNCTION(module, kind, version_set, message_set_version(call, message)) \
	MESSAGE_FUNCTION(module, kind, framing_headers_mode_set, \
			message_set_framing(call, message)) \
	MESSAGE_FUNCTION(module, kind, close, message_close(call, message))

MESSAGE_FUNCTIONS(http_req, FASTLY_REQUEST)
MESSAGE_FUNCTIONS(http_resp, FASTLY_RESPONSE)
