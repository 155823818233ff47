/*
 * object.h: what compiled code and the runtime know of each other's references to structs,
 * arrays, exceptions and small integers.
 */
#ifndef SELVAGE_ABI_OBJECT_H
#define SELVAGE_ABI_OBJECT_H

#include "abi/layout.h"

/*
 * References to other things than functions. Null is 0. An i31 is its 31 bits shifted left
 * with the lowest bit set, in 32 bits without sign. All else is an object of the store's
 * heap, aligned to 8; or, as externref, a pointer of the host, which is never inside the heap.
 *
 * An object begins with its type. The fields of a struct follow at SV_STRUCT_FIELDS, in order,
 * each aligned to its size, though at most to 8; so the fields of a super-type are where they
 * are in the super-type. The elements of an array follow its length at SV_ARRAY_ELEMENTS. An
 * exception has the function type of its tag, and the parameters of that as fields.
 */
struct sv_object {
	const struct sv_type_info *type;
};

struct sv_array_object {
	struct sv_object head;
	uint32_t length;
	uint32_t reserved;
};

struct sv_exception_object {
	struct sv_object head;
	struct sv_tag *tag;
};

#define SV_STRUCT_FIELDS 8u
#define SV_ARRAY_ELEMENTS 16u
#define SV_EXCEPTION_FIELDS 16u

/* Place of a field of `size` bytes when `at` is the end of the one before it. */
static inline uint32_t sv_field_place(uint32_t at, uint32_t size)
{
	uint32_t alignment = size > 8 ? 8 : size;
	return (at + alignment - 1) & ~(alignment - 1);
}

#endif
