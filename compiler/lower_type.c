/*
 * lower_type.c: types at run time: is what was found of the type that is wanted?
 */
#include "compiler/lower.h"

#include <stddef.h>

LLVMValueRef type_info(struct lowering *l, uint32_t type_index)
{
	uint64_t row = l->ir->layout.types + (uint64_t)type_index * sizeof(struct sv_type_info *);
	return access_load_constant(l, l->ir->ptr, access_at(l, l->context, row));
}

LLVMValueRef type_is_same(struct lowering *l, LLVMValueRef found, uint32_t type_index)
{
	return LLVMBuildICmp(l->ir->builder, LLVMIntEQ, found, type_info(l, type_index), "");
}

/* The place of the wanted type in the list of super-types of the one found. */
LLVMValueRef type_is_below(struct lowering *l, LLVMValueRef found, uint32_t type_index)
{
	const struct defined_type *wanted = &l->ir->wasm->types[type_index];
	if (wanted->is_final)
		return type_is_same(l, found, type_index);
	LLVMTypeRef ptr = l->ir->ptr;
	LLVMValueRef list = found;
	uint64_t place = wanted->depth;
	if (place >= SV_DISPLAY) {
		list = access_load_constant(l, ptr,
				access_at(l, found, offsetof(struct sv_type_info, deep)));
		place -= SV_DISPLAY;
	}
	LLVMValueRef entry =
			access_load_constant(l, ptr, access_at(l, list, place * sizeof(void *)));
	return type_is_same(l, entry, type_index);
}
