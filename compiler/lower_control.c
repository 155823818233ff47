/*
 * lower_control.c: blocks, loops, branches, as basic blocks and phis.
 *
 * Each label has a target block with one phi for each value that a branch carries. A loop's
 * target is its head (its parameters), any other's lies behind its end (its results). Code
 * that cannot be reached is not lowered; control_skip keeps count of what it opens.
 */
#include "compiler/convention.h"

#include <string.h>

#include "compiler/profile_use.h"

static struct control *control_top(struct lowering *l)
{
	return &l->controls[l->control_count - 1];
}

static struct control *control_push(struct lowering *l)
{
	if (l->control_count == l->control_capacity) {
		uint32_t grown = l->control_capacity ? l->control_capacity * 2 : 16;
		struct control *controls = arena_new(l->arena, grown, sizeof *controls);
		check(controls);
		if (l->control_count)
			memcpy(controls, l->controls, l->control_count * sizeof *controls);
		l->controls = controls;
		l->control_capacity = grown;
	}
	struct control *control = &l->controls[l->control_count++];
	*control = (struct control){.root_shown = l->root_shown};
	return control;
}

/* A target block with empty phis of the given types. */
static void control_make_target(struct lowering *l, struct control *control, const char *name,
		const enum sv_type *types, uint32_t count)
{
	LLVMBasicBlockRef here = LLVMGetInsertBlock(l->ir->builder);
	control->target = lower_new_block(l, name);
	control->branch_count = count;
	control->phis = arena_new(l->arena, count + 1, sizeof *control->phis);
	check(control->phis);
	LLVMPositionBuilderAtEnd(l->ir->builder, control->target);
	for (uint32_t i = 0; i < count; i++)
		control->phis[i] = LLVMBuildPhi(l->ir->builder, ir_type(l->ir, types[i]), "");
	LLVMPositionBuilderAtEnd(l->ir->builder, here);
}

/* Record an edge from the current block to the label, with the top of the stack as its values. */
static LLVMBasicBlockRef control_edge(struct lowering *l, struct control *control)
{
	LLVMBasicBlockRef here = LLVMGetInsertBlock(l->ir->builder);
	for (uint32_t i = 0; i < control->branch_count; i++) {
		LLVMValueRef value = l->stack[l->depth - control->branch_count + i];
		LLVMAddIncoming(control->phis[i], &value, &here, 1);
	}
	control->reached = true;
	return control->target;
}

/* What a branch leads to. */
static struct control *control_label(struct lowering *l, uint32_t label)
{
	struct control *control = &l->controls[l->control_count - 1 - label];
	control->joined = true;
	return control;
}

void control_open_function(struct lowering *l)
{
	struct control *control = control_push(l);
	control->op = OP_NONE;
	control->type = *l->type;
	control_make_target(l, control, "return", l->type->results, l->type->result_count);
}

void control_branch(struct lowering *l, uint32_t label)
{
	LLVMBuildBr(l->ir->builder, control_edge(l, control_label(l, label)));
}

static struct control *control_open(struct lowering *l, enum op op)
{
	struct control *control = control_push(l);
	control->op = op;
	control->type = l->at->block;
	control->height = l->depth - control->type.parameter_count;
	return control;
}

struct control *control_open_block(struct lowering *l)
{
	struct control *control = control_open(l, l->at->op);
	const struct function_type *type = &control->type;
	control_make_target(l, control, "end", type->results, type->result_count);
	return control;
}

void lower_block(struct lowering *l)
{
	control_open_block(l);
}

void lower_loop(struct lowering *l)
{
	struct control *control = control_open(l, OP_loop);
	const struct function_type *type = &control->type;
	control_make_target(l, control, "loop", type->parameters, type->parameter_count);
	LLVMBuildBr(l->ir->builder, control_edge(l, control));
	lower_into_next(l, control->target);
	l->depth = control->height;
	root_join(l, control);
	for (uint32_t i = 0; i < type->parameter_count; i++)
		push(l, control->phis[i]);
	fuel_begin(l, true);
	profile_count_head(l);
}

/* Give a branch of the current operator the weights that a profile or the module has, if any. */
static void control_expect(struct lowering *l, LLVMValueRef branch)
{
	if (profile_use_condition(l, branch))
		return;
	const struct module *wasm = l->ir->wasm;
	enum expectation expected =
			hints_find(wasm, l->index, l->at->offset - l->start_offset);
	if (expected != EXPECT_NOTHING)
		access_note(l, branch, l->ir->weights_kind, l->ir->expected[expected]);
}

void lower_if(struct lowering *l)
{
	LLVMValueRef condition = lower_condition(l);
	struct control *control = control_open(l, OP_if);
	const struct function_type *type = &control->type;
	control_make_target(l, control, "end", type->results, type->result_count);
	control->otherwise = lower_new_block(l, "else");
	control->parameters =
			arena_new(l->arena, type->parameter_count + 1, sizeof *control->parameters);
	check(control->parameters);
	for (uint32_t i = 0; i < type->parameter_count; i++)
		control->parameters[i] = l->stack[control->height + i];
	LLVMBasicBlockRef then = lower_new_block(l, "then");
	profile_count_condition(l, condition);
	control_expect(l, LLVMBuildCondBr(l->ir->builder, condition, then, control->otherwise));
	lower_into_next(l, then);
	control->joined = true;
	fuel_begin(l, false);
}

