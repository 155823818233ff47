/*
 * base64.c: see base64.h. OpenSSL's decoder wants whole groups of four, and skips spaces around
 * them: fewer bytes than the groups have tell of those.
 */
#include "platform/base64.h"

#include <openssl/evp.h>
#include <string.h>

bool base64_decode(const char *text, size_t length, struct buffer *bytes, struct sv_error *error)
{
	char tail[5] = "====";
	unsigned char last[3];
	while (length % 4 != 1 && length > 0 && text[length - 1] == '=')
		length--;
	size_t whole = length / 4 * 4, rest = length - whole;
	if (length == 0 || rest == 1)
		return sv_fail(error, SV_ERROR_USAGE, "not base64");
	memcpy(tail, text + whole, rest);
	TRY(buffer_reserve(bytes, whole / 4 * 3 + 3, error));
	int count = EVP_DecodeBlock(bytes->data + bytes->length, (const unsigned char *)text,
			(int)whole);
	if (count < 0 || (size_t)count != whole / 4 * 3 ||
			(rest && EVP_DecodeBlock(last, (const unsigned char *)tail, 4) != 3))
		return sv_fail(error, SV_ERROR_USAGE, "not base64");
	bytes->length += (size_t)count;
	return !rest || buffer_append(bytes, last, rest - 1, error);
}
