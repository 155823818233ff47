/*
 * fields.c: lists of header names and values for the guest.
 */
#include "host/terrarium/fields.h"

#include <stdlib.h>

static size_t fields_count(const struct terrarium_fields *fields)
{
	return fields->request ? fields->request->header_count : fields->response->field_count;
}

static struct host_header fields_at(const struct terrarium_fields *fields, size_t index)
{
	if (fields->request)
		return fields->request->headers[index];
	return host_response_field(fields->response, index);
}

static bool no_memory(struct sv_caller *caller)
{
	sv_caller_set_trap(caller, SV_TRAP_HOST, "no memory in the host for header fields");
	return false;
}

/* The distinct names in lower case: `text` holds them, `items` are views of it. */
static bool names_collect(const struct terrarium_fields *fields, struct buffer *text,
		struct sv_bytes *items, uint32_t *count)
{
	size_t total = 0, n = fields_count(fields);
	for (size_t i = 0; i < n; i++)
		total += fields_at(fields, i).name.length;
	TRY(buffer_reserve(text, total, NULL)); /* once: the views must stay */
	*count = 0;
	for (size_t i = 0; i < n; i++) {
		struct sv_bytes name = fields_at(fields, i).name;
		bool is_new = true;
		for (uint32_t k = 0; k < *count && is_new; k++)
			is_new = !host_name_equal(items[k], name);
		if (!is_new)
			continue;
		items[(*count)++] = (struct sv_bytes){text->data + text->length, name.length};
		for (size_t k = 0; k < name.length; k++) {
			uint8_t c = name.data[k];
			text->data[text->length++] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
		}
	}
	return true;
}

bool terrarium_give_names(struct sv_caller *caller, const struct terrarium_fields *fields,
		const union sv_value *values)
{
	uint32_t pointer_out = terrarium_argument(values, 0),
		 count_out = terrarium_argument(values, 1);
	uint32_t count;
	struct buffer text = {0};
	struct sv_bytes *items = calloc(fields_count(fields) + 1, sizeof *items);
	bool is_good;
	if (items && names_collect(fields, &text, items, &count))
		is_good = terrarium_give_list(caller, items, count, pointer_out, count_out);
	else
		is_good = no_memory(caller);
	buffer_finish(&text);
	free(items);
	return is_good;
}

bool terrarium_give_values(struct sv_caller *caller, const struct terrarium_fields *fields,
		const union sv_value *values)
{
	uint32_t pointer_out = terrarium_argument(values, 0),
		 count_out = terrarium_argument(values, 1);
	struct sv_bytes wanted;
	TRY(terrarium_view(caller, terrarium_argument(values, 3), terrarium_argument(values, 4),
			&wanted));
	struct sv_bytes *items = calloc(fields_count(fields) + 1, sizeof *items);
	if (!items)
		return no_memory(caller);
	uint32_t count = 0;
	for (size_t i = 0; i < fields_count(fields); i++) {
		struct host_header field = fields_at(fields, i);
		if (host_name_equal(field.name, wanted))
			items[count++] = field.value;
	}
	bool is_good = terrarium_give_list(caller, items, count, pointer_out, count_out);
	free(items);
	return is_good;
}
