/*
 * helpers_object.c: what compiled code leaves to the runtime of structs and arrays, which
 * is making them; and references on their way from one hierarchy to the other.
 */
#include "runtime/artifact.h"
#include "runtime/heap.h"
#include "runtime/helpers.h"
#include "runtime/instance.h"
#include "runtime/reference.h"
#include "runtime/type.h"

void *helper_struct_new(struct sv_context *context, uint32_t type)
{
	struct sv_object *object = heap_new_struct(context->store,
			context->instance->artifact->types[type]);
	if (!object)
		heap_trap(context->store);
	return object;
}

void *helper_array_new(struct sv_context *context, uint32_t type, uint32_t length)
{
	const struct defined_type *defined = context->instance->artifact->types[type];
	uint64_t bytes = (uint64_t)length * sv_type_size(defined->values[0].type);
	helper_take_fuel(context, bytes / HELPER_FUEL_BYTES);
	struct sv_object *object = heap_new_array(context->store, defined, length);
	if (!object)
		heap_trap(context->store);
	return object;
}

void *helper_any_convert_extern(struct sv_context *context, void *reference)
{
	if (!reference_internalise(context->store, &reference))
		heap_trap(context->store);
	return reference;
}

void *helper_extern_convert_any(struct sv_context *context, void *reference)
{
	if (!reference_externalise(context->store, &reference))
		heap_trap(context->store);
	return reference;
}
