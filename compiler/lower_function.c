/*
 * lower_function.c: one function body: prologue, the walk over its operators, epilogue.
 * Operators are lower_op.c's and the handlers'.
 */
#include "compiler/convention.h"
#include "compiler/lower_vector.h"

#include <stdio.h>
#include <string.h>

#include "abi/limits.h"
#include "compiler/budget.h"
#include "compiler/profile_use.h"

static void *lowering_grow(struct lowering *l, const void *old, uint32_t used, uint32_t *capacity,
		size_t size)
{
	uint32_t grown = *capacity ? *capacity * 2 : 64;
	void *memory = arena_new(l->arena, grown, size);
	check(memory); /* the arena has no limit, and the body passed validation within its own */
	if (used)
		memcpy(memory, old, used * size);
	*capacity = grown;
	return memory;
}

void push(struct lowering *l, LLVMValueRef value)
{
	if (LLVMGetTypeKind(LLVMTypeOf(value)) == LLVMVectorTypeKind)
		value = LLVMBuildBitCast(l->ir->builder, value, l->ir->v128, "");
	if (l->depth == l->stack_capacity)
		l->stack = lowering_grow(l, l->stack, l->depth, &l->stack_capacity,
				sizeof *l->stack);
	if (l->depth < l->root_shown)
		l->root_shown = l->depth;
	l->stack[l->depth++] = value;
}

LLVMValueRef pop(struct lowering *l)
{
	debug_check(l->depth > 0);
	return l->stack[--l->depth];
}

LLVMValueRef pop_as(struct lowering *l, LLVMTypeRef type)
{
	LLVMValueRef value = pop(l);
	if (LLVMIsAConstantDataVector(value))
		return vector_constant_as(l->ir, value, type);
	return LLVMBuildBitCast(l->ir->builder, value, type, "");
}

LLVMBasicBlockRef lower_new_block(struct lowering *l, const char *name)
{
	return LLVMAppendBasicBlockInContext(l->ir->context, l->function, name);
}

void lower_begin_line(struct lowering *l)
{
	l->line++;
}

void lower_into(struct lowering *l, LLVMBasicBlockRef block)
{
	lower_begin_line(l);
	LLVMPositionBuilderAtEnd(l->ir->builder, block);
}

/*
 * Blocks stand in the order of their operators: without optimisation nobody moves them any more,
 * and what does not follow needs a jump.
 */
void lower_into_next(struct lowering *l, LLVMBasicBlockRef block)
{
	LLVMBasicBlockRef last = LLVMGetLastBasicBlock(l->function);
	if (block != last)
		LLVMMoveBasicBlockAfter(block, last);
	lower_into(l, block);
}

LLVMValueRef lower_wide(struct lowering *l, LLVMValueRef value)
{
	return LLVMBuildZExt(l->ir->builder, value, l->ir->i64, "");
}

LLVMValueRef lower_narrow(struct lowering *l, LLVMValueRef value)
{
	return LLVMBuildTrunc(l->ir->builder, value, l->ir->i32, "");
}

/* The entry block has no terminator until the end, so building at its end is enough. */
LLVMBasicBlockRef lower_enter_entry(struct lowering *l)
{
	LLVMBasicBlockRef saved = LLVMGetInsertBlock(l->ir->builder);
	LLVMPositionBuilderAtEnd(l->ir->builder, l->entry);
	LLVMSetCurrentDebugLocation2(l->ir->builder, NULL);
	return saved;
}

void lower_leave_entry(struct lowering *l, LLVMBasicBlockRef saved)
{
	LLVMPositionBuilderAtEnd(l->ir->builder, saved);
}

static void lower_locals(struct lowering *l)
{
	struct ir *ir = l->ir;
	l->locals = arena_new(l->arena, l->body.local_count + 1, sizeof *l->locals);
	l->known = arena_new(l->arena, l->body.local_count + 1, sizeof *l->known);
	check(l->locals && l->known);
	LLVMValueRef parameters[SV_MAX_PARAMETERS];
	LLVMValueRef view = ir_parameters_are_wide(l->type) ? access_view(l) : NULL;
	ir_receive_parameters(ir, l->type, l->function, view, parameters);
	for (uint32_t i = 0; i < l->body.local_count; i++) {
		LLVMTypeRef type = ir_type(ir, l->body.locals[i]);
		l->locals[i] = LLVMBuildAlloca(ir->builder, type, "");
		bool is_parameter = i < l->type->parameter_count;
		LLVMBuildStore(ir->builder, is_parameter ? parameters[i] : LLVMConstNull(type),
				l->locals[i]);
	}
}

