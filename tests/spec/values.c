/*
 * values.c: constants of a script, and comparing results with them.
 */
#include "tests/spec/spec.h"

#include <inttypes.h>
#include <string.h>

#include "runtime/reference.h"

/* A number: its bits in decimal, or for floats a class of NaN. A v128 is an array of them. */
struct number {
	const char *type;
	unsigned bytes;
	unsigned fraction; /* bits of a float's fraction; 0: an integer */
};

static const struct number numbers[] = {
		{"i8", 1, 0},
		{"i16", 2, 0},
		{"i32", 4, 0},
		{"i64", 8, 0},
		{"f32", 4, 23},
		{"f64", 8, 52},
};

static const char *value_member(json_t *constant, const char *key)
{
	const char *text = json_string_value(json_object_get(constant, key));
	return text ? text : "";
}

static const struct number *number_of(const char *type)
{
	for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
		if (strcmp(numbers[i].type, type) == 0)
			return &numbers[i];
	}
	return NULL;
}

static void number_parse(const struct number *number, const char *text, uint8_t *at)
{
	uint64_t bits = strtoull(text, NULL, 10);
	memcpy(at, &bits, number->bytes);
}

/* Exponent all ones; canonical: only the top bit of the fraction; arithmetic: that bit set. */
static bool number_is_nan(const struct number *number, uint64_t bits, bool canonical)
{
	unsigned exponent = number->bytes * 8 - 1 - number->fraction;
	uint64_t quiet = UINT64_C(1) << (number->fraction - 1);
	uint64_t top = ((UINT64_C(1) << exponent) - 1) << number->fraction;
	uint64_t payload = bits & ((UINT64_C(1) << number->fraction) - 1);
	if ((bits & top) != top)
		return false;
	return canonical ? payload == quiet : (payload & quiet) != 0;
}

static bool number_matches(const struct number *number, const char *text, const uint8_t *at)
{
	uint64_t bits = 0, wanted = 0;
	memcpy(&bits, at, number->bytes);
	bool canonical = strcmp(text, "nan:canonical") == 0;
	if (canonical || strcmp(text, "nan:arithmetic") == 0)
		return number->fraction && number_is_nan(number, bits, canonical);
	number_parse(number, text, (uint8_t *)&wanted);
	return bits == wanted;
}

/* The lanes of a v128 constant; NULL if the constant is not sound. */
static const struct number *vector_lanes(json_t *constant, json_t **lanes)
{
	const struct number *lane = number_of(value_member(constant, "lane_type"));
	*lanes = json_object_get(constant, "value");
	return lane && json_array_size(*lanes) * lane->bytes == 16 ? lane : NULL;
}

static bool vector_parse(json_t *constant, uint8_t *bytes)
{
	json_t *lanes;
	const struct number *lane = vector_lanes(constant, &lanes);
	for (size_t i = 0; lane && i < json_array_size(lanes); i++)
		number_parse(lane, json_string_value(json_array_get(lanes, i)),
				bytes + i * lane->bytes);
	return lane;
}

static bool vector_matches(json_t *expected, const uint8_t *bytes)
{
	json_t *lanes;
	const struct number *lane = vector_lanes(expected, &lanes);
	for (size_t i = 0; lane && i < json_array_size(lanes); i++) {
		if (!number_matches(lane, json_string_value(json_array_get(lanes, i)),
				    bytes + i * lane->bytes))
			return false;
	}
	return lane;
}

/* References of the host are numbers; one is added, for 0 is a reference and not null. */
static void *value_host_reference(const char *text)
{
	return (void *)(uintptr_t)(strtoull(text, NULL, 10) + 1);
}

bool value_is_host_reference(json_t *constant)
{
	return strcmp(value_member(constant, "type"), "hostref") == 0;
}

bool value_parse(json_t *constant, union sv_value *value)
{
	const char *type = value_member(constant, "type");
	const char *text = value_member(constant, "value");
	const struct number *number = number_of(type);
	memset(value, 0, sizeof *value);
	if (strcmp(type, "v128") == 0)
		return vector_parse(constant, value->v128);
	if (number) {
		number_parse(number, text, value->v128);
		return true;
	}
	if (strcmp(text, "null") == 0)
		return true;
	if ((strcmp(type, "externref") != 0 && strcmp(type, "hostref") != 0) || !*text)
		return false;
	value->ref = value_host_reference(text);
	return true;
}

