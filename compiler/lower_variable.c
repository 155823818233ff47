/*
 * lower_variable.c: locals, globals, references, and the parametric operators.
 */
#include "compiler/lower_vector.h"
#include "compiler/profile_use.h"

void lower_drop(struct lowering *l)
{
	pop(l);
}

void lower_select(struct lowering *l)
{
	LLVMValueRef condition = lower_condition(l);
	LLVMValueRef second = pop(l);
	LLVMValueRef first = pop(l);
	profile_count_condition(l, condition);
	LLVMValueRef chosen = LLVMBuildSelect(l->ir->builder, condition, first, second, "");
	if (chosen != first && chosen != second)
		profile_use_condition(l, chosen);
	push(l, chosen);
}

void lower_select_typed(struct lowering *l)
{
	lower_select(l);
}

/*
 * What a local was given, or was found to be, is not read again in the same straight line: without
 * optimisation each read is an instruction.
 */
static void local_know(struct lowering *l, LLVMValueRef value)
{
	l->known[l->at->index] = (struct known_local){value, l->line};
}

void lower_local_get(struct lowering *l)
{
	const struct known_local *known = &l->known[l->at->index];
	if (known->line != l->line) {
		LLVMTypeRef type = ir_type(l->ir, l->body.locals[l->at->index]);
		local_know(l, LLVMBuildLoad2(l->ir->builder, type, l->locals[l->at->index], ""));
	}
	push(l, known->value);
}

void lower_local_set(struct lowering *l)
{
	lower_local_tee(l);
	pop(l);
}

void lower_local_tee(struct lowering *l)
{
	LLVMValueRef value = l->stack[l->depth - 1];
	LLVMBuildStore(l->ir->builder, value, l->locals[l->at->index]);
	local_know(l, value);
	root_local(l, l->at->index, value);
}

/* Address of the value: in the context, or in the cell of the instance that owns it. */
static LLVMValueRef global_address(struct lowering *l, uint32_t index)
{
	uint64_t cell = l->ir->layout.globals + (uint64_t)index * sizeof(struct sv_global_cell);
	LLVMValueRef address = access_at(l, l->context, cell);
	if (index >= l->ir->wasm->imported_globals)
		return address;
	return access_load_constant(l, l->ir->ptr, address);
}

/* An own global that never changes and starts as a number is that number. */
static LLVMValueRef global_constant(struct lowering *l, uint32_t index)
{
	const struct global *global = &l->ir->wasm->globals[index];
	const struct sv_constant *value = &global->initial.value;
	if (global->mutable || index < l->ir->wasm->imported_globals)
		return NULL;
	if (value->kind != SV_CONSTANT_BITS)
		return NULL;
	if (global->type == SV_TYPE_V128)
		return vector_constant(l->ir, value->value, value->high);
	bool narrow = global->type == SV_TYPE_I32 || global->type == SV_TYPE_F32;
	LLVMTypeRef bits_type = narrow ? l->ir->i32 : l->ir->i64;
	uint64_t bits = narrow ? (uint32_t)value->value : value->value;
	return LLVMConstBitCast(LLVMConstInt(bits_type, bits, 0), ir_type(l->ir, global->type));
}

void lower_global_get(struct lowering *l)
{
	uint32_t index = l->at->index;
	LLVMValueRef constant = global_constant(l, index);
	if (constant) {
		push(l, constant);
		return;
	}
	LLVMTypeRef type = ir_type(l->ir, l->ir->wasm->globals[index].type);
	push(l, access_load(l, type, global_address(l, index), ALIAS_GLOBAL));
}

void lower_global_set(struct lowering *l)
{
	LLVMValueRef value = pop(l);
	access_store(l, value, global_address(l, l->at->index), ALIAS_GLOBAL);
}

void lower_ref_null(struct lowering *l)
{
	push(l, LLVMConstNull(l->ir->ptr));
}

void lower_ref_is_null(struct lowering *l)
{
	LLVMValueRef null = LLVMConstNull(l->ir->ptr);
	LLVMValueRef is_null = LLVMBuildICmp(l->ir->builder, LLVMIntEQ, pop(l), null, "");
	push(l, LLVMBuildZExt(l->ir->builder, is_null, l->ir->i32, ""));
}

void lower_ref_as_non_null(struct lowering *l)
{
	LLVMValueRef reference = l->stack[l->depth - 1];
	trap_unless(l, LLVMBuildIsNotNull(l->ir->builder, reference, ""), SV_TRAP_NULL_REFERENCE);
}

void lower_ref_func(struct lowering *l)
{
	LLVMValueRef function = LLVMConstInt(l->ir->i32, l->at->index, 0);
	push(l, access_helper(l, SV_HELPER_ref_func, &function));
}
