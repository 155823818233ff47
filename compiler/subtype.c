/*
 * subtype.c: which types match which (Core 3.0, 3.3). Defined types are compared by their
 * declared super-types; that a declaration is allowed is validate_types.c's.
 */
#include "abi/heap.h"
#include "compiler/module.h"

bool defined_matches(const struct module *module, uint32_t type, uint32_t above)
{
	uint32_t wanted = module->types[above].canonical;
	for (uint32_t at = type; at != SV_NO_INDEX; at = module->types[at].supertype) {
		if (module->types[at].canonical == wanted)
			return true;
	}
	return false;
}

bool heap_matches(const struct module *module, uint32_t heap, uint32_t above)
{
	bool is_defined = heap >= SV_HEAP_DEFINED;
	if (above >= SV_HEAP_DEFINED) {
		uint32_t wanted = above - SV_HEAP_DEFINED;
		if (is_defined)
			return defined_matches(module, heap - SV_HEAP_DEFINED, wanted);
		uint32_t kind = sv_heap_of_kind(module->types[wanted].kind);
		return heap == SV_HEAP_BOTTOM ||
				(sv_heap_is_least(heap) && sv_heap_matches(heap, kind));
	}
	if (is_defined)
		heap = sv_heap_of_kind(module->types[heap - SV_HEAP_DEFINED].kind);
	return sv_heap_matches(heap, above);
}

bool type_matches(const struct module *module, enum sv_type type, enum sv_type above)
{
	if (type == above || type == SV_TYPE_NONE)
		return true;
	if (!sv_type_is_reference(type) || !sv_type_is_reference(above))
		return false;
	if (sv_type_is_nullable(type) && !sv_type_is_nullable(above))
		return false;
	return heap_matches(module, sv_type_heap(type), sv_type_heap(above));
}

uint32_t heap_top(const struct module *module, uint32_t heap)
{
	if (heap >= SV_HEAP_DEFINED)
		heap = sv_heap_of_kind(module->types[heap - SV_HEAP_DEFINED].kind);
	return sv_heap_top(heap);
}
