/*
 * limits.h: every number that bounds what clients and guests may use, from limits.def.
 */
#ifndef SELVAGE_SERVER_LIMITS_H
#define SELVAGE_SERVER_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"

enum server_limit_unit {
	SERVER_UNIT_COUNT,
	SERVER_UNIT_BYTES,
	SERVER_UNIT_TIME, /* nanoseconds; milliseconds in limits.def */
};

struct server_limits {
#define SERVER_LIMIT(field, option, unit, initial, least, most, status, help) uint64_t field;
#include "server/limits.def"
#undef SERVER_LIMIT
};

/* What is known of a limit. */
struct server_limit {
	const char *option; /* without dashes */
	enum server_limit_unit unit;
	uint64_t initial, least, most;
	int status;
	const char *help;
	size_t offset; /* in struct server_limits */
};

/* Limit `index`, NULL behind the last. */
const struct server_limit *server_limit_at(size_t index);

/* Fill with the defaults. */
void server_limits_init(struct server_limits *limits);

/* Refuse a value out of its range. */
SV_MUST_USE bool server_limits_check(const struct server_limits *limits, struct sv_error *error);

#endif
