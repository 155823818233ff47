/*
 * helpers_object.c: what compiled code leaves to the runtime of structs and arrays, which
 * is making them; and references on their way from one hierarchy to the other.
 */
#include "runtime/artifact.h"
#include "runtime/heap.h"
#include "runtime/helpers.h"
#include "runtime/instance.h"
#include "runtime/reference.h"

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
	struct sv_object *object = heap_new_array(context->store,
			context->instance->artifact->types[type], length);
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
