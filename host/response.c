/*
 * response.c: the fields of a response, checked so that no guest can write into the
 * head anything but fields; and the lookup in a request. Bodies are plain buffers.
 */
#include "host/http.h"

#include <stdlib.h>
#include <string.h>

#include "host/lend.h"

const struct host_header *host_request_header(const struct host_request *request, const char *name)
{
	struct sv_bytes wanted = host_text(name);
	for (size_t i = 0; i < request->header_count; i++) {
		if (host_name_equal(request->headers[i].name, wanted))
			return &request->headers[i];
	}
	return NULL;
}

const char *host_request_protocol(const struct host_request *request)
{
	if (request->major_version > 1)
		return "HTTP/2.0";
	return request->minor_version ? "HTTP/1.1" : "HTTP/1.0";
}

bool host_status_is_final(int64_t status)
{
	return status >= 200 && status <= 999;
}

struct sv_bytes host_response_body(const struct host_response *response)
{
	if (response->give_back)
		return response->lent;
	if (response->body.length <= response->body_start)
		return (struct sv_bytes){0};
	return (struct sv_bytes){response->body.data + response->body_start,
			response->body.length - response->body_start};
}

static void give_back(struct host_response *response)
{
	if (response->give_back)
		response->give_back(response->lender);
	response->give_back = NULL;
	response->lender = NULL;
	response->lent = (struct sv_bytes){0};
}

void host_response_lend(struct host_response *response, struct sv_bytes bytes,
		void (*giver)(void *lender), void *lender)
{
	give_back(response);
	response->lent = bytes;
	response->give_back = giver;
	response->lender = lender;
}

void host_response_reset(struct host_response *response)
{
	/* A body of megabytes should not stay with a connection that sends small ones. */
	static const size_t kept = 256 * 1024;
	if (response->body.capacity > kept)
		buffer_finish(&response->body);
	give_back(response);
	response->status = 200;
	response->body_start = 0;
	response->announced = -1;
	response->is_packed = false;
	response->field_count = 0;
	response->text.length = 0;
	response->body.length = 0;
}

void host_response_finish(struct host_response *response)
{
	give_back(response);
	free(response->fields);
	response->fields = NULL;
	response->field_count = response->field_capacity = 0;
	buffer_finish(&response->text);
	buffer_finish(&response->body);
}

/* RFC 9110, section 5.6.2. */
static bool name_is_token(struct sv_bytes name)
{
	for (size_t i = 0; i < name.length; i++) {
		uint8_t c = name.data[i];
		bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
				(c >= 'a' && c <= 'z');
		if (!alphanumeric && (!c || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return name.length > 0;
}

/* RFC 9110, section 5.5: no control characters but the tab. */
static bool value_is_clean(struct sv_bytes value)
{
	for (size_t i = 0; i < value.length; i++) {
		uint8_t c = value.data[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static bool field_reserve(struct host_response *response, struct sv_error *error)
{
	if (response->field_limit && response->field_count >= response->field_limit)
		return sv_fail(error, SV_ERROR_LIMIT, "more than %zu header fields",
				response->field_limit);
	if (response->field_count < response->field_capacity)
		return true;
	size_t capacity = response->field_capacity ? response->field_capacity * 2 : 16;
	struct host_field *fields = realloc(response->fields, capacity * sizeof *fields);
	if (!fields)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for header fields");
	response->fields = fields;
	response->field_capacity = capacity;
	return true;
}

bool host_response_add(struct host_response *response, struct sv_bytes name, struct sv_bytes value,
		struct sv_error *error)
{
	struct buffer *text = &response->text;
	TRY(field_reserve(response, error));
	/* Before anything that takes as long as they are. */
	if (text->limit &&
			(name.length > text->limit || value.length > text->limit ||
					name.length + value.length > text->limit - text->length))
		return sv_fail(error, SV_ERROR_LIMIT, "header fields of more than %zu bytes",
				text->limit);
	if (!name_is_token(name))
		return sv_fail(error, SV_ERROR_INVALID,
				"a header field's name is not a token: \"%.*s\"",
				(int)(name.length < 60 ? name.length : 60),
				(const char *)name.data);
	if (!value_is_clean(value))
		return sv_fail(error, SV_ERROR_INVALID,
				"the value of header field \"%.*s\" has a control character",
				(int)(name.length < 60 ? name.length : 60),
				(const char *)name.data);
	struct host_field field = {
			.name = (uint32_t)text->length,
			.name_length = (uint32_t)name.length,
			.value = (uint32_t)(text->length + name.length),
			.value_length = (uint32_t)value.length,
	};
	TRY(buffer_reserve(text, name.length + value.length, error));
	TRY(buffer_append(text, name.data, name.length, error));
	TRY(buffer_append(text, value.data, value.length, error));
	response->fields[response->field_count++] = field;
	return true;
}

void host_response_remove(struct host_response *response, struct sv_bytes name, size_t before)
{
	size_t kept = 0, at = 0;
	for (size_t i = 0; i < response->field_count; i++) {
		struct host_field field = response->fields[i];
		if (i < before && host_name_equal(host_response_field(response, i).name, name))
			continue;
		/* The text is in the order of the fields, so that it moves to the front only. */
		size_t length = (size_t)field.name_length + field.value_length;
		memmove(response->text.data + at, response->text.data + field.name, length);
		field.name = (uint32_t)at;
		field.value = field.name + field.name_length;
		response->fields[kept++] = field;
		at += length;
	}
	response->field_count = kept;
	response->text.length = at;
}

struct host_header host_response_field(const struct host_response *response, size_t index)
{
	check(index < response->field_count);
	const struct host_field *field = &response->fields[index];
	const uint8_t *text = response->text.data;
	return (struct host_header){
			{text + field->name, field->name_length},
			{text + field->value, field->value_length},
	};
}
