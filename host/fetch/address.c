/*
 * address.c: networks of private.def.
 */
#include "host/fetch/address.h"

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"

static const struct {
	uint32_t first;
	unsigned bits;
} four[] = {
#define FETCH_PRIVATE_4(a, b, c, d, bits) \
	{(uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (c) << 8 | (d), bits},
#define FETCH_PRIVATE_6(first, bits)
#include "host/fetch/private.def"
#undef FETCH_PRIVATE_4
#undef FETCH_PRIVATE_6
};

static const struct {
	uint16_t first; /* 16 bits */
	unsigned bits;
} six[] = {
#define FETCH_PRIVATE_4(a, b, c, d, bits)
#define FETCH_PRIVATE_6(first, bits) {first, bits},
#include "host/fetch/private.def"
#undef FETCH_PRIVATE_4
#undef FETCH_PRIVATE_6
};

static bool four_is_private(uint32_t address)
{
	for (size_t i = 0; i < ARRAY_LENGTH(four); i++) {
		if ((address ^ four[i].first) >> (32 - four[i].bits) == 0)
			return true;
	}
	return false;
}

static uint32_t four_at(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
			bytes[3];
}

static bool six_is_private(const uint8_t *bytes)
{
	/* RFC 4291, section 2.5.5.2; RFC 6052; RFC 3056. */
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t translated[12] = {0x00, 0x64, 0xff, 0x9b};
	uint16_t first = (uint16_t)(bytes[0] << 8 | bytes[1]);
	if (memcmp(bytes, mapped, sizeof mapped) == 0 ||
			memcmp(bytes, translated, sizeof translated) == 0)
		return four_is_private(four_at(bytes + 12));
	if (first == 0x2002)
		return four_is_private(four_at(bytes + 2));
	for (size_t i = 0; i < ARRAY_LENGTH(six); i++) {
		if ((first ^ six[i].first) >> (16 - six[i].bits) == 0)
			return true;
	}
	return false;
}

bool address_is_private(const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	switch (address->sa_family) {
	case AF_INET:
		memcpy(&v4, address, sizeof v4);
		return four_is_private(ntohl(v4.sin_addr.s_addr));
	case AF_INET6:
		memcpy(&v6, address, sizeof v6);
		return six_is_private(v6.sin6_addr.s6_addr);
	default:
		return true;
	}
}
