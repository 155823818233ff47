/*
 * convention.h: how compiled code calls compiled code (abi/layout.h), as IR.
 */
#ifndef SELVAGE_COMPILER_CONVENTION_H
#define SELVAGE_COMPILER_CONVENTION_H

#include "compiler/lower.h"

/* A call of compiled code in its convention, never as a tail call; position is set already. */
LLVMValueRef ir_call(struct ir *ir, LLVMTypeRef type, LLVMValueRef code, LLVMValueRef *arguments,
		unsigned count);
/* The same in the place of a return: the frame of the caller is gone when the callee begins. */
LLVMValueRef ir_tail_call(struct ir *ir, LLVMTypeRef type, LLVMValueRef code,
		LLVMValueRef *arguments, unsigned count);
void ir_set_convention(LLVMValueRef function);
/* The same for function `function` of the module, which `value` is or declares. */
void ir_set_convention_of_own(struct ir *ir, LLVMValueRef value, uint32_t function);
/* Results of a call as values, from what it returned or from the view; and the reverse. */
void ir_take_results(struct ir *ir, const struct function_type *type, LLVMValueRef returned,
		LLVMValueRef view, LLVMValueRef *results);
void ir_return_results(struct ir *ir, const struct function_type *type, LLVMValueRef *results,
		LLVMValueRef view);
/*
 * The same for parameters: their types in registers, context included (the number of them); values
 * to arguments, of which [0] is the caller's; and parameters of a function to values. `view`
 * may be NULL unless they are wide.
 */
bool ir_parameters_are_wide(const struct function_type *type);
unsigned ir_parameter_types(struct ir *ir, const struct function_type *type, LLVMTypeRef *types);
unsigned ir_pass_arguments(struct ir *ir, const struct function_type *type,
		const LLVMValueRef *values, LLVMValueRef view, LLVMValueRef *arguments);
void ir_receive_parameters(struct ir *ir, const struct function_type *type, LLVMValueRef function,
		LLVMValueRef view, LLVMValueRef *values);
/* Place of value `index` in an array of sv_value. */
LLVMValueRef ir_value_slot(struct ir *ir, LLVMValueRef values, uint32_t index);

/* ---- lower_fixed.c: calls through tables that never change ---- */

/* The entries as constants, two words each; declared if another piece defines them. */
LLVMValueRef fixed_table_global(struct ir *ir, uint32_t table);
void fixed_tables_define(struct ir *ir);

/* ---- lower_stub.c: calls between host and guest ---- */

/* The entry stub and the host thunk of a type; see abi/layout.h. */
LLVMValueRef stub_entry(struct ir *ir, uint32_t type_index);
LLVMValueRef stub_thunk(struct ir *ir, uint32_t type_index);

#endif
