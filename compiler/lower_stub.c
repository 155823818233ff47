/*
 * lower_stub.c: the border between host and guest, one pair of stubs for each function type:
 * values in memory on the host's side, arguments and results in registers on the guest's.
 */
#include "compiler/convention.h"

#include <stddef.h>
#include <stdio.h>

#include "abi/limits.h"
#include "compiler/effects.h"

static LLVMValueRef stub_load(struct ir *ir, enum sv_type type, LLVMValueRef values, uint32_t index)
{
	return LLVMBuildLoad2(ir->builder, ir_type(ir, type), ir_value_slot(ir, values, index), "");
}

static void stub_store(struct ir *ir, LLVMValueRef value, LLVMValueRef values, uint32_t index)
{
	LLVMBuildStore(ir->builder, value, ir_value_slot(ir, values, index));
}

/* Both kinds of context have it at the same place. */
static LLVMValueRef stub_view(struct ir *ir, LLVMValueRef context)
{
	LLVMValueRef offset = LLVMConstInt(ir->i64, offsetof(struct sv_context, view), 0);
	LLVMValueRef place = LLVMBuildGEP2(ir->builder, ir->i8, context, &offset, 1, "");
	return LLVMBuildLoad2(ir->builder, ir->ptr, place, "");
}

/* An exception that nothing has caught ends the call as a trap does. */
static void stub_check_exception(struct ir *ir, LLVMValueRef stub, LLVMValueRef view)
{
	LLVMBuilderRef b = ir->builder;
	LLVMBasicBlockRef thrown = LLVMAppendBasicBlockInContext(ir->context, stub, "thrown");
	LLVMBasicBlockRef next = LLVMAppendBasicBlockInContext(ir->context, stub, "");
	LLVMValueRef offset = LLVMConstInt(ir->i64, offsetof(struct sv_store_view, exception), 0);
	LLVMValueRef place = LLVMBuildGEP2(b, ir->i8, view, &offset, 1, "");
	LLVMValueRef exception = LLVMBuildLoad2(b, ir->ptr, place, "");
	LLVMBuildCondBr(b, LLVMBuildIsNull(b, exception, ""), next, thrown);
	LLVMPositionBuilderAtEnd(b, thrown);
	LLVMValueRef trap = ir_intrinsic(ir, "llvm.ubsantrap", NULL, 0);
	LLVMValueRef kind = LLVMConstInt(ir->i8, SV_TRAP_EXCEPTION, 0);
	LLVMBuildCall2(b, LLVMGlobalGetValueType(trap), trap, &kind, 1, "");
	LLVMBuildUnreachable(b);
	LLVMPositionBuilderAtEnd(b, next);
}

LLVMValueRef stub_entry(struct ir *ir, uint32_t type_index)
{
	const struct function_type *type = &ir->wasm->types[type_index].function;
	LLVMTypeRef types[] = {ir->ptr, ir->ptr, ir->ptr};
	char name[32];
	snprintf(name, sizeof name, "selvage.entry.%u", type_index);
	LLVMValueRef stub = ir_add_stub(ir, name, LLVMFunctionType(ir->none, types, 3, 0));
	LLVMValueRef context = LLVMGetParam(stub, 0), values = LLVMGetParam(stub, 2);
	LLVMValueRef parameters[SV_MAX_PARAMETERS], arguments[1 + SV_MAX_PARAMETERS];
	LLVMValueRef results[SV_MAX_RESULTS];
	for (uint32_t i = 0; i < type->parameter_count; i++)
		parameters[i] = stub_load(ir, type->parameters[i], values, i);
	LLVMValueRef view = stub_view(ir, context);
	arguments[0] = context;
	unsigned count = ir_pass_arguments(ir, type, parameters, view, arguments);
	LLVMValueRef returned = ir_call(ir, ir_function_type(ir, type_index), LLVMGetParam(stub, 1),
			arguments, count);
	if (ir->effects->propagates)
		stub_check_exception(ir, stub, view);
	ir_take_results(ir, type, returned, view, results);
	for (uint32_t i = 0; i < type->result_count; i++)
		stub_store(ir, results[i], values, i);
	LLVMBuildRetVoid(ir->builder);
	return stub;
}

LLVMValueRef stub_thunk(struct ir *ir, uint32_t type_index)
{
	const struct function_type *type = &ir->wasm->types[type_index].function;
	char name[32];
	snprintf(name, sizeof name, "selvage.thunk.%u", type_index);
	LLVMValueRef stub = ir_add_stub(ir, name, ir_function_type(ir, type_index));
	ir_set_convention(stub);
	uint32_t count = type->parameter_count > type->result_count ? type->parameter_count
								    : type->result_count;
	LLVMTypeRef slots = LLVMArrayType2(ir->i8, (count + 1) * sizeof(union sv_value));
	LLVMValueRef values = LLVMBuildAlloca(ir->builder, slots, "");
	LLVMSetAlignment(values, _Alignof(union sv_value));
	LLVMValueRef row = LLVMGetParam(stub, 0);
	LLVMValueRef parameters[SV_MAX_PARAMETERS];
	ir_receive_parameters(ir, type, stub, stub_view(ir, row), parameters);
	for (uint32_t i = 0; i < type->parameter_count; i++)
		stub_store(ir, parameters[i], values, i);
	LLVMValueRef enter = LLVMBuildLoad2(ir->builder, ir->ptr, row, "");
	LLVMTypeRef types[] = {ir->ptr, ir->ptr};
	LLVMValueRef arguments[] = {row, values};
	LLVMBuildCall2(ir->builder, LLVMFunctionType(ir->none, types, 2, 0), enter, arguments, 2,
			"");
	LLVMValueRef results[SV_MAX_RESULTS];
	for (uint32_t i = 0; i < type->result_count; i++)
		results[i] = stub_load(ir, type->results[i], values, i);
	ir_return_results(ir, type, results, stub_view(ir, row));
	return stub;
}
