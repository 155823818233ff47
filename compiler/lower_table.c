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

static bool table_is_64(struct lowering *l, uint32_t table)
{
	return l->ir->wasm->tables[table].limits.is_64;
}

/* An index or count of a table, without sign. */
LLVMValueRef table_wide(struct lowering *l, uint32_t table, LLVMValueRef value)
{
	return table_is_64(l, table) ? value : lower_wide(l, value);
}

static void table_push(struct lowering *l, uint32_t table, LLVMValueRef value)
{
	push(l, table_is_64(l, table) ? value : lower_narrow(l, value));
}

void lower_table_get(struct lowering *l)
{
	uint32_t table = l->at->index;
	LLVMValueRef arguments[] = {table_number(l, table), table_wide(l, table, pop(l))};
	push(l, access_helper(l, SV_HELPER_table_get, arguments));
}

void lower_table_set(struct lowering *l)
{
	uint32_t table = l->at->index;
	LLVMValueRef value = pop(l);
	LLVMValueRef arguments[] = {table_number(l, table), table_wide(l, table, pop(l)), value};
	access_helper(l, SV_HELPER_table_set, arguments);
}

void lower_table_size(struct lowering *l)
{
	struct ir *ir = l->ir;
	uint64_t row = ir->layout.tables + (uint64_t)l->at->index * sizeof(struct sv_table *);
	LLVMValueRef table = access_load_constant(l, ir->ptr, access_at(l, l->context, row));
	LLVMValueRef address = access_at(l, table, offsetof(struct sv_table, size));
	table_push(l, l->at->index, access_load(l, ir->i64, address, ALIAS_TABLE));
}

void lower_table_grow(struct lowering *l)
{
	uint32_t table = l->at->index;
	LLVMValueRef count = table_wide(l, table, pop(l));
	LLVMValueRef value = pop(l);
	LLVMValueRef arguments[] = {table_number(l, table), value, count};
	table_push(l, table, access_helper(l, SV_HELPER_table_grow, arguments));
}

void lower_table_fill(struct lowering *l)
{
	uint32_t table = l->at->index;
	LLVMValueRef count = table_wide(l, table, pop(l));
	LLVMValueRef value = pop(l);
	LLVMValueRef arguments[] = {
			table_number(l, table), table_wide(l, table, pop(l)), value, count};
	access_helper(l, SV_HELPER_table_fill, arguments);
}

void lower_table_copy(struct lowering *l)
{
	uint32_t to_table = l->at->index, from_table = l->at->index2;
	/* The count is of the smaller index type. */
	LLVMValueRef count = table_wide(
			l, table_is_64(l, to_table) ? from_table : to_table, pop(l));
	LLVMValueRef from = table_wide(l, from_table, pop(l));
	LLVMValueRef to = table_wide(l, to_table, pop(l));
	LLVMValueRef arguments[] = {
			table_number(l, to_table), table_number(l, from_table), to, from, count};
	access_helper(l, SV_HELPER_table_copy, arguments);
}

void lower_table_init(struct lowering *l)
{
	uint32_t table = l->at->index2;
	LLVMValueRef count = pop(l);
	LLVMValueRef from = pop(l);
	LLVMValueRef to = table_wide(l, table, pop(l));
	LLVMValueRef arguments[] = {
			table_number(l, l->at->index), table_number(l, table), to, from, count};
	access_helper(l, SV_HELPER_table_init, arguments);
}

void lower_elem_drop(struct lowering *l)
{
	LLVMValueRef segment = table_number(l, l->at->index);
	access_helper(l, SV_HELPER_elem_drop, &segment);
}
