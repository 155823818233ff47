/*
 * units.c: reading and printing numbers with units.
 */
#include "cli/units.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit sizes[] = {
		{"", 1},
		{"K", 1024},
		{"KiB", 1024},
		{"M", 1024 * 1024},
		{"MiB", 1024 * 1024},
		{"G", 1024 * 1024 * 1024},
		{"GiB", 1024 * 1024 * 1024},
};

/* Largest first, for duration_text. */
static const struct unit durations[] = {
		{"h", UINT64_C(3600000000000)},
		{"m", UINT64_C(60000000000)},
		{"s", 1000000000},
		{"ms", 1000000},
		{"us", 1000},
};

/* The digits in front of `*rest`; false if there are none or too many. */
static bool digits_parse(const char *text, uint64_t *value, const char **rest)
{
	if (!isdigit((unsigned char)text[0]))
		return false;
	char *end;
	errno = 0;
	*value = strtoull(text, &end, 10);
	*rest = end;
	return errno == 0;
}

/* A number and one of the units; false if it is not, or too large. */
static bool unit_parse(const char *text, const struct unit *units, size_t count, uint64_t *value)
{
	const char *rest;
	if (!digits_parse(text, value, &rest))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(rest, units[i].name) == 0)
			return !__builtin_mul_overflow(*value, units[i].factor, value);
	}
	return false;
}

bool number_parse(const char *what, const char *text, uint64_t minimum, uint64_t maximum,
		uint64_t *value, struct sv_error *error)
{
	const char *rest = "";
	if (!digits_parse(text, value, &rest) || *rest || *value < minimum || *value > maximum)
		return sv_fail(error, SV_ERROR_USAGE,
				"%s takes a number from %" PRIu64 " to %" PRIu64 ", not \"%s\"",
				what, minimum, maximum, text);
	return true;
}

bool size_parse(const char *what, const char *text, uint64_t *bytes, struct sv_error *error)
{
	if (!unit_parse(text, sizes, ARRAY_LENGTH(sizes), bytes))
		return sv_fail(error, SV_ERROR_USAGE,
				"%s takes a size such as 65536, 64K, 64MiB or 1G, not \"%s\"", what,
				text);
	return true;
}

bool duration_parse(const char *what, const char *text, uint64_t *nanoseconds,
		struct sv_error *error)
{
	if (!unit_parse(text, durations, ARRAY_LENGTH(durations), nanoseconds) || !*nanoseconds)
		return sv_fail(error, SV_ERROR_USAGE,
				"%s takes a duration such as 500ms, 2s or 1m, not \"%s\"", what,
				text);
	return true;
}

void duration_text(uint64_t nanoseconds, char *text, size_t size)
{
	for (size_t i = 0; i < ARRAY_LENGTH(durations); i++) {
		if (nanoseconds && nanoseconds % durations[i].factor == 0) {
			snprintf(text, size, "%" PRIu64 "%s", nanoseconds / durations[i].factor,
					durations[i].name);
			return;
		}
	}
	snprintf(text, size, "%" PRIu64 "ns", nanoseconds);
}

void size_text(uint64_t bytes, char *text, size_t size)
{
	static const char *const names[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t unit = 0;
	while (value >= 1024 && unit + 1 < ARRAY_LENGTH(names)) {
		value /= 1024;
		unit++;
	}
	if (unit == 0 || value == (double)(uint64_t)value)
		snprintf(text, size, "%.0f %s", value, names[unit]);
	else
		snprintf(text, size, "%.1f %s", value, names[unit]);
}
