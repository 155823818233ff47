/*
 * hello.c: see hello.h. JA3: https://github.com/salesforce/ja3; JA4: FoxIO, JA4.md.
 * Values that clients put in to keep servers honest (GREASE, RFC 8701) count for neither.
 */
#include "host/fastly/hello.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Extensions of which more is asked than that they are there. */
enum {
	EXTENSION_NAME = 0,
	EXTENSION_GROUPS = 10,
	EXTENSION_POINT_FORMATS = 11,
	EXTENSION_SIGNATURES = 13,
	EXTENSION_PROTOCOLS = 16,
	EXTENSION_VERSIONS = 43,
};

/* The parts of a ClientHello, all of them views. */
struct hello {
	uint16_t version;
	struct sv_bytes ciphers, extensions;
	struct sv_bytes groups, point_formats, signatures, protocols, versions;
	bool has_name;
};

/* ---- reading ---- */

/* A number of `size` bytes off the front. */
static bool take_number(struct sv_bytes *rest, size_t size, size_t *number)
{
	if (rest->length < size)
		return false;
	*number = 0;
	for (size_t i = 0; i < size; i++)
		*number = *number << 8 | rest->data[i];
	rest->data += size;
	rest->length -= size;
	return true;
}

/* Bytes behind their length, which has `size` bytes. */
static bool take_bytes(struct sv_bytes *rest, size_t size, struct sv_bytes *bytes)
{
	size_t length;
	if (!take_number(rest, size, &length) || length > rest->length)
		return false;
	*bytes = (struct sv_bytes){rest->data, length};
	rest->data += length;
	rest->length -= length;
	return true;
}

static bool extension_read(struct hello *hello, size_t type, struct sv_bytes content)
{
	switch (type) {
	case EXTENSION_NAME:
		hello->has_name = true;
		return true;
	case EXTENSION_GROUPS:
		return take_bytes(&content, 2, &hello->groups);
	case EXTENSION_POINT_FORMATS:
		return take_bytes(&content, 1, &hello->point_formats);
	case EXTENSION_SIGNATURES:
		return take_bytes(&content, 2, &hello->signatures);
	case EXTENSION_PROTOCOLS:
		return take_bytes(&content, 2, &hello->protocols);
	case EXTENSION_VERSIONS:
		return take_bytes(&content, 1, &hello->versions);
	default:
		return true;
	}
}

static bool hello_read(struct sv_bytes message, struct hello *hello)
{
	enum { CLIENT_HELLO = 1, RANDOM_BYTES = 32 };
	size_t type, length, version, extension;
	struct sv_bytes skipped, rest, content;
	*hello = (struct hello){0};
	if (!take_number(&message, 1, &type) || type != CLIENT_HELLO ||
			!take_number(&message, 3, &length) || !take_number(&message, 2, &version) ||
			message.length < RANDOM_BYTES)
		return false;
	hello->version = (uint16_t)version;
	message.data += RANDOM_BYTES;
	message.length -= RANDOM_BYTES;
	if (!take_bytes(&message, 1, &skipped) || !take_bytes(&message, 2, &hello->ciphers) ||
			!take_bytes(&message, 1, &skipped))
		return false;
	/* An old client may have no extensions at all. */
	if (message.length && !take_bytes(&message, 2, &hello->extensions))
		return false;
	rest = hello->extensions;
	while (rest.length) {
		if (!take_number(&rest, 2, &extension) || !take_bytes(&rest, 2, &content) ||
				!extension_read(hello, extension, content))
			return false;
	}
	return true;
}

/* ---- lists of numbers ---- */

