/*
 * invoke.c: values between the command line and a guest function.
 */
#include "cli/invoke.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/vector_text.h"

/*
 * An integer of `bits` bits: from the smallest signed to the largest unsigned number. Unlike
 * strtoull this takes no white space, no octal, and no sign that wraps around.
 */
static bool integer_parse(const char *text, unsigned bits, uint64_t *value)
{
	bool negative = text[0] == '-';
	const char *digits = text + (negative || text[0] == '+');
	bool hexadecimal = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
	digits += hexadecimal ? 2 : 0;
	if (!isxdigit((unsigned char)digits[0]))
		return false;
	char *end;
	errno = 0;
	uint64_t magnitude = strtoull(digits, &end, hexadecimal ? 16 : 10);
	uint64_t most = UINT64_MAX >> (64 - bits);
	if (errno || *end || magnitude > (negative ? most / 2 + 1 : most))
		return false;
	*value = negative ? 0 - magnitude : magnitude;
	return true;
}

static bool text_is_number(const char *text)
{
	return text[0] && !isspace((unsigned char)text[0]);
}

static bool f32_parse(const char *text, float *value)
{
	char *end;
	*value = strtof(text, &end);
	return text_is_number(text) && !*end;
}

static bool f64_parse(const char *text, double *value)
{
	char *end;
	*value = strtod(text, &end);
	return text_is_number(text) && !*end;
}

bool value_parse(const char *text, enum sv_type type, union sv_value *value, struct sv_error *error)
{
	uint64_t bits = 0;
	bool done = false;
	*value = (union sv_value){0};
	switch (type) {
	case SV_TYPE_I32:
		done = integer_parse(text, 32, &bits);
		value->i32 = (int32_t)(uint32_t)bits;
		break;
	case SV_TYPE_I64:
		done = integer_parse(text, 64, &bits);
		value->i64 = (int64_t)bits;
		break;
	case SV_TYPE_F32:
		done = f32_parse(text, &value->f32);
		break;
	case SV_TYPE_F64:
		done = f64_parse(text, &value->f64);
		break;
	case SV_TYPE_V128:
		done = vector_parse(text, value);
		break;
	case SV_TYPE_FUNCREF:
	case SV_TYPE_EXTERNREF:
		done = strcmp(text, "null") == 0;
		break;
	default:
		break;
	}
	if (done)
		return true;
	return sv_fail(error, SV_ERROR_USAGE, "\"%s\" is not a value of type %s", text,
			sv_type_name(type));
}

/* A NaN that is not the canonical one shows its payload. */
static void nan_print(FILE *file, bool negative, uint64_t payload, uint64_t canonical)
{
	if (payload == canonical)
		fprintf(file, "%snan\n", negative ? "-" : "");
	else
		fprintf(file, "%snan:0x%" PRIx64 "\n", negative ? "-" : "", payload);
}

static void f32_print(FILE *file, float value)
{
	uint32_t bits;
	memcpy(&bits, &value, sizeof bits);
	if (isnan(value)) {
		nan_print(file, bits >> 31, bits & 0x7fffff, 0x400000);
		return;
	}
	char text[40];
	for (int digits = 1; digits <= 9; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, (double)value);
		if (strtof(text, NULL) == value)
			break;
	}
	fprintf(file, "%s\n", text);
}

static void f64_print(FILE *file, double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof bits);
	if (isnan(value)) {
		nan_print(file, bits >> 63, bits & UINT64_C(0xfffffffffffff),
				UINT64_C(0x8000000000000));
		return;
	}
	char text[40];
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	fprintf(file, "%s\n", text);
}

void value_print(FILE *file, enum sv_type type, const union sv_value *value)
{
	switch (type) {
	case SV_TYPE_I32:
		fprintf(file, "%" PRId32 "\n", value->i32);
		return;
	case SV_TYPE_I64:
		fprintf(file, "%" PRId64 "\n", value->i64);
		return;
	case SV_TYPE_F32:
		f32_print(file, value->f32);
		return;
	case SV_TYPE_F64:
		f64_print(file, value->f64);
		return;
	case SV_TYPE_V128:
		vector_print(file, value);
		return;
	default:
		fprintf(file, "%s\n", value->ref ? sv_type_name(type) : "null");
		return;
	}
}

bool arguments_parse(const char *name, const char *signature, char *const *arguments, int count,
		union sv_value *values, struct sv_error *error)
{
	size_t wanted = strcspn(signature, ":");
	if ((size_t)count != wanted)
		return sv_fail(error, SV_ERROR_USAGE,
				"function \"%s\" takes %zu argument%s, not %d", name, wanted,
				wanted == 1 ? "" : "s", count);
	for (size_t i = 0; i < wanted; i++) {
		if (value_parse(arguments[i], sv_type_of_letter(signature[i]), &values[i], error))
			continue;
		sv_error_prefix(error, "argument %zu of \"%s\"", i + 1, name);
		return false;
	}
	return true;
}

void results_print(FILE *file, const char *signature, const union sv_value *values)
{
	const char *results = strchr(signature, ':') + 1;
	for (size_t i = 0; results[i]; i++)
		value_print(file, sv_type_of_letter(results[i]), &values[i]);
}

size_t signature_room(const char *signature)
{
	size_t parameters = strcspn(signature, ":");
	size_t results = strlen(signature) - parameters - 1;
	size_t room = parameters > results ? parameters : results;
	return room ? room : 1;
}
