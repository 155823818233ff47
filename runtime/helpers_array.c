/*
 * helpers_array.c: operators on many elements of an array. That the array is no null reference
 * compiled code has checked.
 */
#include "runtime/helpers.h"

#include <string.h>

#include "runtime/artifact.h"
#include "runtime/instance.h"
#include "runtime/segment.h"
#include "runtime/type.h"

static uint32_t type_element_size(const struct sv_type_info *info)
{
	const struct defined_type *type = (const struct defined_type *)info;
	return sv_type_size(type->values[0].type);
}

static uint8_t *array_element(const struct sv_array_object *array, uint32_t index)
{
	uint64_t offset = (uint64_t)index * type_element_size(array->head.type);
	return (uint8_t *)array + SV_ARRAY_ELEMENTS + offset;
}

static void array_check(struct sv_context *context, const struct sv_array_object *array,
		uint32_t index, uint32_t count)
{
	helper_trap_unless((uint64_t)index + count <= array->length, context, SV_TRAP_ARRAY_BOUNDS);
}

static uint64_t array_fuel(const struct sv_type_info *type, uint32_t count)
{
	return (uint64_t)count * type_element_size(type) / HELPER_FUEL_BYTES;
}

/* ---- from segments ---- */

/* Each element takes as many bytes as it has in the array. */
static const uint8_t *data_find(struct sv_context *context, const struct sv_type_info *type,
		uint32_t segment, uint32_t from, uint32_t count)
{
	uint64_t length = (uint64_t)count * type_element_size(type);
	const uint8_t *bytes = segment_bytes(context->instance, segment, from, length);
	helper_trap_unless(bytes != NULL, context, SV_TRAP_MEMORY_BOUNDS);
	return bytes;
}

static uint32_t items_find(struct sv_context *context, uint32_t segment, uint32_t from,
		uint32_t count)
{
	uint32_t first = segment_items(context->instance, segment, from, count);
	helper_trap_unless(first != SV_NO_INDEX, context, SV_TRAP_TABLE_BOUNDS);
	return first;
}

static void array_take_data(struct sv_context *context, struct sv_array_object *array, uint32_t to,
		const uint8_t *bytes, uint32_t count)
{
	uint64_t length = (uint64_t)count * type_element_size(array->head.type);
	helper_move(context, array_element(array, to), bytes, length);
}

static void array_take_items(struct sv_context *context, struct sv_array_object *array, uint32_t to,
		uint32_t first, uint32_t count)
{
	void **elements = (void **)array_element(array, to);
	for (uint32_t i = 0; i < count; i++) {
		elements[i] = segment_item(context->instance, first + i);
		if (i % 0x10000 == 0)
			helper_pause(context);
	}
}

void *helper_array_new_data(struct sv_context *context, uint32_t type, uint32_t segment,
		uint32_t from, uint32_t length)
{
	const struct sv_type_info *info = &context->instance->artifact->types[type]->info;
	const uint8_t *bytes = data_find(context, info, segment, from, length);
	struct sv_array_object *array = helper_array_new(context, type, length);
	array_take_data(context, array, 0, bytes, length);
	return array;
}

void *helper_array_new_elem(struct sv_context *context, uint32_t type, uint32_t segment,
		uint32_t from, uint32_t length)
{
	uint32_t first = items_find(context, segment, from, length);
	struct sv_array_object *array = helper_array_new(context, type, length);
	array_take_items(context, array, 0, first, length);
	return array;
}

void helper_array_init_data(struct sv_context *context, struct sv_array_object *array, uint32_t to,
		uint32_t segment, uint32_t from, uint32_t count)
{
	array_check(context, array, to, count);
	const uint8_t *bytes = data_find(context, array->head.type, segment, from, count);
	helper_take_fuel(context, array_fuel(array->head.type, count));
	array_take_data(context, array, to, bytes, count);
}

void helper_array_init_elem(struct sv_context *context, struct sv_array_object *array, uint32_t to,
		uint32_t segment, uint32_t from, uint32_t count)
{
	array_check(context, array, to, count);
	uint32_t first = items_find(context, segment, from, count);
	helper_take_fuel(context, count);
	array_take_items(context, array, to, first, count);
}

/* ---- from a value, from another array ---- */

void helper_array_copy(struct sv_context *context, struct sv_array_object *target, uint32_t to,
		const struct sv_array_object *source, uint32_t from, uint32_t count)
{
	array_check(context, target, to, count);
	array_check(context, source, from, count);
	helper_take_fuel(context, array_fuel(target->head.type, count));
	helper_move(context, array_element(target, to), array_element(source, from),
			(uint64_t)count * type_element_size(target->head.type));
}

/* Repeat the value of `size` bytes that is at `to` until there are `length`. */
static void bytes_repeat(uint8_t *to, uint64_t size, uint64_t length)
{
	while (size < length) {
		uint64_t more = size < length - size ? size : length - size;
		memcpy(to + size, to, more);
		size += more;
	}
}

void helper_array_fill(struct sv_context *context, struct sv_array_object *array, uint32_t to,
		uint64_t low, uint64_t high, uint32_t count)
{
	array_check(context, array, to, count);
	helper_take_fuel(context, array_fuel(array->head.type, count));
	const uint64_t value[] = {low, high};
	uint32_t size = type_element_size(array->head.type);
	uint8_t *at = array_element(array, to);
	for (uint64_t left = (uint64_t)count * size; left > 0;) {
		uint64_t step = left < HELPER_STEP ? left : HELPER_STEP;
		memcpy(at, value, size);
		bytes_repeat(at, size, step);
		at += step;
		left -= step;
		helper_pause(context);
	}
}
