/*
 * base64.h: base64 (RFC 4648), as it comes in JSON.
 */
#ifndef SELVAGE_PLATFORM_BASE64_H
#define SELVAGE_PLATFORM_BASE64_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

/*
 * Append what `text` stands for, with or without the padding at its end, to `bytes`. USAGE if it is
 * something else: line breaks and other characters are not passed over.
 */
SV_MUST_USE bool base64_decode(const char *text, size_t length, struct buffer *bytes,
		struct sv_error *error);

#endif
