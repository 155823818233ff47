/*
 * fields.c: header fields of requests, responses and trailers: names in lower case and values,
 * as lists of strings with a NUL behind each, in parts that fit the guest's buffer.
 */
#include <string.h>

#include "host/fastly/fastly.h"

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
	list->room = sv_caller_range(call->caller, fastly_argument(call, index), list->size);
	/* The end, whatever happens. */
	enum fastly_status status = FASTLY_OK;
	if (fastly_argument(call, index + 3))
		status = fastly_give_u64(call, index + 3, UINT64_MAX);
	return list->room ? status : FASTLY_INVAL;
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
	enum fastly_status status = fastly_give_u32(call, index + 4, (uint32_t)written);
	if (status == FASTLY_OK && list->missing && !is_stuck && fastly_argument(call, index + 3))
		status = fastly_give_u64(call, index + 3, list->cursor);
	return status == FASTLY_OK && is_stuck ? FASTLY_BUFLEN : status;
}

static bool field_is_first(const struct host_response *head, size_t index)
{
	struct sv_bytes name = host_response_field(head, index).name;
	for (size_t i = 0; i < index; i++) {
		if (host_name_equal(host_response_field(head, i).name, name))
			return false;
	}
	return true;
}

enum fastly_status fastly_fields_names(struct fastly_call *call, const struct host_response *head,
		unsigned index)
{
	struct list list;
	enum fastly_status status = list_begin(&list, call, index);
	if (status != FASTLY_OK)
		return status;
	for (size_t i = 0; i < head->field_count; i++) {
		if (field_is_first(head, i))
			list_add(&list, host_response_field(head, i).name, true);
	}
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

enum fastly_status fastly_fields_value(struct fastly_call *call, const struct host_response *head,
		unsigned index)
{
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

enum fastly_status fastly_fields_values(struct fastly_call *call, const struct host_response *head,
		unsigned index)
{
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

enum fastly_status fastly_fields_append(struct fastly_call *call, struct host_response *head,
		unsigned index)
{
	struct sv_error error = SV_ERROR_INIT;
	struct sv_bytes name, value;
	if (!fastly_bytes(call, index, &name) || !fastly_bytes(call, index + 2, &value))
		return FASTLY_INVAL;
	return host_response_add(head, name, value, &error) ? FASTLY_OK : status_of(&error);
}

/* All fields of the name are replaced; if the new one is not valid, none is. */
static enum fastly_status fields_insert(struct fastly_call *call, struct host_response *head)
{
	struct sv_bytes name;
	size_t before = head->field_count;
	enum fastly_status status = fastly_fields_append(call, head, 1);
	if (status == FASTLY_OK && fastly_bytes(call, 1, &name))
		host_response_remove(head, name, before);
	return status;
}

static enum fastly_status fields_remove(struct fastly_call *call, struct host_response *head)
{
	struct sv_bytes name;
	if (!fastly_bytes(call, 1, &name))
		return FASTLY_INVAL;
	size_t before = head->field_count;
	host_response_remove(head, name, before);
	return head->field_count == before ? FASTLY_NONE : FASTLY_OK;
}

/* Values with a NUL behind each. */
static enum fastly_status fields_set(struct fastly_call *call, struct host_response *head)
{
	struct sv_error error = SV_ERROR_INIT;
	struct sv_bytes name, values;
	size_t fields = head->field_count, text = head->text.length;
	if (!fastly_bytes(call, 1, &name) || !fastly_bytes(call, 3, &values))
		return FASTLY_INVAL;
	while (values.length) {
		const uint8_t *end = memchr(values.data, '\0', values.length);
		size_t length = end ? (size_t)(end - values.data) : values.length;
		if (!host_response_add(head, name, (struct sv_bytes){values.data, length},
				    &error)) {
			head->field_count = fields;
			head->text.length = text;
			return status_of(&error);
		}
		values.data += length + (end != NULL);
		values.length -= length + (end != NULL);
	}
	host_response_remove(head, name, fields);
	return FASTLY_OK;
}

/* ---- the functions, of both kinds of messages ---- */

#define FIELD_FUNCTION(module, kind, name, body) \
	enum fastly_status fastly_##module##_##name(struct fastly_call *call) \
	{ \
		struct fastly_message *message = \
				fastly_message(call, kind, fastly_argument(call, 0)); \
		return message ? body : FASTLY_BADF; \
	}

#define FIELD_FUNCTIONS(module, kind) \
	FIELD_FUNCTION(module, kind, header_names_get, \
			fastly_fields_names(call, &message->head, 1)) \
	FIELD_FUNCTION(module, kind, header_value_get, \
			fastly_fields_value(call, &message->head, 1)) \
	FIELD_FUNCTION(module, kind, header_values_get, \
			fastly_fields_values(call, &message->head, 1)) \
	FIELD_FUNCTION(module, kind, header_append, \
			fastly_fields_append(call, &message->head, 1)) \
	FIELD_FUNCTION(module, kind, header_insert, fields_insert(call, &message->head)) \
	FIELD_FUNCTION(module, kind, header_values_set, fields_set(call, &message->head)) \
	FIELD_FUNCTION(module, kind, header_remove, fields_remove(call, &message->head))

FIELD_FUNCTIONS(http_req, FASTLY_REQUEST)
FIELD_FUNCTIONS(http_resp, FASTLY_RESPONSE)