static bool is_grease(size_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* The next number of two bytes that counts; those of extensions have a content behind them. */
static bool list_next(struct sv_bytes *list, bool has_content, size_t *value)
{
	struct sv_bytes content;
	while (take_number(list, 2, value)) {
		if (has_content && !take_bytes(list, 2, &content))
			return false;
		if (!is_grease(*value))
			return true;
	}
	return false;
}

/* ---- JA3 ---- */

static bool add_decimals(struct buffer *text, struct sv_bytes list, bool has_content)
{
	size_t value;
	bool is_first = true;
	TRY(buffer_append(text, ",", 1, NULL));
	while (list_next(&list, has_content, &value)) {
		TRY(buffer_printf(text, NULL, "%s%zu", is_first ? "" : "-", value));
		is_first = false;
	}
	return true;
}

static bool ja3_text(const struct hello *hello, struct buffer *text)
{
	TRY(buffer_printf(text, NULL, "%u", hello->version));
	TRY(add_decimals(text, hello->ciphers, false));
	TRY(add_decimals(text, hello->extensions, true));
	TRY(add_decimals(text, hello->groups, false));
	TRY(buffer_append(text, ",", 1, NULL));
	for (size_t i = 0; i < hello->point_formats.length; i++)
		TRY(buffer_printf(text, NULL, "%s%u", i ? "-" : "", hello->point_formats.data[i]));
	return true;
}

bool hello_ja3(struct sv_bytes message, uint8_t digest[JA3_BYTES])
{
	struct hello hello;
	struct buffer text = {0};
	bool done = hello_read(message, &hello) && ja3_text(&hello, &text) &&
			EVP_Digest(text.data, text.length, digest, NULL, EVP_md5(), NULL) == 1;
	buffer_finish(&text);
	return done;
}

/* ---- JA4 ---- */

static int number_compare(const void *one, const void *other)
{
	const uint16_t a = *(const uint16_t *)one, b = *(const uint16_t *)other;
	return (a > b) - (a < b);
}

/* Numbers as hexadecimal digits with commas between, sorted or as they come. */
static bool add_hexadecimals(struct buffer *text, const uint16_t *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		TRY(buffer_printf(text, NULL, "%s%04x", i ? "," : "", numbers[i]));
	return true;
}

/* Those of a list that count; extensions without those that are told of elsewhere. */
static uint16_t *numbers_of(struct sv_bytes list, bool is_extensions, size_t *count)
{
	uint16_t *numbers = calloc(list.length / 2 + 1, sizeof *numbers);
	size_t value;
	*count = 0;
	while (numbers && list_next(&list, is_extensions, &value)) {
		bool is_told = is_extensions &&
				(value == EXTENSION_NAME || value == EXTENSION_PROTOCOLS);
		if (!is_told)
			numbers[(*count)++] = (uint16_t)value;
	}
	return numbers;
}

/* Twelve digits of the hash of a text; zeros for none. */
static bool add_hash(struct buffer *ja4, const struct buffer *text)
{
	uint8_t digest[32] = {0};
	if (text->length &&
			EVP_Digest(text->data, text->length, digest, NULL, EVP_sha256(), NULL) != 1)
		return false;
	TRY(buffer_append(ja4, "_", 1, NULL));
	for (size_t i = 0; i < 6; i++)
		TRY(buffer_printf(ja4, NULL, "%02x", digest[i]));
	return true;
}

static bool add_ciphers(struct buffer *ja4, const struct hello *hello)
{
	struct buffer text = {0};
	size_t count;
	uint16_t *numbers = numbers_of(hello->ciphers, false, &count);
	if (numbers)
		qsort(numbers, count, sizeof *numbers, number_compare);
	bool done = numbers && add_hexadecimals(&text, numbers, count) && add_hash(ja4, &text);
	buffer_finish(&text);
	free(numbers);
	return done;
}

static bool add_extensions(struct buffer *ja4, const struct hello *hello)
{
	struct buffer text = {0};
	size_t count, signature_count;
	uint16_t *numbers = numbers_of(hello->extensions, true, &count);
	uint16_t *signatures = numbers_of(hello->signatures, false, &signature_count);
	bool done = numbers && signatures;
	if (done)
		qsort(numbers, count, sizeof *numbers, number_compare);
	done = done && add_hexadecimals(&text, numbers, count);
	if (done && signature_count)
		done = buffer_append(&text, "_", 1, NULL) &&
				add_hexadecimals(&text, signatures, signature_count);
	/* Without extensions there are no signatures either. */
	done = done && add_hash(ja4, &text);
	buffer_finish(&text);
	free(numbers);
	free(signatures);
	return done;
}

static size_t count_of(struct sv_bytes list, bool is_extensions)
{
	size_t count = 0, value;
	while (list_next(&list, is_extensions, &value))
		count++;
	return count < 99 ? count : 99;
}

/* The newest version that the client takes. */
static const char *version_of(const struct hello *hello)
{
	static const struct {
		uint16_t version;
		const char *name;
	} names[] = {{0x0304, "13"}, {0x0303, "12"}, {0x0302, "11"}, {0x0301, "10"}, {0x0300, "s3"},
			{0x0002, "s2"}};
	struct sv_bytes list = hello->versions;
	size_t value, newest = 0;
	while (list_next(&list, false, &value))
		newest = value > newest ? value : newest;
	newest = newest ? newest : hello->version;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (names[i].version == newest)
			return names[i].name;
	}
	return "00";
}

static bool is_alphanumeric(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* Of the first protocol's name the first and the last character, or of its hexadecimal digits. */
static void protocol_of(const struct hello *hello, char text[3])
{
	static const char digits[] = "0123456789abcdef";
	struct sv_bytes list = hello->protocols, name;
	memcpy(text, "00", 3);
	if (!take_bytes(&list, 1, &name) || !name.length)
		return;
	uint8_t first = name.data[0], last = name.data[name.length - 1];
	bool is_text = is_alphanumeric(first) && is_alphanumeric(last);
	text[0] = is_text ? (char)first : digits[first >> 4];
	text[1] = is_text ? (char)last : digits[last & 15];
}

bool hello_ja4(struct sv_bytes message, char text[JA4_SIZE])
{
	struct hello hello;
	struct buffer ja4 = {0};
	char protocol[3];
	if (!hello_read(message, &hello))
		return false;
	protocol_of(&hello, protocol);
	bool done = buffer_printf(&ja4, NULL, "t%s%c%02zu%02zu%s", version_of(&hello),
				    hello.has_name ? 'd' : 'i', count_of(hello.ciphers, false),
				    count_of(hello.extensions, true), protocol) &&
			add_ciphers(&ja4, &hello) && add_extensions(&ja4, &hello) &&
			ja4.length == JA4_SIZE - 1;
	if (done)
		memcpy(text, ja4.data, ja4.length);
	text[JA4_SIZE - 1] = '\0';
	buffer_finish(&ja4);
	return done;
}
