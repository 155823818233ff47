/*
 * host_hello.c: fingerprints of clients, against those that their descriptions give.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "host/fastly/hello.h"
#include "tests/lib/test.h"

/* A ClientHello that is put together. */
struct made {
	uint8_t bytes[2048];
	size_t length;
};

static void add(struct made *made, size_t size, size_t number)
{
	for (size_t i = size; i-- > 0;)
		made->bytes[made->length++] = (uint8_t)(number >> 8 * i);
}

/* The length that is in front of what came behind it. */
static void settle(struct made *made, size_t at, size_t size)
{
	size_t length = made->length - at - size;
	for (size_t i = 0; i < size; i++)
		made->bytes[at + i] = (uint8_t)(length >> 8 * (size - 1 - i));
}

static void begin(struct made *made, unsigned version, const uint16_t *ciphers, size_t count)
{
	*made = (struct made){0};
	add(made, 4, 1u << 24);
	add(made, 2, version);
	made->length += 32;
	add(made, 1, 0);
	add(made, 2, 2 * count);
	for (size_t i = 0; i < count; i++)
		add(made, 2, ciphers[i]);
	add(made, 2, 0x0100);
	add(made, 2, 0);
}

/* An extension whose content is a list of numbers, behind a length of `size` bytes; 0: empty. */
static void extend(struct made *made, unsigned type, size_t size, size_t each,
		const uint16_t *numbers, size_t count)
{
	add(made, 2, type);
	add(made, 2, size + each * count);
	if (size)
		add(made, size, each * count);
	for (size_t i = 0; i < count; i++)
		add(made, each, numbers[i]);
}

static struct sv_bytes finish(struct made *made, size_t cipher_count)
{
	settle(made, 4 + 2 + 32 + 1 + 2 + 2 * cipher_count + 2, 2);
	settle(made, 1, 3);
	return (struct sv_bytes){made->bytes, made->length};
}

/* The example of JA3's description. */
TEST(ja3_is_what_its_description_says)
{
	static const uint16_t ciphers[] = {
			47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4};
	static const uint16_t groups[] = {23, 24, 25}, formats[] = {0};
	static const char wanted[] = "ada70206e40642a3e4461f35503241d5";
	struct made made;
	uint8_t digest[JA3_BYTES];
	char text[2 * JA3_BYTES + 1];
	begin(&made, 769, ciphers, ARRAY_LENGTH(ciphers));
	extend(&made, 0, 0, 0, NULL, 0);
	extend(&made, 10, 2, 2, groups, ARRAY_LENGTH(groups));
	extend(&made, 11, 1, 1, formats, ARRAY_LENGTH(formats));
	CHECK(hello_ja3(finish(&made, ARRAY_LENGTH(ciphers)), digest));
	for (size_t i = 0; i < JA3_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	CHECK_MSG(strcmp(text, wanted) == 0, "%s", text);
}

/* That of JA4's, with values among them that do not count. */
static struct sv_bytes browser(struct made *made)
{
	static const uint16_t ciphers[] = {0x0a0a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c,
			0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035};
	static const uint16_t signatures[] = {
			0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601};
	static const uint16_t versions[] = {0x7a7a, 0x0304, 0x0303};
	static const uint16_t plain[] = {0x001b, 0x0033, 0x4469, 0x0017, 0x002d, 0x0005, 0x0023,
			0x0012, 0xff01, 0x0015, 0x1a1a};
	static const uint16_t protocols[] = {
			2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
	static const uint16_t groups[] = {29, 23}, formats[] = {0};
	begin(made, 0x0303, ciphers, ARRAY_LENGTH(ciphers));
	for (size_t i = 0; i < ARRAY_LENGTH(plain); i++)
		extend(made, plain[i], 0, 0, NULL, 0);
	extend(made, 0x0000, 0, 0, NULL, 0);
	extend(made, 0x0010, 2, 1, protocols, ARRAY_LENGTH(protocols));
	extend(made, 0x000a, 2, 2, groups, ARRAY_LENGTH(groups));
	extend(made, 0x000b, 1, 1, formats, ARRAY_LENGTH(formats));
	extend(made, 0x000d, 2, 2, signatures, ARRAY_LENGTH(signatures));
	extend(made, 0x002b, 1, 2, versions, ARRAY_LENGTH(versions));
	return finish(made, ARRAY_LENGTH(ciphers));
}

TEST(ja4_is_what_its_description_says)
{
	struct made made;
	char text[JA4_SIZE];
	CHECK(hello_ja4(browser(&made), text));
	CHECK_MSG(strcmp(text, "t13d1516h2_8daaf6152771_e5627efa2ab1") == 0, "%s", text);
}

TEST(what_has_no_extensions_has_a_fingerprint)
{
	static const uint16_t cipher[] = {0x002f};
	struct made made;
	char text[JA4_SIZE];
	uint8_t digest[JA3_BYTES];
	begin(&made, 0x0303, cipher, 1);
	made.length -= 2; /* not even how many there are */
	settle(&made, 1, 3);
	struct sv_bytes hello = {made.bytes, made.length};
	CHECK(hello_ja4(hello, text) && hello_ja3(hello, digest));
	CHECK_MSG(strncmp(text, "t12i010000_", 11) == 0 && strcmp(text + 23, "_000000000000") == 0,
			"%s", text);
}

/* Cut off anywhere, or with any byte changed, it is read within its bytes or not at all. */
TEST(what_is_cut_off_is_no_hello)
{
	struct made made;
	struct sv_bytes whole = browser(&made);
	char text[JA4_SIZE];
	uint8_t digest[JA3_BYTES];
	for (size_t length = 0; length < whole.length; length++) {
		/* No byte more, so that AddressSanitizer sees what is read behind it. */
		uint8_t *copy = malloc(length);
		CHECK(copy || !length);
		if (length)
			memcpy(copy, whole.data, length);
		bool is_read = hello_ja4((struct sv_bytes){copy, length}, text);
		(void)!hello_ja3((struct sv_bytes){copy, length}, digest);
		free(copy);
		/* Behind the methods of compression extensions may be missing as a whole. */
		CHECK_MSG(!is_read || length == 4 + 2 + 32 + 1 + 2 + 32 + 2, "%zu bytes", length);
	}
	uint8_t *changed = malloc(whole.length);
	CHECK(changed);
	memcpy(changed, whole.data, whole.length);
	for (size_t at = 0; at < whole.length; at++) {
		for (unsigned value = 0; value < 256; value += 5) {
			changed[at] = (uint8_t)value;
			(void)!hello_ja4((struct sv_bytes){changed, whole.length}, text);
			(void)!hello_ja3((struct sv_bytes){changed, whole.length}, digest);
		}
		changed[at] = whole.data[at];
	}
	free(changed);
}

TEST_MAIN()
