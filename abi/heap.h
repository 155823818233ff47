/*
 * heap.h: how abstract heap types stand to each other (Core 3.0, 3.3.3), from heaps.def.
 */
#ifndef SELVAGE_ABI_HEAP_H
#define SELVAGE_ABI_HEAP_H

#include "abi/types.h"

/* The heap type directly above an abstract one; itself at the top. */
static inline uint32_t sv_heap_above(uint32_t heap)
{
	switch (heap) {
#define SV_HEAP(name, code, text, above, top) \
	case (code): \
		return SV_HEAP_##above;
#include "abi/heaps.def"
#undef SV_HEAP
	default:
		return heap;
	}
}

/* Top of the hierarchy of an abstract heap type. */
static inline uint32_t sv_heap_top(uint32_t heap)
{
	switch (heap) {
#define SV_HEAP(name, code, text, above, top) \
	case (code): \
		return SV_HEAP_##top;
#include "abi/heaps.def"
#undef SV_HEAP
	default:
		return heap;
	}
}

/* True for the types without values, below all others of their hierarchy. */
static inline int sv_heap_is_least(uint32_t heap)
{
	return heap == SV_HEAP_NONE || heap == SV_HEAP_NOFUNC || heap == SV_HEAP_NOEXTERN ||
			heap == SV_HEAP_NOEXN;
}

/* True if the abstract heap type `heap` is `above` or below it (Core 3.0, 3.3.3). */
static inline int sv_heap_matches(uint32_t heap, uint32_t above)
{
	if (heap == SV_HEAP_BOTTOM)
		return 1;
	if (sv_heap_is_least(heap))
		return sv_heap_top(heap) == sv_heap_top(above);
	while (heap != above && heap != sv_heap_above(heap))
		heap = sv_heap_above(heap);
	return heap == above;
}

/* The abstract heap type directly above the defined types of a kind. */
static inline uint32_t sv_heap_of_kind(enum sv_type_kind kind)
{
	if (kind == SV_KIND_FUNCTION)
		return SV_HEAP_FUNC;
	return kind == SV_KIND_STRUCT ? SV_HEAP_STRUCT : SV_HEAP_ARRAY;
}

#endif
