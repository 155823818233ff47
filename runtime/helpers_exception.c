/*
 * helpers_exception.c: making exceptions; throwing and catching them is compiled code.
 */
#include "runtime/heap.h"
#include "runtime/helpers.h"
#include "runtime/instance.h"
#include "runtime/store.h"
#include "runtime/tag.h"

void *helper_exception_new(struct sv_context *context, uint32_t index)
{
	struct sv_tag *tag = context->instance->tags[index];
	struct sv_object *exception = heap_new_exception(context->store, tag->type, tag);
	if (!exception)
		heap_trap(context->store);
	return exception;
}
