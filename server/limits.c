/*
 * limits.c: the table of limits, their defaults and ranges.
 */
#include "server/limits.h"

#include <inttypes.h>

#define UNIT_COUNT(n) UINT64_C(n)
#define UNIT_BYTES(n) UINT64_C(n)
#define UNIT_TIME(n) (UINT64_C(n) * 1000000)

static const struct server_limit table[] = {
#define SERVER_LIMIT(field, option, unit, initial, least, most, status, help) \
	{option, SERVER_UNIT_##unit, UNIT_##unit(initial), UNIT_##unit(least), UNIT_##unit(most), \
			status, help, offsetof(struct server_limits, field)},
#include "server/limits.def"
#undef SERVER_LIMIT
};

#undef UNIT_COUNT
#undef UNIT_BYTES
#undef UNIT_TIME

const struct server_limit *server_limit_at(size_t index)
{
	return index < ARRAY_LENGTH(table) ? &table[index] : NULL;
}

void server_limits_init(struct server_limits *limits)
{
	for (size_t i = 0; i < ARRAY_LENGTH(table); i++)
		*(uint64_t *)((char *)limits + table[i].offset) = table[i].initial;
}

bool server_limits_check(const struct server_limits *limits, struct sv_error *error)
{
	for (size_t i = 0; i < ARRAY_LENGTH(table); i++) {
		const struct server_limit *limit = &table[i];
		uint64_t value = *(const uint64_t *)((const char *)limits + limit->offset);
		uint64_t unit = limit->unit == SERVER_UNIT_TIME ? 1000000 : 1;
		const char *name = limit->unit == SERVER_UNIT_TIME ? " ms"
				: limit->unit == SERVER_UNIT_BYTES ? " bytes"
								   : "";
		if (value < limit->least || value > limit->most)
			return sv_fail(error, SV_ERROR_USAGE,
					"--%s must be from %" PRIu64 " to %" PRIu64 "%s",
					limit->option, limit->least / unit, limit->most / unit,
					name);
	}
	return true;
}
