/*
 * lower_object.c: structs, and references that are small integers.
 */
#include "compiler/lower_object.h"

#include "abi/object.h"

void object_check(struct lowering *l, LLVMValueRef reference, enum sv_trap trap)
{
	trap_unless(l, LLVMBuildIsNotNull(l->ir->builder, reference, ""), trap);
}

LLVMValueRef object_type(struct lowering *l, LLVMValueRef object)
{
	/* As an array's length: constant while the object lives, and no longer. */
	return access_load(l, l->ir->ptr, object, ALIAS_CONTEXT);
}

/* ---- fields ---- */

static LLVMTypeRef field_memory_type(struct ir *ir, const struct field_type *field)
{
	if (field->type == SV_TYPE_I8)
		return ir->i8;
	return field->type == SV_TYPE_I16 ? ir->i16 : ir_type(ir, field->type);
}

/* Objects are aligned to 8, and so are vectors in them. */
static unsigned field_alignment(const struct field_type *field)
{
	uint32_t size = sv_type_size(field->type);
	return size < 8 ? size : 8;
}

LLVMValueRef field_load(struct lowering *l, const struct field_type *field, LLVMValueRef address,
		enum alias_class alias, enum widening how)
{
	struct ir *ir = l->ir;
	LLVMValueRef value = access_load(l, field_memory_type(ir, field), address, alias);
	LLVMSetAlignment(value, field_alignment(field));
	if (how == NONE)
		return value;
	return how == SEXT ? LLVMBuildSExt(ir->builder, value, ir->i32, "")
			   : LLVMBuildZExt(ir->builder, value, ir->i32, "");
}

void field_store(struct lowering *l, const struct field_type *field, LLVMValueRef value,
		LLVMValueRef address, enum alias_class alias)
{
	LLVMTypeRef type = field_memory_type(l->ir, field);
	if (LLVMTypeOf(value) != type)
		value = LLVMBuildTrunc(l->ir->builder, value, type, "");
	LLVMValueRef store = access_store(l, value, address, alias);
	LLVMSetAlignment(store, field_alignment(field));
}

void field_initialise(struct lowering *l, const struct field_type *field, LLVMValueRef value,
		LLVMValueRef address, enum alias_class alias)
{
	if (!LLVMIsNull(value))
		field_store(l, field, value, address, alias);
}

/* ---- structs ---- */

static LLVMValueRef struct_allocate(struct lowering *l)
{
	LLVMValueRef type = LLVMConstInt(l->ir->i32, l->at->index, 0);
	return access_helper_collecting(l, SV_HELPER_struct_new, &type);
}

/* The values stay on the stack until the object is there, since making it may collect garbage. */
void lower_struct_new(struct lowering *l)
{
	const struct defined_type *type = &l->ir->wasm->types[l->at->index];
	LLVMValueRef object = struct_allocate(l);
	l->depth -= type->field_count;
	for (uint32_t i = 0; i < type->field_count; i++)
		field_initialise(l, &type->fields[i], l->stack[l->depth + i],
				access_at(l, object, type->fields[i].place), ALIAS_FIELD);
	push(l, object);
}

void lower_struct_new_default(struct lowering *l)
{
	push(l, struct_allocate(l));
}

/* Address of the field that the operator names, in the struct that is on the stack. */
static LLVMValueRef struct_field(struct lowering *l, const struct field_type **field)
{
	LLVMValueRef object = pop(l);
	*field = &l->ir->wasm->types[l->at->index].fields[l->at->index2];
	object_check(l, object, SV_TRAP_NULL_STRUCT);
	return access_at(l, object, (*field)->place);
}

static void struct_get(struct lowering *l, enum widening how)
{
	const struct field_type *field;
	LLVMValueRef address = struct_field(l, &field);
	push(l, field_load(l, field, address, ALIAS_FIELD, how));
}

void lower_struct_get(struct lowering *l)
{
	struct_get(l, NONE);
}

void lower_struct_get_s(struct lowering *l)
{
	struct_get(l, SEXT);
}

void lower_struct_get_u(struct lowering *l)
{
	struct_get(l, ZEXT);
}

void lower_struct_set(struct lowering *l)
{
	const struct field_type *field;
	LLVMValueRef value = pop(l);
	LLVMValueRef address = struct_field(l, &field);
	field_store(l, field, value, address, ALIAS_FIELD);
}

/* ---- small integers, equality ---- */

void lower_ref_i31(struct lowering *l)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMValueRef one = LLVMConstInt(l->ir->i32, 1, 0);
	LLVMValueRef tagged = LLVMBuildOr(b, LLVMBuildShl(b, pop(l), one, ""), one, "");
	push(l, LLVMBuildIntToPtr(b, lower_wide(l, tagged), l->ir->ptr, ""));
}

/* The 31 bits with the tag below them. */
static LLVMValueRef i31_bits(struct lowering *l)
{
	LLVMValueRef reference = pop(l);
	object_check(l, reference, SV_TRAP_NULL_I31);
	return lower_narrow(l, LLVMBuildPtrToInt(l->ir->builder, reference, l->ir->i64, ""));
}

void lower_i31_get_s(struct lowering *l)
{
	LLVMValueRef one = LLVMConstInt(l->ir->i32, 1, 0);
	push(l, LLVMBuildAShr(l->ir->builder, i31_bits(l), one, ""));
}

void lower_i31_get_u(struct lowering *l)
{
	LLVMValueRef one = LLVMConstInt(l->ir->i32, 1, 0);
	push(l, LLVMBuildLShr(l->ir->builder, i31_bits(l), one, ""));
}

void lower_ref_eq(struct lowering *l)
{
	LLVMValueRef second = pop(l);
	LLVMValueRef same = LLVMBuildICmp(l->ir->builder, LLVMIntEQ, pop(l), second, "");
	push(l, LLVMBuildZExt(l->ir->builder, same, l->ir->i32, ""));
}
