/*
 * lower_root.c: shows the collector which references a function holds while it calls what may
 * collect. Such a function has a frame on the store's root stack: a slot for each local that
 * is a reference to an object, kept up to date by local.set; and slots for what is on the
 * operand stack across a call, each written before the first call that it is there for. The
 * top of the root stack says how many of them count. Objects do not move, so nothing is ever
 * read back.
 */
#include "compiler/lower.h"

#include <stddef.h>
#include <string.h>

#include "compiler/effects.h"

static LLVMValueRef root_slot(struct lowering *l, uint32_t slot)
{
	return access_at(l, l->root_frame, (uint64_t)slot * sizeof(void *));
}

static void root_store(struct lowering *l, LLVMValueRef value, uint32_t slot)
{
	if (slot >= l->root_slots)
		l->root_slots = slot + 1;
	access_store(l, value, root_slot(l, slot), ALIAS_ROOT);
}

static LLVMValueRef root_top_address(struct lowering *l)
{
	return access_at(l, access_view(l), offsetof(struct sv_store_view, roots));
}

/* A slot for each local that can refer to an object; the frame itself is made at the end. */
void root_begin(struct lowering *l)
{
	const struct effects *effects = l->ir->effects;
	bool collects = l->index == SV_NO_INDEX || effects->functions[l->index] & EFFECT_COLLECTS;
	if (!effects->has_objects || !collects)
		return;
	l->root_locals = arena_new(l->arena, l->body.local_count + 1, sizeof *l->root_locals);
	check(l->root_locals);
	for (uint32_t i = 0; i < l->body.local_count; i++) {
		bool is_object = type_is_object(l->ir->wasm, l->body.locals[i]);
		l->root_locals[i] = is_object ? l->root_slots++ : SV_NO_INDEX;
	}
	l->root_operands = l->root_slots;
	LLVMBasicBlockRef saved = lower_enter_entry(l);
	l->root_frame = access_load(l, l->ir->ptr, root_top_address(l), ALIAS_VIEW);
	lower_leave_entry(l, saved);
}

void root_local(struct lowering *l, uint32_t local, LLVMValueRef value)
{
	if (l->root_frame && l->root_locals[local] != SV_NO_INDEX)
		root_store(l, value, l->root_locals[local]);
}

/* Constants are null or a function; everything else that is a pointer may be an object. */
static bool root_is_needed(struct lowering *l, LLVMValueRef value)
{
	return LLVMTypeOf(value) == l->ir->ptr && !LLVMIsConstant(value);
}

static void root_reserve(struct lowering *l)
{
	if (l->depth < l->root_capacity)
		return;
	uint32_t grown = l->root_capacity ? 2 * l->root_capacity : 64;
	while (grown <= l->depth)
		grown *= 2;
	uint32_t *counts = arena_new(l->arena, grown, sizeof *counts);
	check(counts);
	counts[0] = 0;
	if (l->root_capacity)
		memcpy(counts, l->root_counts, l->root_capacity * sizeof *counts);
	l->root_counts = counts;
	l->root_capacity = grown;
}

/* The root stack ends behind so many slots of operands. */
static void root_set_top(struct lowering *l, uint32_t count)
{
	if (count == l->root_top)
		return;
	access_store(l, root_slot(l, l->root_operands + count), root_top_address(l), ALIAS_VIEW);
	l->root_top = count;
}

void root_spill(struct lowering *l)
{
	if (!l->root_frame)
		return;
	root_reserve(l);
	uint32_t *counts = l->root_counts;
	uint32_t first = l->root_shown < l->depth ? l->root_shown : l->depth;
	for (uint32_t i = first; i < l->depth; i++) {
		counts[i + 1] = counts[i];
		if (root_is_needed(l, l->stack[i]))
			root_store(l, l->stack[i], l->root_operands + counts[i + 1]++);
	}
	l->root_shown = l->depth;
	root_set_top(l, counts[l->depth]);
}

/* What is below a block was shown before it, or is not known to be. */
void root_join(struct lowering *l, const struct control *control)
{
	if (l->root_shown > control->root_shown)
		l->root_shown = control->root_shown;
	if (l->root_shown > control->height)
		l->root_shown = control->height;
	l->root_top = SV_NO_INDEX;
}

LLVMValueRef access_helper_collecting(struct lowering *l, enum sv_helper helper,
		LLVMValueRef *arguments)
{
	root_spill(l);
	return access_helper(l, helper, arguments);
}

/* The frame is as if it had never been. */
void root_pop(struct lowering *l)
{
	if (l->root_frame && l->root_slots)
		access_store(l, l->root_frame, root_top_address(l), ALIAS_VIEW);
}

/* Null in the slots of locals: what an earlier frame left there is no reference of ours. */
static void root_zero_frame(struct lowering *l)
{
	const uint32_t unrolled = 16;
	LLVMBuilderRef b = l->ir->builder;
	LLVMValueRef null = LLVMConstNull(l->ir->ptr);
	for (uint32_t i = 0; i < l->root_operands && l->root_operands <= unrolled; i++)
		access_store(l, null, root_slot(l, i), ALIAS_ROOT);
	if (l->root_operands <= unrolled)
		return;
	LLVMBasicBlockRef before = LLVMGetInsertBlock(b);
	LLVMBasicBlockRef loop = lower_new_block(l, "zero");
	LLVMBasicBlockRef next = lower_new_block(l, "");
	LLVMValueRef first = LLVMConstInt(l->ir->i64, 0, 0);
	LLVMBuildBr(b, loop);
	lower_into(l, loop);
	LLVMValueRef index = LLVMBuildPhi(b, l->ir->i64, "");
	LLVMValueRef slot = LLVMBuildGEP2(b, l->ir->ptr, l->root_frame, &index, 1, "");
	access_store(l, null, slot, ALIAS_ROOT);
	LLVMValueRef more = LLVMBuildAdd(b, index, LLVMConstInt(l->ir->i64, 1, 0), "");
	LLVMValueRef end = LLVMConstInt(l->ir->i64, l->root_operands, 0);
	LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntULT, more, end, ""), loop, next);
	LLVMAddIncoming(index, &first, &before, 1);
	LLVMAddIncoming(index, &more, &loop, 1);
	lower_into(l, next);
}

/* Parameters are held from the start. */
static void root_parameters(struct lowering *l)
{
	for (uint32_t i = 0; i < l->type->parameter_count; i++) {
		if (l->root_locals[i] == SV_NO_INDEX)
			continue;
		LLVMValueRef value = LLVMBuildLoad2(l->ir->builder, l->ir->ptr, l->locals[i], "");
		root_store(l, value, l->root_locals[i]);
	}
}

bool root_has_frame(const struct lowering *l)
{
	return l->root_frame && l->root_slots;
}

void root_push(struct lowering *l)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMValueRef limit = access_load(l, l->ir->ptr,
			access_at(l, access_view(l), offsetof(struct sv_store_view, roots_limit)),
			ALIAS_VIEW);
	LLVMValueRef top = root_slot(l, l->root_slots);
	const struct instruction at_start = {.offset = l->start_offset};
	l->at = &at_start;
	trap_unless(l, LLVMBuildICmp(b, LLVMIntULE, top, limit, ""), SV_TRAP_STACK);
	root_zero_frame(l);
	root_parameters(l);
	access_store(l, root_slot(l, l->root_operands), root_top_address(l), ALIAS_VIEW);
}
