/*
 * vary.c: what variants depend on: lists of names of fields, and their values in a request.
 */
#include <string.h>

#include "host/cache/inner.h"

bool vary_next(struct sv_bytes *list, struct sv_bytes *word)
{
	while (list->length && *list->data == ' ') {
		list->data++;
		list->length--;
	}
	const uint8_t *end = list->length ? memchr(list->data, ' ', list->length) : NULL;
	*word = (struct sv_bytes){list->data, end ? (size_t)(end - list->data) : list->length};
	if (word->length) {
		list->data += word->length;
		list->length -= word->length;
	}
	return word->length != 0;
}

/* A field's value has neither of the two separators. */
bool vary_values(struct sv_bytes vary, const struct host_response *request, struct buffer *values)
{
	struct sv_bytes name;
	while (vary_next(&vary, &name)) {
		for (size_t i = 0; i < request->field_count; i++) {
			struct host_header field = host_response_field(request, i);
			if (!host_name_equal(field.name, name))
				continue;
			TRY(buffer_append(values, field.value.data, field.value.length, NULL));
			TRY(buffer_append(values, "\r", 1, NULL));
		}
		TRY(buffer_append(values, "\n", 1, NULL));
	}
	return true;
}

/* Without memory nothing matches, which costs no more than time. */
bool vary_matches(struct sv_bytes vary, struct sv_bytes values, const struct host_response *request)
{
	struct buffer own = {0};
	bool matches = vary_values(vary, request, &own) && own.length == values.length &&
			(!own.length || memcmp(own.data, values.data, own.length) == 0);
	buffer_finish(&own);
	return matches;
}
