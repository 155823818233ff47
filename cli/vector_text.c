/*
 * vector_text.c: v128 values to and from text.
 */
#include "cli/vector_text.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "cli/invoke.h"

/* The lanes of a shape; narrow integers are not value types, and are checked here. */
struct shape {
	const char *name;
	enum sv_type type; /* that a lane is parsed as */
	unsigned bytes;    /* of a lane */
};

static const struct shape shapes[] = {
		{"i8x16", SV_TYPE_I32, 1},
		{"i16x8", SV_TYPE_I32, 2},
		{"i32x4", SV_TYPE_I32, 4},
		{"i64x2", SV_TYPE_I64, 8},
		{"f32x4", SV_TYPE_F32, 4},
		{"f64x2", SV_TYPE_F64, 8},
};

static const struct shape *shape_find(const char *text, size_t length)
{
	for (size_t i = 0; i < ARRAY_LENGTH(shapes); i++) {
		if (strlen(shapes[i].name) == length && memcmp(shapes[i].name, text, length) == 0)
			return &shapes[i];
	}
	return NULL;
}

/* From the smallest signed to the largest unsigned number of so many bytes. */
static bool lane_fits(const struct shape *shape, int32_t number)
{
	int32_t span = INT32_C(1) << (8 * shape->bytes % 32);
	return shape->bytes >= 4 || (number >= -span / 2 && number < span);
}

static bool lane_parse(const struct shape *shape, const char *text, size_t length, uint8_t *lane)
{
	char copy[64];
	union sv_value value;
	if (length >= sizeof copy)
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (!value_parse(copy, shape->type, &value, NULL) || !lane_fits(shape, value.i32))
		return false;
	memcpy(lane, &value, shape->bytes);
	return true;
}

bool vector_parse(const char *text, union sv_value *value)
{
	size_t length = strcspn(text, ":");
	const struct shape *shape = shape_find(text, length);
	if (!shape || !text[length])
		return false;
	const char *at = text + length + 1;
	for (unsigned i = 0; i < sizeof value->v128; i += shape->bytes) {
		length = strcspn(at, ",");
		bool last = i + shape->bytes == sizeof value->v128;
		if (last != !at[length] || !lane_parse(shape, at, length, &value->v128[i]))
			return false;
		at += length + 1;
	}
	return true;
}

void vector_print(FILE *file, const union sv_value *value)
{
	uint32_t lanes[4];
	memcpy(lanes, value->v128, sizeof lanes);
	fprintf(file, "i32x4:0x%08" PRIx32 ",0x%08" PRIx32 ",0x%08" PRIx32 ",0x%08" PRIx32 "\n",
			lanes[0], lanes[1], lanes[2], lanes[3]);
}
