/*
 * reader.c: numbers, names and vectors of the binary format.
 */
#include "compiler/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool reader_fail(struct reader *reader, const char *format, ...)
{
	char text[sizeof reader->error->text];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return sv_fail_at(reader->error, SV_ERROR_MALFORMED, (int64_t)reader_offset(reader), "%s",
			text);
}

bool reader_byte(struct reader *reader, uint8_t *value)
{
	if (reader->at == reader->end)
		return reader_fail(reader, "unexpected end");
	*value = *reader->at++;
	return true;
}

/* An unsigned number of `bits` bits. */
static bool reader_unsigned(struct reader *reader, unsigned bits, uint64_t *value)
{
	uint64_t result = 0;
	for (unsigned shift = 0;; shift += 7) {
		uint8_t byte = 0;
		TRY(reader_byte(reader, &byte));
		unsigned left = bits - shift; /* bits this byte may still add */
		if (left < 7 && (byte & 0x80)) {
			reader->at--;
			return reader_fail(reader, "integer representation too long");
		}
		if (left < 7 && byte >> left) {
			reader->at--;
			return reader_fail(reader, "integer too large");
		}
		result |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			break;
	}
	*value = result;
	return true;
}

bool reader_u32(struct reader *reader, uint32_t *value)
{
	uint64_t wide;
	if (reader->at != reader->end && *reader->at < 0x80) {
		*value = *reader->at++;
		return true;
	}
	TRY(reader_unsigned(reader, 32, &wide));
	*value = (uint32_t)wide;
	return true;
}

bool reader_u64(struct reader *reader, uint64_t *value)
{
	return reader_unsigned(reader, 64, value);
}

/* A signed number of `bits` bits. */
static bool reader_signed(struct reader *reader, unsigned bits, int64_t *value)
{
	uint64_t result = 0;
	unsigned shift = 0;
	uint8_t byte = 0;
	for (;;) {
		TRY(reader_byte(reader, &byte));
		unsigned left = bits - shift; /* bits this byte may still add */
		if (left <= 7) {
			reader->at--;
			if (byte & 0x80)
				return reader_fail(reader, "integer representation too long");
			/* The sign bit and all above it are equal. */
			unsigned high = (byte & 0x7fu) >> (left - 1);
			if (high != 0 && high != 0x7fu >> (left - 1))
				return reader_fail(reader, "integer too large");
			reader->at++;
		}
		result |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (!(byte & 0x80))
			break;
	}
	if (shift < 64 && (byte & 0x40))
		result |= ~UINT64_C(0) << shift;
	*value = (int64_t)result;
	return true;
}

bool reader_s32(struct reader *reader, int32_t *value)
{
	int64_t wide;
	TRY(reader_signed(reader, 32, &wide));
	*value = (int32_t)wide;
	return true;
}

bool reader_s33(struct reader *reader, int64_t *value)
{
	return reader_signed(reader, 33, value);
}

bool reader_s64(struct reader *reader, int64_t *value)
{
	return reader_signed(reader, 64, value);
}

bool reader_fixed32(struct reader *reader, uint32_t *value)
{
	if (reader_left(reader) < sizeof *value)
		return reader_fail(reader, "unexpected end");
	memcpy(value, reader->at, sizeof *value);
	reader->at += sizeof *value;
	return true;
}

bool reader_fixed64(struct reader *reader, uint64_t *value)
{
	if (reader_left(reader) < sizeof *value)
		return reader_fail(reader, "unexpected end");
	memcpy(value, reader->at, sizeof *value);
	reader->at += sizeof *value;
	return true;
}

bool reader_bytes(struct reader *reader, uint32_t length, struct sv_bytes *bytes)
{
	if (length > reader_left(reader))
		return reader_fail(reader, "unexpected end: %u bytes announced, %zu left", length,
				reader_left(reader));
	*bytes = (struct sv_bytes){reader->at, length};
	reader->at += length;
	return true;
}

/*
 * Bytes of the UTF-8 sequence that begins at `at`, 0 if it is not well-formed. The second
 * byte's range depends on the first: that rules out long forms, surrogates and what lies
 * above U+10FFFF.
 */
static size_t utf8_sequence(const uint8_t *at, const uint8_t *end)
{
	static const struct {
		uint8_t first, last, low, high, length;
	} forms[] = {
			{0x00, 0x7f, 0, 0, 1},
			{0xc2, 0xdf, 0x80, 0xbf, 2},
			{0xe0, 0xe0, 0xa0, 0xbf, 3},
			{0xe1, 0xec, 0x80, 0xbf, 3},
			{0xed, 0xed, 0x80, 0x9f, 3},
			{0xee, 0xef, 0x80, 0xbf, 3},
			{0xf0, 0xf0, 0x90, 0xbf, 4},
			{0xf1, 0xf3, 0x80, 0xbf, 4},
			{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(forms); i++) {
		if (*at < forms[i].first || *at > forms[i].last)
			continue;
		size_t length = forms[i].length;
		if ((size_t)(end - at) < length)
			return 0;
		if (length > 1 && (at[1] < forms[i].low || at[1] > forms[i].high))
			return 0;
		for (size_t k = 2; k < length; k++) {
			if ((at[k] & 0xc0) != 0x80)
				return 0;
		}
		return length;
	}
	return 0;
}

bool utf8_is_valid(struct sv_bytes text)
{
	const uint8_t *at = text.data, *end = text.data + text.length;
	while (at < end) {
		size_t length = utf8_sequence(at, end);
		if (!length)
			return false;
		at += length;
	}
	return true;
}

bool reader_name(struct reader *reader, struct sv_bytes *name)
{
	uint32_t length;
	TRY(reader_u32(reader, &length));
	const uint8_t *first = reader->at;
	TRY(reader_bytes(reader, length, name));
	if (utf8_is_valid(*name))
		return true;
	reader->at = first;
	return reader_fail(reader, "malformed UTF-8 encoding");
}

bool reader_count(struct reader *reader, const struct vector_rule *rule, uint32_t *count)
{
	uint64_t offset = reader_offset(reader);
	TRY(reader_u32(reader, count));
	if ((uint64_t)*count * rule->least_bytes > reader_left(reader))
		return sv_fail_at(reader->error, SV_ERROR_MALFORMED, (int64_t)offset,
				"unexpected end: the count of %s is %u, the bytes left are %zu",
				rule->noun, *count, reader_left(reader));
	if (rule->limit_name && *count > rule->limit)
		return sv_fail_at(reader->error, SV_ERROR_LIMIT, (int64_t)offset,
				"%u %s exceed the limit %s of %u", *count, rule->noun,
				rule->limit_name, rule->limit);
	return true;
}
