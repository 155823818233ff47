/*
 * lower_cast.c: tests, casts and conversions of references.
 */
#include "compiler/lower_object.h"

#include <stddef.h>

#include "abi/heap.h"
#include "abi/object.h"

/*
 * What a value is found to be is decided in steps: null; a small integer, which is odd; an
 * object, whose record says. `other` is the answer for what is no object.
 */
struct cast {
	uint32_t target;      /* heap type */
	bool is_nullable;     /* null passes */
	bool may_be_i31;      /* the value may be a small integer */
	LLVMValueRef value;
};

static LLVMValueRef cast_bit(struct lowering *l, bool bit)
{
	return LLVMConstInt(l->ir->i1, bit, 0);
}

static LLVMValueRef cast_is_null(struct lowering *l, const struct cast *cast)
{
	return LLVMBuildIsNull(l->ir->builder, cast->value, "");
}

static LLVMValueRef cast_is_odd(struct lowering *l, const struct cast *cast)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMValueRef bits = LLVMBuildPtrToInt(b, cast->value, l->ir->i64, "");
	return LLVMBuildTrunc(b, bits, l->ir->i1, "");
}

/* i1: does the record of an object say that it is of the target type? */
static LLVMValueRef cast_test_object(struct lowering *l, const struct cast *cast)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMValueRef type = object_type(l, cast->value);
	if (cast->target >= SV_HEAP_DEFINED)
		return type_is_below(l, type, cast->target - SV_HEAP_DEFINED);
	LLVMValueRef kind = access_load_constant(l, l->ir->i32,
			access_at(l, type, offsetof(struct sv_type_info, kind)));
	LLVMValueRef is_struct = LLVMBuildICmp(b, LLVMIntEQ, kind,
			LLVMConstInt(l->ir->i32, SV_KIND_STRUCT, 0), "");
	LLVMValueRef is_array = LLVMBuildICmp(b, LLVMIntEQ, kind,
			LLVMConstInt(l->ir->i32, SV_KIND_ARRAY, 0), "");
	if (cast->target == SV_HEAP_STRUCT)
		return is_struct;
	if (cast->target == SV_HEAP_ARRAY)
		return is_array;
	check(cast->target == SV_HEAP_EQ);
	return LLVMBuildOr(b, is_struct, is_array, "");
}

/* The answer for what is no object: null or a small integer. */
static LLVMValueRef cast_test_other(struct lowering *l, const struct cast *cast)
{
	if (cast->target == SV_HEAP_EQ && cast->may_be_i31)
		return cast->is_nullable ? cast_bit(l, true)
					 : LLVMBuildNot(l->ir->builder, cast_is_null(l, cast), "");
	if (!cast->is_nullable)
		return cast_bit(l, false);
	return cast->may_be_i31 ? cast_is_null(l, cast) : cast_bit(l, true);
}

/* Only an object has a record, so it is looked at in a block of its own. */
static LLVMValueRef cast_test_record(struct lowering *l, const struct cast *cast)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMBasicBlockRef from[2], look = lower_new_block(l, "object");
	LLVMBasicBlockRef next = lower_new_block(l, "");
	LLVMValueRef answers[2];
	LLVMValueRef is_other = cast_is_null(l, cast);
	if (cast->may_be_i31)
		is_other = LLVMBuildOr(b, is_other, cast_is_odd(l, cast), "");
	answers[0] = cast_test_other(l, cast);
	from[0] = LLVMGetInsertBlock(b);
	LLVMBuildCondBr(b, is_other, next, look);
	lower_into(l, look);
	answers[1] = cast_test_object(l, cast);
	from[1] = LLVMGetInsertBlock(b);
	LLVMBuildBr(b, next);
	lower_into(l, next);
	LLVMValueRef phi = LLVMBuildPhi(b, l->ir->i1, "");
	LLVMAddIncoming(phi, answers, from, 2);
	return phi;
}

/* i1: is a value, which is known to be of the type `from`, of the type `to`? */
static LLVMValueRef cast_test(struct lowering *l, LLVMValueRef value, enum sv_type from,
		enum sv_type to)
{
	const struct module *wasm = l->ir->wasm;
	uint32_t known = sv_type_heap(from);
	const struct cast cast = {
			.target = sv_type_heap(to),
			.is_nullable = sv_type_is_nullable(to),
			.may_be_i31 = heap_matches(wasm, SV_HEAP_I31, known),
			.value = value,
	};
	if (heap_matches(wasm, known, cast.target))
		return cast.is_nullable
				? cast_bit(l, true)
				: LLVMBuildNot(l->ir->builder, cast_is_null(l, &cast), "");
	if (sv_heap_is_least(cast.target))
		return cast.is_nullable ? cast_is_null(l, &cast) : cast_bit(l, false);
	if (cast.target != SV_HEAP_I31)
		return cast_test_record(l, &cast);
	LLVMValueRef is_i31 = cast_is_odd(l, &cast);
	if (!cast.is_nullable)
		return is_i31;
	return LLVMBuildOr(l->ir->builder, is_i31, cast_is_null(l, &cast), "");
}

/* The least that validation knows of the operand: its hierarchy. */
static enum sv_type cast_any(struct lowering *l, enum sv_type to)
{
	return sv_ref_null(heap_top(l->ir->wasm, sv_type_heap(to)));
}

static void lower_test(struct lowering *l)
{
	enum sv_type to = l->at->reference;
	LLVMValueRef passes = cast_test(l, pop(l), cast_any(l, to), to);
	push(l, LLVMBuildZExt(l->ir->builder, passes, l->ir->i32, ""));
}

void lower_ref_test(struct lowering *l)
{
	lower_test(l);
}

void lower_ref_test_null(struct lowering *l)
{
	lower_test(l);
}

static void lower_checked_cast(struct lowering *l)
{
	enum sv_type to = l->at->reference;
	LLVMValueRef value = l->stack[l->depth - 1];
	trap_unless(l, cast_test(l, value, cast_any(l, to), to), SV_TRAP_CAST);
}

void lower_ref_cast(struct lowering *l)
{
	lower_checked_cast(l);
}

void lower_ref_cast_null(struct lowering *l)
{
	lower_checked_cast(l);
}

/* The reference stays on the stack on both ways. */
void lower_br_on_cast(struct lowering *l)
{
	LLVMValueRef value = l->stack[l->depth - 1];
	LLVMValueRef passes = cast_test(l, value, l->at->cast.from, l->at->cast.to);
	control_branch_if(l, l->at->cast.label, passes);
}

void lower_br_on_cast_fail(struct lowering *l)
{
	LLVMValueRef value = l->stack[l->depth - 1];
	LLVMValueRef passes = cast_test(l, value, l->at->cast.from, l->at->cast.to);
	control_branch_if(l, l->at->cast.label, LLVMBuildNot(l->ir->builder, passes, ""));
}

/* Some values of the one hierarchy are in a box in the other, and making that may collect. */
static void lower_convert(struct lowering *l, enum sv_helper helper)
{
	LLVMValueRef value = l->stack[l->depth - 1];
	LLVMValueRef converted = access_helper_collecting(l, helper, &value);
	l->depth--;
	push(l, converted);
}

void lower_any_convert_extern(struct lowering *l)
{
	lower_convert(l, SV_HELPER_any_convert_extern);
}

void lower_extern_convert_any(struct lowering *l)
{
	lower_convert(l, SV_HELPER_extern_convert_any);
}