/* Start the else part: its parameters are those the if began with. */
static void control_begin_else(struct lowering *l, struct control *control)
{
	lower_into_next(l, control->otherwise);
	root_join(l, control);
	control->otherwise = NULL;
	control->op = OP_else;
	l->depth = control->height;
	for (uint32_t i = 0; i < control->type.parameter_count; i++)
		push(l, control->parameters[i]);
	l->reachable = true;
	fuel_begin(l, false);
}

void lower_else(struct lowering *l)
{
	struct control *control = control_top(l);
	if (l->reachable)
		LLVMBuildBr(l->ir->builder, control_edge(l, control));
	control_begin_else(l, control);
}

static void control_build_return(struct lowering *l, struct control *control)
{
	struct ir *ir = l->ir;
	if (!control->reached) {
		LLVMDeleteBasicBlock(control->target);
		return;
	}
	lower_into_next(l, control->target);
	LLVMSetCurrentDebugLocation2(ir->builder, NULL);
	root_pop(l);
	if (l->expression) {
		LLVMBuildStore(ir->builder, control->phis[0], l->expression);
		LLVMBuildRetVoid(ir->builder);
		return;
	}
	bool is_wide = sv_results_are_wide(l->type->results, l->type->result_count);
	ir_return_results(ir, l->type, control->phis, is_wide ? access_view(l) : NULL);
}

/* The values behind a label that some branch reaches; nothing follows one that none reaches. */
static void control_continue(struct lowering *l, struct control *control)
{
	l->depth = control->height;
	l->reachable = control->reached;
	if (!control->reached) {
		LLVMDeleteBasicBlock(control->target);
		return;
	}
	lower_into_next(l, control->target);
	root_join(l, control);
	for (uint32_t i = 0; i < control->branch_count; i++)
		push(l, control->phis[i]);
	if (control->joined)
		fuel_begin(l, false);
}

void lower_end(struct lowering *l)
{
	struct control *control = control_top(l);
	if (control->op == OP_loop) {
		/* Only falling through reaches the end: the results are on the stack already. */
		l->control_count--;
		return;
	}
	if (l->reachable)
		LLVMBuildBr(l->ir->builder, control_edge(l, control));
	if (control->otherwise) {
		control_begin_else(l, control);
		LLVMBuildBr(l->ir->builder, control_edge(l, control));
	}
	l->control_count--;
	if (control->op == OP_try_table)
		exception_build_handler(l, control);
	else
		exception_pass_on(l, control, l->control_count);
	if (control->op == OP_NONE) {
		exception_build_outside(l);
		control_build_return(l, control);
		l->reachable = false;
		return;
	}
	control_continue(l, control);
}

void lower_br(struct lowering *l)
{
	control_branch(l, l->at->index);
	l->reachable = false;
}

static LLVMValueRef control_build_branch(struct lowering *l, uint32_t label,
		LLVMValueRef condition)
{
	LLVMBasicBlockRef next = lower_new_block(l, "");
	LLVMBasicBlockRef target = control_edge(l, control_label(l, label));
	profile_count_condition(l, condition);
	LLVMValueRef branch = LLVMBuildCondBr(l->ir->builder, condition, target, next);
	lower_into(l, next);
	fuel_begin(l, false);
	return branch;
}

void control_branch_if(struct lowering *l, uint32_t label, LLVMValueRef condition)
{
	profile_use_condition(l, control_build_branch(l, label, condition));
}

void lower_br_if(struct lowering *l)
{
	control_expect(l, control_build_branch(l, l->at->index, lower_condition(l)));
}

void lower_br_on_null(struct lowering *l)
{
	LLVMValueRef reference = pop(l);
	control_branch_if(l, l->at->index, LLVMBuildIsNull(l->ir->builder, reference, ""));
	push(l, reference);
}

void lower_br_on_non_null(struct lowering *l)
{
	LLVMValueRef reference = l->stack[l->depth - 1];
	control_branch_if(l, l->at->index, LLVMBuildIsNotNull(l->ir->builder, reference, ""));
	pop(l);
}

void lower_br_table(struct lowering *l)
{
	LLVMValueRef index = pop(l);
	uint32_t count = l->at->label_count;
	profile_count_label(l, index);
	LLVMBasicBlockRef fallback = control_edge(l, control_label(l, l->at->labels[count]));
	LLVMValueRef branch = LLVMBuildSwitch(l->ir->builder, index, fallback, count);
	/* One phi entry for each edge, even where several lead to one block. */
	for (uint32_t i = 0; i < count; i++) {
		LLVMBasicBlockRef target = control_edge(l, control_label(l, l->at->labels[i]));
		LLVMAddCase(branch, LLVMConstInt(l->ir->i32, i, 0), target);
	}
	profile_use_labels(l, branch);
	l->reachable = false;
}

void lower_return(struct lowering *l)
{
	LLVMBuildBr(l->ir->builder, control_edge(l, &l->controls[0]));
	l->reachable = false;
}

void lower_unreachable(struct lowering *l)
{
	trap_here(l, SV_TRAP_UNREACHABLE);
	l->reachable = false;
}

void lower_nop(struct lowering *l)
{
	(void)l;
}

bool control_skip(struct lowering *l)
{
	enum op op = l->at->op;
	if (op_opens_block(op)) {
		l->skipped++;
		return true;
	}
	if (op == OP_else || op == OP_catch || op == OP_catch_all)
		return l->skipped > 0;
	if (!op_closes_block(op))
		return true;
	if (l->skipped > 0) {
		l->skipped--;
		return true;
	}
	/* The end of a loop whose end is not reached: nothing follows it either. */
	if (control_top(l)->op != OP_loop)
		return false;
	l->control_count--;
	return true;
}
