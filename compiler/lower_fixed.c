/*
 * lower_fixed.c: tables that never change (fixed_table.h), as constants of the artifact. An entry
 * is the number of the function's type and the distance of its code from the table.
 */
#include "compiler/convention.h"

#include <stdio.h>
#include <stdlib.h>

#include "compiler/fixed_table.h"

LLVMValueRef fixed_table_global(struct ir *ir, uint32_t table)
{
	char name[40];
	snprintf(name, sizeof name, "selvage.table.%u", table);
	LLVMValueRef global = LLVMGetNamedGlobal(ir->module, name);
	if (global)
		return global;
	uint64_t words = 2 * (uint64_t)ir->tables->tables[table].count;
	global = LLVMAddGlobal(ir->module, LLVMArrayType2(ir->i32, words), name);
	LLVMSetGlobalConstant(global, 1);
	LLVMSetAlignment(global, 8);
	LLVMSetVisibility(global, LLVMHiddenVisibility);
	return global;
}

static LLVMValueRef fixed_distance(struct ir *ir, uint32_t function, LLVMValueRef global)
{
	LLVMValueRef difference =
			LLVMConstSub(LLVMConstPtrToInt(ir_function(ir, function), ir->i64),
					LLVMConstPtrToInt(global, ir->i64));
	return LLVMConstTrunc(difference, ir->i32);
}

static void fixed_table_define(struct ir *ir, uint32_t table)
{
	const struct module *wasm = ir->wasm;
	const struct fixed_table *fixed = &ir->tables->tables[table];
	LLVMValueRef global = fixed_table_global(ir, table);
	LLVMValueRef *words = calloc(2 * (size_t)fixed->count + 1, sizeof *words);
	check(words);
	for (uint32_t i = 0; i < fixed->count; i++) {
		uint32_t function = fixed->entries[i];
		uint32_t type = SV_NO_INDEX;
		words[2 * i + 1] = LLVMConstNull(ir->i32);
		if (function != SV_NO_INDEX)
			type = wasm->types[wasm->functions[function].type].canonical;
		/* What is imported is called with another context. */
		if (function != SV_NO_INDEX && function < wasm->imported_functions)
			type = FIXED_ELSEWHERE;
		else if (function != SV_NO_INDEX)
			words[2 * i + 1] = fixed_distance(ir, function, global);
		words[2 * i] = LLVMConstInt(ir->i32, type, 0);
	}
	LLVMSetInitializer(global, LLVMConstArray2(ir->i32, words, 2 * (uint64_t)fixed->count));
	free(words);
}

void fixed_tables_define(struct ir *ir)
{
	for (uint32_t i = 0; i < ir->tables->count; i++) {
		if (ir->tables->tables[i].entries)
			fixed_table_define(ir, i);
	}
}
