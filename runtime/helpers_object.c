/*
 * helpers_object.c: what compiled code leaves to the runtime of structs and arrays, which
 * is making them; and references on their way from one hierarchy to the other.
 */
#include "runtime/artifact.h"
#include "runtime/heap.h"
#include "runtime/helpers.h"
#include "runtime/instance.h"

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

static void *helper_new_box(struct sv_context *context, enum heap_box kind, void *payload)
{
	struct sv_object *box = heap_new_box(context->store, kind, payload);
	if (!box)
		heap_trap(context->store);
	return box;
}

/* What is no object of the heap is a pointer of the host, of any value. */
void *helper_any_convert_extern(struct sv_context *context, void *reference)
{
	if (!reference)
		return NULL;
	if (!heap_holds(context->store, reference))
		return helper_new_box(context, HEAP_HOST_BOX, reference);
	if (heap_box_kind(reference) == HEAP_I31_BOX)
		return heap_box_payload(reference);
	return reference;
}

void *helper_extern_convert_any(struct sv_context *context, void *reference)
{
	if (!reference)
		return NULL;
	if ((uintptr_t)reference & 1)
		return helper_new_box(context, HEAP_I31_BOX, reference);
	if (heap_box_kind(reference) == HEAP_HOST_BOX)
		return heap_box_payload(reference);
	return reference;
}
