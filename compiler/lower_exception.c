/*
 * lower_exception.c: throwing and catching without an unwinder. The exception being thrown is
 * in the store's view; code looks there behind each call that may throw, and goes on at the
 * innermost handler of the function or leaves it. A handler is one block for each try, made
 * when something inside it may throw, and filled at its end.
 */
#include "compiler/convention.h"

#include <stddef.h>

#include "abi/object.h"
#include "compiler/effects.h"

static LLVMValueRef exception_address(struct lowering *l)
{
	return access_at(l, access_view(l), offsetof(struct sv_store_view, exception));
}

static LLVMValueRef exception_load(struct lowering *l)
{
	return access_load(l, l->ir->ptr, exception_address(l), ALIAS_VIEW);
}

static void exception_set(struct lowering *l, LLVMValueRef exception)
{
	access_store(l, exception, exception_address(l), ALIAS_VIEW);
}

/* ---- where exceptions go ---- */

/* Out of the function: results do not matter, callers look for the exception first. */
static LLVMBasicBlockRef handler_outside(struct lowering *l)
{
	if (!l->outside)
		l->outside = lower_new_block(l, "throw");
	return l->outside;
}

void exception_build_outside(struct lowering *l)
{
	struct ir *ir = l->ir;
	if (!l->outside)
		return;
	lower_into(l, l->outside);
	LLVMSetCurrentDebugLocation2(ir->builder, NULL);
	root_pop(l);
	LLVMTypeRef result = l->expression ? ir->none : ir_result_type(ir, l->type);
	if (result == ir->none)
		LLVMBuildRetVoid(ir->builder);
	else
		LLVMBuildRet(ir->builder, LLVMConstNull(result));
}

/* Handler of the innermost try among the first `count` open blocks. */
static LLVMBasicBlockRef handler_find(struct lowering *l, uint32_t count)
{
	for (uint32_t i = count; i-- > 0;) {
		struct control *control = &l->controls[i];
		if (control->op != OP_try && control->op != OP_try_table)
			continue;
		if (!control->handler)
			control->handler = lower_new_block(l, "handler");
		return control->handler;
	}
	return handler_outside(l);
}

void exception_check(struct lowering *l)
{
	struct ir *ir = l->ir;
	LLVMBasicBlockRef next = lower_new_block(l, "");
	LLVMBasicBlockRef thrown = handler_find(l, l->control_count);
	LLVMValueRef none = LLVMBuildIsNull(ir->builder, exception_load(l), "");
	LLVMSetMetadata(LLVMBuildCondBr(ir->builder, none, next, thrown), ir->weights_kind,
			ir->likely);
	lower_into(l, next);
}

static void exception_throw(struct lowering *l, LLVMValueRef exception)
{
	exception_set(l, exception);
	LLVMBuildBr(l->ir->builder, handler_find(l, l->control_count));
	l->reachable = false;
}

/* ---- throwing ---- */

static const struct function_type *tag_type(struct lowering *l, uint32_t tag)
{
	return &l->ir->wasm->types[l->ir->wasm->tags[tag].type].function;
}

static LLVMValueRef exception_field(struct lowering *l, LLVMValueRef exception, uint32_t *at,
		enum sv_type type)
{
	uint32_t size = sv_type_size(type);
	uint32_t place = sv_field_place(*at, size);
	*at = place + size;
	return access_at(l, exception, place);
}

/* Objects are aligned to 8, and so are the vectors in them. */
static LLVMValueRef exception_aligned(LLVMValueRef access, enum sv_type type)
{
	uint32_t size = sv_type_size(type);
	LLVMSetAlignment(access, size > 8 ? 8 : size);
	return access;
}

void lower_throw(struct lowering *l)
{
	const struct function_type *type = tag_type(l, l->at->index);
	LLVMValueRef tag = LLVMConstInt(l->ir->i32, l->at->index, 0);
	LLVMValueRef exception = access_helper_collecting(l, SV_HELPER_exception_new, &tag);
	uint32_t at = SV_EXCEPTION_FIELDS;
	l->depth -= type->parameter_count;
	for (uint32_t i = 0; i < type->parameter_count; i++) {
		LLVMValueRef place = exception_field(l, exception, &at, type->parameters[i]);
		exception_aligned(
				access_store(l, l->stack[l->depth + i], place, ALIAS_EXCEPTION),
				type->parameters[i]);
	}
	exception_throw(l, exception);
}

void lower_throw_ref(struct lowering *l)
{
	LLVMValueRef exception = pop(l);
	trap_unless(l, LLVMBuildIsNotNull(l->ir->builder, exception, ""), SV_TRAP_NULL_REFERENCE);
	exception_throw(l, exception);
}

/* The exception lies below the values of its catch. */
void lower_rethrow(struct lowering *l)
{
	struct control *control = &l->controls[l->control_count - 1 - l->at->index];
	exception_throw(l, l->stack[control->height]);
}

/* ---- catching ---- */

