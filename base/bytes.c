/*
 * bytes.c: views and the growable buffer.
 */
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

struct sv_bytes bytes_trim(struct sv_bytes text)
{
	while (text.length && is_blank(text.data[0])) {
		text.data++;
		text.length--;
	}
	while (text.length && is_blank(text.data[text.length - 1]))
		text.length--;
	return text;
}

bool buffer_reserve(struct buffer *buffer, size_t more, struct sv_error *error)
{
	size_t need;
	if (__builtin_add_overflow(buffer->length, more, &need))
		return sv_fail(error, SV_ERROR_LIMIT, "a buffer would exceed the address space");
	if (buffer->limit && need > buffer->limit)
		return sv_fail(error, SV_ERROR_LIMIT,
				"a buffer would exceed its limit of %zu bytes", buffer->limit);
	if (need <= buffer->capacity)
		return true;
	size_t capacity = buffer->capacity < 128 ? 128 : buffer->capacity;
	while (capacity < need)
		capacity += capacity / 2;
	uint8_t *data = realloc(buffer->data, capacity);
	if (!data)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for %zu bytes", capacity);
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

bool buffer_append(struct buffer *buffer, const void *data, size_t length, struct sv_error *error)
{
	if (!length)
		return true;
	TRY(buffer_reserve(buffer, length, error));
	memcpy(buffer->data + buffer->length, data, length);
	buffer->length += length;
	return true;
}

bool buffer_printf(struct buffer *buffer, struct sv_error *error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		return sv_fail(error, SV_ERROR_INTERNAL, "text could not be formatted");
	/* vsnprintf writes a NUL behind the text; it is not counted. */
	TRY(buffer_reserve(buffer, (size_t)length + 1, error));
	va_start(arguments, format);
	vsnprintf((char *)buffer->data + buffer->length, (size_t)length + 1, format, arguments);
	va_end(arguments);
	buffer->length += (size_t)length;
	return true;
}

void buffer_consume(struct buffer *buffer, size_t length)
{
	if (length >= buffer->length) {
		buffer->length = 0;
		return;
	}
	buffer->length -= length;
	memmove(buffer->data, buffer->data + length, buffer->length);
}

void buffer_finish(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){.limit = buffer->limit};
}

void buffer_wipe(struct buffer *buffer)
{
	if (buffer->data)
		explicit_bzero(buffer->data, buffer->length);
	buffer_finish(buffer);
}

struct sv_bytes buffer_view(const struct buffer *buffer)
{
	return (struct sv_bytes){buffer->data, buffer->length};
}
