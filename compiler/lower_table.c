/*
 * lower_table.c: table operators and segments. All but table.size are calls of helpers:
 * they are rare, and the helper keeps entries, bounds and reset in one place.
 */
#include "compiler/lower.h"

#include <stddef.h>

static LLVMValueRef table_number(struct lowering *l, uint32_t number)
{
	return LLVMConstInt(l->ir->i32, number, 0);
}

static LLVMValueRef table_wide(struct lowering *l, LLVMValueRef index)
{
	return LLVMBuildZExt(l->ir->builder, index, l->ir->i64, "");
}

static LLVMValueRef table_narrow(struct lowering *l, LLVMValueRef value)
{
	return LLVMBuildTrunc(l->ir->builder, value, l->ir->i32, "");
}

void lower_table_get(struct lowering *l)
{
	LLVMValueRef arguments[] = {table_number(l, l->at->index), table_wide(l, pop(l))};
	push(l, access_helper(l, SV_HELPER_table_get, arguments));
}

void lower_table_set(struct lowering *l)
{
	LLVMValueRef value = pop(l);
	LLVMValueRef arguments[] = {table_number(l, l->at->index), table_wide(l, pop(l)), value};
	access_helper(l, SV_HELPER_table_set, arguments);
}

void lower_table_size(struct lowering *l)
{
	struct ir *ir = l->ir;
	uint64_t row = ir->layout.tables + (uint64_t)l->at->index * sizeof(struct sv_table *);
	LLVMValueRef table = access_load_constant(l, ir->ptr, access_at(l, l->context, row));
	LLVMValueRef address = access_at(l, table, offsetof(struct sv_table, size));
	push(l, table_narrow(l, access_load(l, ir->i64, address, ALIAS_TABLE)));
}

void lower_table_grow(struct lowering *l)
{
	LLVMValueRef count = table_wide(l, pop(l));
	LLVMValueRef value = pop(l);
	LLVMValueRef arguments[] = {table_number(l, l->at->index), value, count};
	push(l, table_narrow(l, access_helper(l, SV_HELPER_table_grow, arguments)));
}

void lower_table_fill(struct lowering *l)
{
	LLVMValueRef count = table_wide(l, pop(l));
	LLVMValueRef value = pop(l);
	LLVMValueRef arguments[] = {
			table_number(l, l->at->index), table_wide(l, pop(l)), value, count};
	access_helper(l, SV_HELPER_table_fill, arguments);
}

void lower_table_copy(struct lowering *l)
{
	LLVMValueRef count = table_wide(l, pop(l));
	LLVMValueRef from = table_wide(l, pop(l));
	LLVMValueRef to = table_wide(l, pop(l));
	LLVMValueRef arguments[] = {table_number(l, l->at->index), table_number(l, l->at->index2),
			to, from, count};
	access_helper(l, SV_HELPER_table_copy, arguments);
}

void lower_table_init(struct lowering *l)
{
	LLVMValueRef count = pop(l);
	LLVMValueRef from = pop(l);
	LLVMValueRef to = table_wide(l, pop(l));
	LLVMValueRef arguments[] = {table_number(l, l->at->index), table_number(l, l->at->index2),
			to, from, count};
	access_helper(l, SV_HELPER_table_init, arguments);
}

void lower_elem_drop(struct lowering *l)
{
	LLVMValueRef segment = table_number(l, l->at->index);
	access_helper(l, SV_HELPER_elem_drop, &segment);
}