static LLVMValueRef exception_has_tag(struct lowering *l, LLVMValueRef exception, uint32_t tag)
{
	LLVMTypeRef ptr = l->ir->ptr;
	uint64_t row = l->ir->layout.tags + (uint64_t)tag * sizeof(struct sv_tag *);
	LLVMValueRef wanted = access_load_constant(l, ptr, access_at(l, l->context, row));
	LLVMValueRef found = access_load(l, ptr,
			access_at(l, exception, offsetof(struct sv_exception_object, tag)),
			ALIAS_EXCEPTION);
	return LLVMBuildICmp(l->ir->builder, LLVMIntEQ, found, wanted, "");
}

static void exception_push_values(struct lowering *l, LLVMValueRef exception, uint32_t tag)
{
	const struct function_type *type = tag_type(l, tag);
	uint32_t at = SV_EXCEPTION_FIELDS;
	for (uint32_t i = 0; i < type->parameter_count; i++) {
		LLVMValueRef place = exception_field(l, exception, &at, type->parameters[i]);
		LLVMTypeRef value = ir_type(l->ir, type->parameters[i]);
		push(l, exception_aligned(access_load(l, value, place, ALIAS_EXCEPTION),
					type->parameters[i]));
	}
}

/* Go on in a new block if the exception has the tag; code for others follows in `*other`. */
static void catch_branch(struct lowering *l, LLVMValueRef exception, uint32_t tag,
		LLVMBasicBlockRef *other)
{
	LLVMBasicBlockRef caught = lower_new_block(l, "catch");
	*other = lower_new_block(l, "other");
	LLVMBuildCondBr(l->ir->builder, exception_has_tag(l, exception, tag), caught, *other);
	lower_into(l, caught);
}

/* One clause of a try_table, whose own block is closed already. True if it catches all. */
static bool catch_clause(struct lowering *l, LLVMValueRef exception,
		const struct catch_clause *clause, uint32_t height)
{
	bool is_all = clause->kind >= CATCH_ALL;
	LLVMBasicBlockRef other = NULL;
	if (!is_all)
		catch_branch(l, exception, clause->tag, &other);
	exception_set(l, LLVMConstNull(l->ir->ptr));
	l->depth = height;
	if (!is_all)
		exception_push_values(l, exception, clause->tag);
	if (clause->kind == CATCH_TAG_REF || clause->kind == CATCH_ALL_REF)
		push(l, exception);
	control_branch(l, clause->label);
	if (other)
		lower_into(l, other);
	return is_all;
}

/* Fill the handler of a try_table that has just been closed. */
void exception_build_handler(struct lowering *l, const struct control *control)
{
	LLVMBasicBlockRef here = LLVMGetInsertBlock(l->ir->builder);
	uint32_t depth = l->depth;
	bool is_all = false;
	if (!control->handler)
		return;
	lower_into(l, control->handler);
	LLVMValueRef exception = exception_load(l);
	for (uint32_t i = 0; i < control->catch_count && !is_all; i++)
		is_all = catch_clause(l, exception, &control->catches[i], control->height);
	if (!is_all)
		LLVMBuildBr(l->ir->builder, handler_find(l, l->control_count));
	l->depth = depth;
	lower_into(l, here);
}

void lower_try_table(struct lowering *l)
{
	struct control *control = control_open_block(l);
	control->catches = l->at->catches;
	control->catch_count = l->at->catch_count;
}

/* ---- the earlier proposal: catches are part of the block ---- */

void lower_try(struct lowering *l)
{
	control_open_block(l);
}

/*
 * End the part before and go on where exceptions arrive, if any do. The exception stays on
 * the stack below what it carries, for a rethrow and for the collector to see.
 */
static bool catch_begin(struct lowering *l, struct control *control)
{
	if (l->reachable)
		control_branch(l, 0);
	control->op = l->at->op;
	l->depth = control->height;
	l->reachable = control->handler != NULL;
	if (!control->handler)
		return false;
	lower_into(l, control->handler);
	root_join(l, control);
	LLVMValueRef exception = control->exception ? control->exception : exception_load(l);
	control->exception = exception;
	push(l, exception);
	return true;
}

void lower_catch(struct lowering *l)
{
	struct control *control = &l->controls[l->control_count - 1];
	if (!catch_begin(l, control))
		return;
	catch_branch(l, control->exception, l->at->index, &control->handler);
	exception_set(l, LLVMConstNull(l->ir->ptr));
	exception_push_values(l, control->exception, l->at->index);
	fuel_begin(l, false);
}

void lower_catch_all(struct lowering *l)
{
	struct control *control = &l->controls[l->control_count - 1];
	if (!catch_begin(l, control))
		return;
	control->handler = NULL;
	exception_set(l, LLVMConstNull(l->ir->ptr));
	fuel_begin(l, false);
}

/* Exceptions that no catch of a closed try has taken. */
void exception_pass_on(struct lowering *l, const struct control *control, uint32_t controls)
{
	if (!control->handler)
		return;
	LLVMBasicBlockRef here = LLVMGetInsertBlock(l->ir->builder);
	lower_into(l, control->handler);
	LLVMBuildBr(l->ir->builder, handler_find(l, controls));
	lower_into(l, here);
}

/* Closes a try without catches: exceptions go to the handler of the block that is named. */
void lower_delegate(struct lowering *l)
{
	struct control *control = &l->controls[l->control_count - 1];
	uint32_t controls = l->control_count - 1 - l->at->index;
	exception_pass_on(l, control, controls);
	control->handler = NULL;
	lower_end(l);
}
