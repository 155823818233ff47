/*
 * lower_call.c: direct calls, calls of imports, calls through tables.
 */
#include "compiler/lower.h"

#include <stddef.h>

#include "abi/limits.h"

/* Call `code` with the arguments on the stack, and push the results. */
static void call_build(struct lowering *l, uint32_t type_index, LLVMValueRef code,
		LLVMValueRef context)
{
	struct ir *ir = l->ir;
	const struct function_type *type = &ir->wasm->types[type_index];
	LLVMValueRef arguments[1 + SV_MAX_PARAMETERS];
	arguments[0] = context;
	l->depth -= type->parameter_count;
	for (uint32_t i = 0; i < type->parameter_count; i++)
		arguments[1 + i] = l->stack[l->depth + i];
	trap_mark_position(l);
	LLVMValueRef result = LLVMBuildCall2(ir->builder, ir_function_type(ir, type_index), code,
			arguments, 1 + type->parameter_count, "");
	if (type->result_count == 1)
		push(l, result);
	for (uint32_t i = 0; type->result_count > 1 && i < type->result_count; i++)
		push(l, LLVMBuildExtractValue(ir->builder, result, i, ""));
}

static void call_import(struct lowering *l, uint32_t function)
{
	struct ir *ir = l->ir;
	uint64_t row = ir->layout.functions + (uint64_t)function * sizeof(struct sv_function_row);
	LLVMValueRef code = access_load_constant(l, ir->ptr,
			access_at(l, l->context, row + offsetof(struct sv_function_row, code)));
	LLVMValueRef context = access_load_constant(l, ir->ptr,
			access_at(l, l->context, row + offsetof(struct sv_function_row, context)));
	call_build(l, ir->wasm->functions[function].type, code, context);
}

void lower_call(struct lowering *l)
{
	uint32_t function = l->at->index;
	if (function < l->ir->wasm->imported_functions)
		call_import(l, function);
	else
		call_build(l, l->ir->wasm->functions[function].type, ir_function(l->ir, function),
				l->context);
}

static LLVMValueRef call_entry_field(struct lowering *l, LLVMTypeRef type, LLVMValueRef entry,
		size_t offset)
{
	return access_load(l, type, access_at(l, entry, offset), ALIAS_TABLE);
}

/* Wrong type: an empty entry has type 0 and a trap of its own. */
static void call_check_type(struct lowering *l, LLVMValueRef found, uint32_t type_index)
{
	struct ir *ir = l->ir;
	LLVMValueRef expected = access_load_constant(l, ir->i32,
			access_at(l, l->context, ir->layout.types + (uint64_t)type_index * 4));
	LLVMBasicBlockRef wrong = lower_new_block(l, "wrong_type");
	LLVMBasicBlockRef next = lower_new_block(l, "");
	LLVMValueRef same = LLVMBuildICmp(ir->builder, LLVMIntEQ, found, expected, "");
	LLVMValueRef branch = LLVMBuildCondBr(ir->builder, same, next, wrong);
	LLVMSetMetadata(branch, ir->weights_kind, ir->likely);
	lower_into(l, wrong);
	LLVMValueRef some =
			LLVMBuildICmp(ir->builder, LLVMIntNE, found, LLVMConstNull(ir->i32), "");
	trap_unless(l, some, SV_TRAP_NULL_ELEMENT);
	trap_here(l, SV_TRAP_CALL_TYPE);
	lower_into(l, next);
}

void lower_call_indirect(struct lowering *l)
{
	struct ir *ir = l->ir;
	uint32_t type_index = l->at->index;
	LLVMValueRef index = table_wide(l, l->at->index2, pop(l));
	uint64_t row = ir->layout.tables + (uint64_t)l->at->index2 * sizeof(struct sv_table *);
	LLVMValueRef table = access_load_constant(l, ir->ptr, access_at(l, l->context, row));
	LLVMValueRef size = access_load(l, ir->i64,
			access_at(l, table, offsetof(struct sv_table, size)), ALIAS_TABLE);
	trap_unless(l, LLVMBuildICmp(ir->builder, LLVMIntULT, index, size, ""),
			SV_TRAP_UNDEFINED_ELEMENT);
	LLVMValueRef entries = access_load(l, ir->ptr, table, ALIAS_TABLE);
	LLVMValueRef width = LLVMConstInt(ir->i64, sizeof(struct sv_table_entry), 0);
	LLVMValueRef offset = LLVMBuildMul(ir->builder, index, width, "");
	LLVMValueRef entry = LLVMBuildGEP2(ir->builder, ir->i8, entries, &offset, 1, "");
	LLVMValueRef found =
			call_entry_field(l, ir->i32, entry, offsetof(struct sv_table_entry, type));
	call_check_type(l, found, type_index);
	LLVMValueRef code =
			call_entry_field(l, ir->ptr, entry, offsetof(struct sv_table_entry, code));
	LLVMValueRef context = call_entry_field(l, ir->ptr, entry,
			offsetof(struct sv_table_entry, context));
	call_build(l, type_index, code, context);
}
