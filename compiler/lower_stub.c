/*
 * lower_stub.c: the border between host and guest, one pair of stubs for each function type:
 * values in memory on the host's side, arguments and results in registers on the guest's.
 */
#include "compiler/lower.h"

#include <stdio.h>

#include "abi/limits.h"

static LLVMValueRef stub_slot(struct ir *ir, LLVMValueRef values, uint32_t index)
{
	LLVMValueRef offset = LLVMConstInt(ir->i64, index * sizeof(union sv_value), 0);
	return LLVMBuildGEP2(ir->builder, ir->i8, values, &offset, 1, "");
}

static void stub_store(struct ir *ir, LLVMValueRef value, LLVMValueRef values, uint32_t index)
{
	LLVMBuildStore(ir->builder, value, stub_slot(ir, values, index));
}

static void stub_store_results(struct ir *ir, const struct function_type *type, LLVMValueRef result,
		LLVMValueRef values)
{
	if (type->result_count == 1)
		stub_store(ir, result, values, 0);
	for (uint32_t i = 0; type->result_count > 1 && i < type->result_count; i++)
		stub_store(ir, LLVMBuildExtractValue(ir->builder, result, i, ""), values, i);
}

LLVMValueRef stub_entry(struct ir *ir, uint32_t type_index)
{
	const struct function_type *type = &ir->wasm->types[type_index];
	LLVMTypeRef types[] = {ir->ptr, ir->ptr, ir->ptr};
	char name[32];
	snprintf(name, sizeof name, "selvage.entry.%u", type_index);
	LLVMValueRef stub = ir_add_stub(ir, name, LLVMFunctionType(ir->none, types, 3, 0));
	LLVMValueRef values = LLVMGetParam(stub, 2);
	LLVMValueRef arguments[1 + SV_MAX_PARAMETERS];
	arguments[0] = LLVMGetParam(stub, 0);
	for (uint32_t i = 0; i < type->parameter_count; i++)
		arguments[1 + i] = LLVMBuildLoad2(ir->builder, ir_type(ir, type->parameters[i]),
				stub_slot(ir, values, i), "");
	LLVMValueRef result = LLVMBuildCall2(ir->builder, ir_function_type(ir, type_index),
			LLVMGetParam(stub, 1), arguments, 1 + type->parameter_count, "");
	stub_store_results(ir, type, result, values);
	LLVMBuildRetVoid(ir->builder);
	return stub;
}

static void stub_return(struct ir *ir, const struct function_type *type, LLVMValueRef values)
{
	LLVMValueRef results[SV_MAX_RESULTS];
	for (uint32_t i = 0; i < type->result_count; i++)
		results[i] = LLVMBuildLoad2(ir->builder, ir_type(ir, type->results[i]),
				stub_slot(ir, values, i), "");
	if (type->result_count == 0)
		LLVMBuildRetVoid(ir->builder);
	else if (type->result_count == 1)
		LLVMBuildRet(ir->builder, results[0]);
	else
		LLVMBuildAggregateRet(ir->builder, results, type->result_count);
}

LLVMValueRef stub_thunk(struct ir *ir, uint32_t type_index)
{
	const struct function_type *type = &ir->wasm->types[type_index];
	char name[32];
	snprintf(name, sizeof name, "selvage.thunk.%u", type_index);
	LLVMValueRef stub = ir_add_stub(ir, name, ir_function_type(ir, type_index));
	uint32_t count = type->parameter_count > type->result_count ? type->parameter_count
								    : type->result_count;
	LLVMTypeRef slots = LLVMArrayType2(ir->i8, (count + 1) * sizeof(union sv_value));
	LLVMValueRef values = LLVMBuildAlloca(ir->builder, slots, "");
	LLVMSetAlignment(values, _Alignof(union sv_value));
	for (uint32_t i = 0; i < type->parameter_count; i++)
		stub_store(ir, LLVMGetParam(stub, 1 + i), values, i);
	LLVMValueRef row = LLVMGetParam(stub, 0);
	LLVMValueRef enter = LLVMBuildLoad2(ir->builder, ir->ptr, row, "");
	LLVMTypeRef types[] = {ir->ptr, ir->ptr};
	LLVMValueRef arguments[] = {row, values};
	LLVMBuildCall2(ir->builder, LLVMFunctionType(ir->none, types, 2, 0), enter, arguments, 2,
			"");
	stub_return(ir, type, values);
	return stub;
}
