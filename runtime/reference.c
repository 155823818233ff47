/*
 * reference.c: references at the border between host and guest.
 */
#include "runtime/reference.h"

#include "abi/heap.h"
#include "runtime/instance.h"

static bool function_fits(const struct sv_store *store, const struct value_type *type,
		const struct function *function)
{
	const struct value_type own = {.type = sv_ref(SV_HEAP_DEFINED), .defined = function->type};
	return function->store == store && value_type_matches(&own, type);
}

bool reference_fits(const struct sv_store *store, const struct value_type *type,
		const void *reference)
{
	if (!sv_type_is_reference(type->type))
		return true;
	if (!reference)
		return sv_type_is_nullable(type->type);
	uint32_t heap = type->defined ? sv_heap_of_kind((enum sv_type_kind)type->defined->info.kind)
				      : sv_type_heap(type->type);
	if (sv_heap_top(heap) == SV_HEAP_FUNC)
		return function_fits(store, type, reference);
	return heap == SV_HEAP_EXTERN;
}
