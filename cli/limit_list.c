/*
 * limit_list.c: see limit_list.h. What limits there are is in platform/caps.def.
 */
#include "cli/limit_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/client_command.h"
#include "cli/client_print.h"
#include "cli/units.h"

enum limit_unit { UNIT_COUNT, UNIT_BYTES, UNIT_TIME };

static const struct {
	const char *name;
	enum limit_unit unit;
} limits_known[] = {
#define CAP(name, unit, least, most, within, status, help) {#name, UNIT_##unit},
#include "platform/caps.def"
#undef CAP
};

static bool limit_unit_find(const char *name, enum limit_unit *unit)
{
	for (size_t i = 0; i < ARRAY_LENGTH(limits_known); i++) {
		if (strcmp(limits_known[i].name, name) == 0) {
			*unit = limits_known[i].unit;
			return true;
		}
	}
	return false;
}

static bool limit_parse(const char *name, enum limit_unit unit, const char *text, uint64_t *value,
		struct sv_error *error)
{
	switch (unit) {
	case UNIT_COUNT:
		return number_parse(name, text, 1, INT64_MAX, value, error);
	case UNIT_BYTES:
		return size_parse(name, text, value, error);
	case UNIT_TIME:
		TRY(duration_parse(name, text, value, error));
		if (*value % 1000000)
			return sv_fail(error, SV_ERROR_USAGE, "%s takes whole milliseconds", name);
		*value /= 1000000;
		return true;
	}
	return false;
}

bool limit_add(json_t *limits, const char *text, struct sv_error *error)
{
	char name[32];
	enum limit_unit unit;
	uint64_t value;
	const char *equals = strchr(text, '=');
	size_t length = equals ? (size_t)(equals - text) : strlen(text);
	snprintf(name, sizeof name, "%.*s", (int)(length < 31 ? length : 31), text);
	if (!equals || !limit_unit_find(name, &unit))
		return sv_fail(error, SV_ERROR_USAGE,
				"\"%.80s\" is no limit: rate, burst, concurrency, timeout, cpu, "
				"memory, body, compress_from, outbound, outbound_bytes, "
				"outbound_concurrency or outbound_memory, with \"=\" and a "
				"value behind it",
				text);
	if (!equals[1])
		return client_add(limits, name, json_null(), error);
	TRY(limit_parse(name, unit, equals + 1, &value, error));
	return client_add(limits, name, json_integer((json_int_t)value), error);
}

void limits_print(json_t *limits)
{
	const char *name;
	json_t *value;
	json_object_foreach(limits, name, value)
	{
		enum limit_unit unit = UNIT_COUNT;
		print_text(stdout, name);
		if (!json_is_integer(value))
			printf("=-\n");
		else if (limit_unit_find(name, &unit) && unit == UNIT_TIME)
			printf("=%" JSON_INTEGER_FORMAT "ms\n", json_integer_value(value));
		else
			printf("=%" JSON_INTEGER_FORMAT "\n", json_integer_value(value));
	}
}