/*
 * What the suite calls references: the name of the kind (with "ref" behind it where it is a
 * type) and the letters of result types that may hold one. 'R' is a type without a letter.
 */
static const struct {
	const char *kind;
	const char *letters;
} references[] = {
		{"func", "rR"},
		{"nofunc", "rNR"},
		{"extern", "eR"},
		{"noextern", "eER"},
		{"exn", "xR"},
		{"noexn", "xXR"},
		{"any", "aqjsyR"},
		{"eq", "aqjsyR"},
		{"i31", "aqjR"},
		{"struct", "aqsR"},
		{"array", "aqyR"},
		{"none", "aqjsynR"},
		{"host", "aR"},
};

static const char *reference_letters(const char *kind, size_t length)
{
	for (size_t i = 0; i < ARRAY_LENGTH(references); i++) {
		if (strlen(references[i].kind) == length &&
				memcmp(references[i].kind, kind, length) == 0)
			return references[i].letters;
	}
	return "";
}

/* A null of any type: "ref" with the heap type, if one is given, within its hierarchy. */
static bool reference_is_null(json_t *expected, char letter, const void *reference)
{
	const char *heap = value_member(expected, "heap");
	if (reference || !*heap)
		return !reference;
	static const char *const tops[] = {"nofunc", "noextern", "noexn", "none"};
	const char *letters = reference_letters(heap, strlen(heap));
	for (size_t i = 0; i < ARRAY_LENGTH(tops); i++) {
		const char *all = reference_letters(tops[i], strlen(tops[i]));
		if (*letters && strchr(all, letters[0]))
			return strchr(all, letter);
	}
	return false;
}

static bool reference_matches(json_t *expected, char letter, const void *reference)
{
	const char *type = value_member(expected, "type");
	const char *text = value_member(expected, "value");
	size_t length = strlen(type);
	if (strcmp(text, "null") == 0)
		return reference_is_null(expected, letter, reference);
	if (length < 3 || !strchr(reference_letters(type, length - 3), letter))
		return false;
	return reference && (!*text || reference == value_host_reference(text));
}

bool value_is_of_kind(struct sv_store *store, json_t *expected, const void *reference)
{
	static const struct {
		const char *name;
		enum sv_type type;
	} kinds[] = {
#define SV_TYPE(letter, name, code, text, size) {text, SV_TYPE_##name},
#include "abi/types.def"
#undef SV_TYPE
	};
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		const struct value_type type = {.type = kinds[i].type};
		if (reference && strcmp(kinds[i].name, value_member(expected, "type")) == 0)
			return reference_fits(store, &type, reference);
	}
	return true;
}

static bool either_matches(json_t *choices, char letter, const union sv_value *value)
{
	size_t i;
	json_t *choice;
	json_array_foreach(choices, i, choice)
	{
		if (value_matches(choice, letter, value))
			return true;
	}
	return false;
}

bool value_matches(json_t *expected, char letter, const union sv_value *value)
{
	const char *type = value_member(expected, "type");
	const struct number *number = number_of(type);
	enum sv_type have = sv_type_of_letter(letter);
	if (strcmp(type, "either") == 0)
		return either_matches(json_object_get(expected, "values"), letter, value);
	if (!number && strcmp(type, "v128") != 0)
		return reference_matches(expected, letter, value->ref);
	if (strcmp(type, sv_type_name(have)) != 0)
		return false;
	return number ? number_matches(number, value_member(expected, "value"), value->v128)
		      : vector_matches(expected, value->v128);
}

void value_print(char letter, const union sv_value *value, char *text, size_t size)
{
	const char *type = sv_type_name(sv_type_of_letter(letter));
	const struct number *number = number_of(type);
	uint64_t words[2];
	memcpy(words, value->v128, sizeof words);
	if (letter == 'v')
		snprintf(text, size, "v128 0x%016" PRIx64 "%016" PRIx64, words[1], words[0]);
	else if (number)
		snprintf(text, size, "%s %" PRIu64, type,
				number->bytes == 4 ? (uint32_t)words[0] : words[0]);
	else
		snprintf(text, size, "reference '%c' 0x%" PRIx64, letter, words[0]);
}

char value_letter(enum sv_type type)
{
	switch ((uint32_t)type) {
#define SV_TYPE(letter, name, code, text, size) \
	case (code): \
		return letter;
#include "abi/types.def"
#undef SV_TYPE
	default:
		return 'R';
	}
}
