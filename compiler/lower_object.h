/*
 * lower_object.h: what the lowering of structs, arrays and casts shares.
 */
#ifndef SELVAGE_COMPILER_LOWER_OBJECT_H
#define SELVAGE_COMPILER_LOWER_OBJECT_H

#include "compiler/lower.h"

/* Trap unless the reference is one. */
void object_check(struct lowering *l, LLVMValueRef reference, enum sv_trap trap);

/* The record of an object's type; it is known to be an object. */
LLVMValueRef object_type(struct lowering *l, LLVMValueRef object);

/* The value of a field at an address; packed ones are made wide. */
LLVMValueRef field_load(struct lowering *l, const struct field_type *field, LLVMValueRef address,
		enum alias_class alias, enum widening how);
void field_store(struct lowering *l, const struct field_type *field, LLVMValueRef value,
		LLVMValueRef address, enum alias_class alias);

/* The first store to a field of a new object, where zero is already. */
void field_initialise(struct lowering *l, const struct field_type *field, LLVMValueRef value,
		LLVMValueRef address, enum alias_class alias);

#endif
