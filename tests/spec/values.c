/*
 * values.c: constants of a script, and comparing results with them.
 */
#include "tests/spec/spec.h"

#include <inttypes.h>
#include <string.h>

static const char *value_member(json_t *constant, const char *key)
{
	const char *text = json_string_value(json_object_get(constant, key));
	return text ? text : "";
}

/* References of the host are numbers; one is added, for 0 is a reference and not null. */
static void *value_host_reference(const char *text)
{
	return (void *)(uintptr_t)(strtoull(text, NULL, 10) + 1);
}

bool value_parse(json_t *constant, union sv_value *value)
{
	const char *type = value_member(constant, "type");
	const char *text = value_member(constant, "value");
	memset(value, 0, sizeof *value);
	if (strcmp(type, "i32") == 0 || strcmp(type, "f32") == 0) {
		uint32_t bits = (uint32_t)strtoull(text, NULL, 10);
		memcpy(value, &bits, sizeof bits);
		return true;
	}
	if (strcmp(type, "i64") == 0 || strcmp(type, "f64") == 0) {
		uint64_t bits = strtoull(text, NULL, 10);
		memcpy(value, &bits, sizeof bits);
		return true;
	}
	if (strcmp(text, "null") == 0)
		return true;
	if (strcmp(type, "externref") != 0 || !*text)
		return false;
	value->ref = value_host_reference(text);
	return true;
}

/* Exponent all ones; canonical: only the top bit of the fraction; arithmetic: that bit set. */
static bool value_is_nan(uint64_t bits, unsigned fraction, unsigned exponent, bool canonical)
{
	uint64_t quiet = UINT64_C(1) << (fraction - 1);
	uint64_t top = ((UINT64_C(1) << exponent) - 1) << fraction;
	uint64_t payload = bits & ((UINT64_C(1) << fraction) - 1);
	if ((bits & top) != top)
		return false;
	return canonical ? payload == quiet : (payload & quiet) != 0;
}

static bool value_bits_match(const char *text, uint64_t bits, bool narrow)
{
	bool canonical = strcmp(text, "nan:canonical") == 0;
	if (canonical || strcmp(text, "nan:arithmetic") == 0)
		return narrow ? value_is_nan(bits, 23, 8, canonical)
			      : value_is_nan(bits, 52, 11, canonical);
	return strtoull(text, NULL, 10) == bits;
}

static bool value_reference_matches(json_t *expected, char letter, const void *reference)
{
	const char *type = value_member(expected, "type");
	const char *text = value_member(expected, "value");
	if (strcmp(text, "null") == 0)
		return !reference;
	if (strcmp(type, "externref") == 0 && *text)
		return letter == 'e' && reference == value_host_reference(text);
	if (strcmp(type, "externref") == 0)
		return letter == 'e' && reference;
	return strcmp(type, "funcref") == 0 && letter == 'r' && reference;
}

bool value_matches(json_t *expected, char letter, const union sv_value *value)
{
	const char *type = value_member(expected, "type");
	const char *text = value_member(expected, "value");
	if (strcmp(type, "either") == 0) {
		size_t i;
		json_t *item;
		json_array_foreach(json_object_get(expected, "values"), i, item)
		{
			if (value_matches(item, letter, value))
				return true;
		}
		return false;
	}
	enum sv_type have = sv_type_of_letter(letter);
	if (sv_type_is_reference(have))
		return value_reference_matches(expected, letter, value->ref);
	if (strcmp(type, sv_type_name(have)) != 0)
		return false;
	bool narrow = have == SV_TYPE_I32 || have == SV_TYPE_F32;
	return value_bits_match(text, narrow ? (uint32_t)value->i32 : (uint64_t)value->i64, narrow);
}

void value_print(char letter, const union sv_value *value, char *text, size_t size)
{
	enum sv_type type = sv_type_of_letter(letter);
	bool narrow = type == SV_TYPE_I32 || type == SV_TYPE_F32;
	uint64_t bits = narrow ? (uint32_t)value->i32 : (uint64_t)value->i64;
	snprintf(text, size, "%s %" PRIu64, sv_type_name(type), bits);
}
