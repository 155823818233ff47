/*
 * lower_array.c: arrays. Single elements are code here; what may take long is the runtime's.
 */
#include "compiler/lower_object.h"

#include <stddef.h>

#include "abi/object.h"

static LLVMValueRef array_number(struct lowering *l, uint32_t number)
{
	return LLVMConstInt(l->ir->i32, number, 0);
}

/* Of the type that the operator names. */
static const struct field_type *array_field(struct lowering *l)
{
	return l->ir->wasm->types[l->at->index].fields;
}

/* ---- making arrays: operands stay on the stack until the array is there ---- */

static LLVMValueRef array_allocate(struct lowering *l, LLVMValueRef length)
{
	LLVMValueRef arguments[] = {array_number(l, l->at->index), length};
	return access_helper_collecting(l, SV_HELPER_array_new, arguments);
}

/* A value of any type as two words, for the runtime. */
static void array_value_words(struct lowering *l, LLVMValueRef value, LLVMValueRef words[2])
{
	struct ir *ir = l->ir;
	LLVMTypeRef type = LLVMTypeOf(value);
	words[1] = LLVMConstNull(ir->i64);
	switch (LLVMGetTypeKind(type)) {
	case LLVMVectorTypeKind:
		value = LLVMBuildBitCast(ir->builder, value, ir->i64x2, "");
		for (uint32_t i = 0; i < 2; i++)
			words[i] = LLVMBuildExtractElement(
					ir->builder, value, array_number(l, i), "");
		return;
	case LLVMPointerTypeKind:
		words[0] = LLVMBuildPtrToInt(ir->builder, value, ir->i64, "");
		return;
	default:
		value = LLVMBuildBitCast(ir->builder, value, ir_bits_type(ir, type), "");
		words[0] = LLVMBuildZExt(ir->builder, value, ir->i64, "");
	}
}

static void array_fill(struct lowering *l, LLVMValueRef array, LLVMValueRef at,
		LLVMValueRef value, LLVMValueRef count)
{
	LLVMValueRef words[2];
	array_value_words(l, value, words);
	LLVMValueRef arguments[] = {array, at, words[0], words[1], count};
	access_helper(l, SV_HELPER_array_fill, arguments);
}

void lower_array_new(struct lowering *l)
{
	LLVMValueRef length = l->stack[l->depth - 1], value = l->stack[l->depth - 2];
	LLVMValueRef array = array_allocate(l, length);
	l->depth -= 2;
	if (!LLVMIsNull(value))
		array_fill(l, array, array_number(l, 0), value, length);
	push(l, array);
}

void lower_array_new_default(struct lowering *l)
{
	LLVMValueRef array = array_allocate(l, l->stack[l->depth - 1]);
	l->depth--;
	push(l, array);
}

void lower_array_new_fixed(struct lowering *l)
{
	const struct field_type *field = array_field(l);
	uint32_t count = l->at->index2;
	LLVMValueRef array = array_allocate(l, array_number(l, count));
	l->depth -= count;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t place = field->place + (uint64_t)i * sv_type_size(field->type);
		field_initialise(l, field, l->stack[l->depth + i], access_at(l, array, place),
				ALIAS_ELEMENT);
	}
	push(l, array);
}

static void array_new_from_segment(struct lowering *l, enum sv_helper helper)
{
	LLVMValueRef from = l->stack[l->depth - 2], length = l->stack[l->depth - 1];
	LLVMValueRef arguments[] = {array_number(l, l->at->index), array_number(l, l->at->index2),
			from, length};
	LLVMValueRef array = access_helper_collecting(l, helper, arguments);
	l->depth -= 2;
	push(l, array);
}

void lower_array_new_data(struct lowering *l)
{
	array_new_from_segment(l, SV_HELPER_array_new_data);
}

void lower_array_new_elem(struct lowering *l)
{
	array_new_from_segment(l, SV_HELPER_array_new_elem);
}

/* ---- elements ---- */

static LLVMValueRef array_length(struct lowering *l, LLVMValueRef array)
{
	object_check(l, array, SV_TRAP_NULL_ARRAY);
	/* Never changed by code, but not constant: the place is used again for other objects. */
	return access_load(l, l->ir->i32,
			access_at(l, array, offsetof(struct sv_array_object, length)),
			ALIAS_CONTEXT);
}

void lower_array_len(struct lowering *l)
{
	push(l, array_length(l, pop(l)));
}

/* Address of the element whose index is on the stack, above the array. */
static LLVMValueRef array_element(struct lowering *l)
{
	LLVMBuilderRef b = l->ir->builder;
	const struct field_type *field = array_field(l);
	LLVMValueRef index = pop(l), array = pop(l);
	trap_unless(l, LLVMBuildICmp(b, LLVMIntULT, index, array_length(l, array), ""),
			SV_TRAP_ARRAY_BOUNDS);
	LLVMValueRef size = LLVMConstInt(l->ir->i64, sv_type_size(field->type), 0);
	LLVMValueRef offset = LLVMBuildMul(b, lower_wide(l, index), size, "");
	LLVMValueRef elements = access_at(l, array, field->place);
	return LLVMBuildGEP2(b, l->ir->i8, elements, &offset, 1, "");
}

static void array_get(struct lowering *l, enum widening how)
{
	LLVMValueRef address = array_element(l);
	push(l, field_load(l, array_field(l), address, ALIAS_ELEMENT, how));
}

void lower_array_get(struct lowering *l)
{
	array_get(l, NONE);
}

void lower_array_get_s(struct lowering *l)
{
	array_get(l, SEXT);
}

void lower_array_get_u(struct lowering *l)
{
	array_get(l, ZEXT);
}

void lower_array_set(struct lowering *l)
{
	LLVMValueRef value = pop(l);
	LLVMValueRef address = array_element(l);
	field_store(l, array_field(l), value, address, ALIAS_ELEMENT);
}

/* ---- many elements ---- */

void lower_array_fill(struct lowering *l)
{
	LLVMValueRef count = pop(l), value = pop(l), at = pop(l), array = pop(l);
	object_check(l, array, SV_TRAP_NULL_ARRAY);
	array_fill(l, array, at, value, count);
}

void lower_array_copy(struct lowering *l)
{
	LLVMValueRef count = pop(l), from = pop(l), source = pop(l), to = pop(l), target = pop(l);
	object_check(l, target, SV_TRAP_NULL_ARRAY);
	object_check(l, source, SV_TRAP_NULL_ARRAY);
	LLVMValueRef arguments[] = {target, to, source, from, count};
	access_helper(l, SV_HELPER_array_copy, arguments);
}

static void array_init(struct lowering *l, enum sv_helper helper)
{
	LLVMValueRef count = pop(l), from = pop(l), to = pop(l), array = pop(l);
	object_check(l, array, SV_TRAP_NULL_ARRAY);
	LLVMValueRef arguments[] = {array, to, array_number(l, l->at->index2), from, count};
	access_helper(l, helper, arguments);
}

void lower_array_init_data(struct lowering *l)
{
	array_init(l, SV_HELPER_array_init_data);
}

void lower_array_init_elem(struct lowering *l)
{
	array_init(l, SV_HELPER_array_init_elem);
}