static void lower_attributes(struct lowering *l)
{
	struct ir *ir = l->ir;
	ir_add_code_attributes(ir, l->function);
	l->is_plain = ir->options->level == 0 || ir->shapes[l->index] & BODY_PLAIN;
	profile_use_function(l);
	if (!l->is_plain)
		return;
	LLVMAddAttributeAtIndex(l->function, LLVMAttributeFunctionIndex,
			ir_attribute(ir, "optnone", 0));
	LLVMAddAttributeAtIndex(l->function, LLVMAttributeFunctionIndex,
			ir_attribute(ir, "noinline", 0));
}

static bool lower_body(struct lowering *l, struct sv_error *error)
{
	struct instruction instruction;
	l->at = &instruction;
	while (!body_at_end(&l->body)) {
		TRY(body_next(&l->body, &instruction, error));
		profile_count_step(l);
		if (!l->reachable && control_skip(l))
			continue;
		lower_op(l);
	}
	return true;
}

/* What is between the entry block and `start`, which is all that it leads to. */
static LLVMBasicBlockRef lower_frame(struct lowering *l, LLVMBasicBlockRef start)
{
	if (!root_has_frame(l))
		return start;
	LLVMBasicBlockRef frame = lower_new_block(l, "frame");
	LLVMMoveBasicBlockBefore(frame, start);
	lower_into(l, frame);
	LLVMSetCurrentDebugLocation2(l->ir->builder, NULL);
	root_push(l);
	LLVMBuildBr(l->ir->builder, start);
	return frame;
}

/* From the first operator to the return: entry block, locals, operators. */
static bool lower_whole(struct lowering *l, struct sv_error *error)
{
	struct ir *ir = l->ir;
	l->bases = arena_new(l->arena, ir->wasm->memory_count + 1, sizeof *l->bases);
	check(l->bases);
	l->entry = lower_new_block(l, "entry");
	lower_into(l, l->entry);
	LLVMSetCurrentDebugLocation2(ir->builder, NULL);
	root_begin(l);
	lower_locals(l);
	LLVMBasicBlockRef start = lower_new_block(l, "start");
	lower_into(l, start);
	control_open_function(l);
	const struct instruction at_start = {.offset = l->start_offset};
	l->at = &at_start;
	fuel_begin(l, true);
	profile_count_entry(l);
	TRY(lower_body(l, error));
	fuel_end(l);
	LLVMBasicBlockRef frame = lower_frame(l, start);
	lower_into(l, l->entry);
	LLVMSetCurrentDebugLocation2(ir->builder, NULL);
	LLVMBuildBr(ir->builder, frame);
	return true;
}

bool lower_function(struct ir *ir, uint32_t function, struct arena *arena, struct sv_error *error)
{
	struct lowering l = {
			.ir = ir,
			.arena = arena,
			.type = module_function_type(ir->wasm, function),
			.index = function,
			.start_offset = ir->wasm->functions[function].offset,
			.function = ir_function(ir, function),
			.reachable = true,
			.profile = PROFILE_CURSOR_INIT,
	};
	TRY(body_begin(&l.body, ir->wasm, function, arena, error));
	lower_attributes(&l);
	l.scope = debug_function(ir, l.function, function);
	l.context = LLVMGetParam(l.function, 0);
	return lower_whole(&l, error);
}

LLVMValueRef lower_expression(struct ir *ir, uint32_t number)
{
	const struct constant *constant = &ir->wasm->constants[number];
	enum sv_type result = (enum sv_type)constant->value.type;
	const struct function_type type = {.results = &result, .result_count = 1};
	LLVMTypeRef types[] = {ir->ptr, ir->ptr, ir->ptr};
	struct sv_error error = SV_ERROR_INIT;
	struct arena arena;
	char name[40];
	snprintf(name, sizeof name, "selvage.expression.%u", number);
	arena_init(&arena, 0);
	struct lowering l = {
			.ir = ir,
			.arena = &arena,
			.body = {.module = ir->wasm,
					.function = SV_NO_INDEX,
					.arena = &arena,
					.at = constant->code.data,
					.end = constant->code.data + constant->code.length},
			.type = &type,
			.index = SV_NO_INDEX,
			.function = LLVMAddFunction(ir->module, name,
					LLVMFunctionType(ir->none, types, 3, 0)),
			.reachable = true,
	};
	LLVMSetVisibility(l.function, LLVMHiddenVisibility);
	ir_add_code_attributes(ir, l.function);
	l.context = LLVMGetParam(l.function, 0);
	l.expression = LLVMGetParam(l.function, 2);
	/* It has been validated. */
	check(lower_whole(&l, &error));
	arena_finish(&arena);
	return l.function;
}
