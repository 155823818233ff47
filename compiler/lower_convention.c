/*
 * lower_convention.c: how compiled code calls compiled code: tailcc, parameters and results
 * in registers or, where they do not fit, in the store's view (abi/layout.h).
 */
#include "compiler/convention.h"

#include <stddef.h>

#include "compiler/budget.h"

/* CallingConv::Tail; the C interface has no name for it. */
enum { CONVENTION_TAIL = 18 };

void ir_set_convention(LLVMValueRef function)
{
	LLVMSetFunctionCallConv(function, CONVENTION_TAIL);
}

/*
 * With all arguments in registers and the stack aligned to words, the C convention and tailcc are
 * the same instructions (docs/decisions/0040). Only functions with tail calls need the name; for
 * the others FastISel, which is all of the speed of level 0, wants to read C.
 */
void ir_set_convention_of_own(struct ir *ir, LLVMValueRef value, uint32_t function)
{
	if (ir->options->level > 0 || ir->shapes[function] & BODY_TAIL_CALLS)
		ir_set_convention(value);
}

static unsigned convention_of_call(struct ir *ir, LLVMValueRef code)
{
	if (LLVMIsAFunction(code))
		return LLVMGetFunctionCallConv(code);
	return ir->options->level > 0 ? CONVENTION_TAIL : LLVMCCallConv;
}

/* Recursion uses stack, or it would not be exhausted: hence no tail call. */
LLVMValueRef ir_call(struct ir *ir, LLVMTypeRef type, LLVMValueRef code, LLVMValueRef *arguments,
		unsigned count)
{
	LLVMValueRef call = LLVMBuildCall2(ir->builder, type, code, arguments, count, "");
	LLVMSetInstructionCallConv(call, convention_of_call(ir, code));
	LLVMSetTailCallKind(call, LLVMTailCallKindNoTail);
	return call;
}

/*
 * musttail, or passes would merge returns and take the call out of its place. LLVM 22 loses stack
 * arguments of such calls on x86-64; ours have none.
 */
LLVMValueRef ir_tail_call(struct ir *ir, LLVMTypeRef type, LLVMValueRef code,
		LLVMValueRef *arguments, unsigned count)
{
	LLVMValueRef call = LLVMBuildCall2(ir->builder, type, code, arguments, count, "");
	LLVMSetInstructionCallConv(call, CONVENTION_TAIL);
	LLVMSetTailCallKind(call, LLVMTailCallKindMustTail);
	if (LLVMGetTypeKind(LLVMGetReturnType(type)) == LLVMVoidTypeKind)
		LLVMBuildRetVoid(ir->builder);
	else
		LLVMBuildRet(ir->builder, call);
	return call;
}

LLVMValueRef ir_value_slot(struct ir *ir, LLVMValueRef values, uint32_t index)
{
	LLVMValueRef offset = LLVMConstInt(ir->i64, index * sizeof(union sv_value), 0);
	return LLVMBuildGEP2(ir->builder, ir->i8, values, &offset, 1, "");
}

static LLVMValueRef convention_tag(struct ir *ir, LLVMValueRef access)
{
	LLVMSetMetadata(access, ir->tbaa_kind, ir->alias_tags[ALIAS_VIEW]);
	return access;
}

/* Where wide parameters and results are; it changes only between calls of the store. */
static LLVMValueRef convention_values(struct ir *ir, LLVMValueRef view)
{
	LLVMValueRef offset = LLVMConstInt(ir->i64, offsetof(struct sv_store_view, values), 0);
	LLVMValueRef place = LLVMBuildGEP2(ir->builder, ir->i8, view, &offset, 1, "");
	return convention_tag(ir, LLVMBuildLoad2(ir->builder, ir->ptr, place, ""));
}

bool ir_parameters_are_wide(const struct function_type *type)
{
	struct sv_parameter_registers left = SV_PARAMETER_REGISTERS;
	for (uint32_t i = 0; i < type->parameter_count; i++) {
		if (!sv_parameter_takes_register(&left, type->parameters[i]))
			return true;
	}
	return false;
}

unsigned ir_parameter_types(struct ir *ir, const struct function_type *type, LLVMTypeRef *types)
{
	struct sv_parameter_registers left = SV_PARAMETER_REGISTERS;
	unsigned count = 1;
	types[0] = ir->ptr;
	for (uint32_t i = 0; i < type->parameter_count; i++) {
		if (sv_parameter_takes_register(&left, type->parameters[i]))
			types[count++] = ir_type(ir, type->parameters[i]);
	}
	return count;
}

unsigned ir_pass_arguments(struct ir *ir, const struct function_type *type,
		const LLVMValueRef *values, LLVMValueRef view, LLVMValueRef *arguments)
{
	struct sv_parameter_registers left = SV_PARAMETER_REGISTERS;
	LLVMValueRef wide = ir_parameters_are_wide(type) ? convention_values(ir, view) : NULL;
	unsigned count = 1, place = 0;
	for (uint32_t i = 0; i < type->parameter_count; i++) {
		if (sv_parameter_takes_register(&left, type->parameters[i]))
			arguments[count++] = values[i];
		else
			convention_tag(ir,
					LLVMBuildStore(ir->builder, values[i],
							ir_value_slot(ir, wide, place++)));
	}
	return count;
}

void ir_receive_parameters(struct ir *ir, const struct function_type *type, LLVMValueRef function,
		LLVMValueRef view, LLVMValueRef *values)
{
	struct sv_parameter_registers left = SV_PARAMETER_REGISTERS;
	LLVMValueRef wide = ir_parameters_are_wide(type) ? convention_values(ir, view) : NULL;
	unsigned count = 1, place = 0;
	for (uint32_t i = 0; i < type->parameter_count; i++) {
		if (sv_parameter_takes_register(&left, type->parameters[i])) {
			values[i] = LLVMGetParam(function, count++);
			continue;
		}
		LLVMTypeRef parameter = ir_type(ir, type->parameters[i]);
		values[i] = convention_tag(ir,
				LLVMBuildLoad2(ir->builder, parameter,
						ir_value_slot(ir, wide, place++), ""));
	}
}

void ir_take_results(struct ir *ir, const struct function_type *type, LLVMValueRef returned,
		LLVMValueRef view, LLVMValueRef *results)
{
	uint32_t count = type->result_count;
	if (sv_results_are_wide(type->results, count)) {
		LLVMValueRef values = convention_values(ir, view);
		for (uint32_t i = 0; i < count; i++)
			results[i] = convention_tag(ir,
					LLVMBuildLoad2(ir->builder, ir_type(ir, type->results[i]),
							ir_value_slot(ir, values, i), ""));
		return;
	}
	if (count == 1)
		results[0] = returned;
	for (uint32_t i = 0; count > 1 && i < count; i++)
		results[i] = LLVMBuildExtractValue(ir->builder, returned, i, "");
}

void ir_return_results(struct ir *ir, const struct function_type *type, LLVMValueRef *results,
		LLVMValueRef view)
{
	uint32_t count = type->result_count;
	if (sv_results_are_wide(type->results, count)) {
		LLVMValueRef values = convention_values(ir, view);
		for (uint32_t i = 0; i < count; i++)
			convention_tag(ir,
					LLVMBuildStore(ir->builder, results[i],
							ir_value_slot(ir, values, i)));
		LLVMBuildRetVoid(ir->builder);
	} else if (count == 0) {
		LLVMBuildRetVoid(ir->builder);
	} else if (count == 1) {
		LLVMBuildRet(ir->builder, results[0]);
	} else {
		LLVMBuildAggregateRet(ir->builder, results, count);
	}
}
