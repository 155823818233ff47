/*
 * message.h: parts of requests and responses beyond their fields.
 */
#ifndef SELVAGE_HOST_FASTLY_MESSAGE_H
#define SELVAGE_HOST_FASTLY_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

/* What a request says about keeping its response. */
struct fastly_override {
	bool is_pass, has_ttl, has_stale_while, is_sensitive;
	uint32_t ttl, stale_while; /* seconds */
	struct buffer surrogates;  /* more of them */
};

/* Where a response has come from. */
struct fastly_origin {
	uint8_t octets[16], length; /* 4 or 16; 0: not known */
	uint16_t port;
};

#endif
