/*
 * lower_atomic.c: atomic accesses to linear memory, all sequentially consistent. The runtime
 * waits and notifies. That shared memory and the other kind have the same code is no accident:
 * only waiting asks which it is.
 */
#include "compiler/lower_atomic.h"

static uint64_t atomic_width(LLVMTypeRef in_memory)
{
	return LLVMGetIntTypeWidth(in_memory) / 8;
}

/* Trap unless index + displacement is a multiple of `width`: their low bits decide. */
static void atomic_check(struct lowering *l, LLVMValueRef index, uint64_t width)
{
	LLVMBuilderRef builder = l->ir->builder;
	LLVMTypeRef type = LLVMTypeOf(index);
	uint64_t mask = width - 1;
	if (mask == 0)
		return;
	LLVMValueRef low = LLVMConstInt(type, l->at->memarg.displacement & mask, 0);
	LLVMValueRef sum = LLVMBuildAdd(builder, index, low, "");
	LLVMValueRef rest = LLVMBuildAnd(builder, sum, LLVMConstInt(type, mask, 0), "");
	LLVMValueRef is_aligned =
			LLVMBuildICmp(builder, LLVMIntEQ, rest, LLVMConstNull(type), "");
	trap_unless(l, is_aligned, SV_TRAP_UNALIGNED_ATOMIC);
}

static LLVMValueRef atomic_address(struct lowering *l, LLVMTypeRef in_memory)
{
	LLVMValueRef index = pop(l);
	atomic_check(l, index, atomic_width(in_memory));
	return memory_address(l, index, atomic_width(in_memory));
}

/* To the width in memory, and back without sign. */
static LLVMValueRef atomic_narrow(struct lowering *l, LLVMValueRef value, LLVMTypeRef in_memory)
{
	return LLVMBuildIntCast2(l->ir->builder, value, in_memory, 0, "");
}

static void atomic_push(struct lowering *l, LLVMValueRef value, LLVMTypeRef type)
{
	push(l, LLVMBuildIntCast2(l->ir->builder, value, type, 0, ""));
}

void lower_atomic_load(struct lowering *l, LLVMTypeRef type, LLVMTypeRef in_memory)
{
	LLVMValueRef address = atomic_address(l, in_memory);
	LLVMValueRef load = LLVMBuildLoad2(l->ir->builder, in_memory, address, "");
	LLVMSetOrdering(load, LLVMAtomicOrderingSequentiallyConsistent);
	LLVMSetAlignment(load, (unsigned)atomic_width(in_memory));
	atomic_push(l, load, type);
}

void lower_atomic_store(struct lowering *l, LLVMTypeRef type, LLVMTypeRef in_memory)
{
	(void)type;
	LLVMValueRef value = atomic_narrow(l, pop(l), in_memory);
	LLVMValueRef address = atomic_address(l, in_memory);
	LLVMValueRef store = LLVMBuildStore(l->ir->builder, value, address);
	LLVMSetOrdering(store, LLVMAtomicOrderingSequentiallyConsistent);
	LLVMSetAlignment(store, (unsigned)atomic_width(in_memory));
}

void lower_atomic_update(struct lowering *l, LLVMTypeRef type, LLVMTypeRef in_memory,
		LLVMAtomicRMWBinOp operation)
{
	LLVMValueRef value = atomic_narrow(l, pop(l), in_memory);
	LLVMValueRef address = atomic_address(l, in_memory);
	LLVMValueRef old = LLVMBuildAtomicRMW(l->ir->builder, operation, address, value,
			LLVMAtomicOrderingSequentiallyConsistent, 0);
	/* An update that changes nothing, such as xor with 0, would become a load, and go away. */
	LLVMSetVolatile(old, 1);
	atomic_push(l, old, type);
}

void lower_atomic_exchange(struct lowering *l, LLVMTypeRef type, LLVMTypeRef in_memory)
{
	LLVMValueRef replacement = atomic_narrow(l, pop(l), in_memory);
	LLVMValueRef wide = pop(l);
	LLVMValueRef address = atomic_address(l, in_memory);
	LLVMValueRef expected = atomic_narrow(l, wide, in_memory);
	LLVMValueRef pair = LLVMBuildAtomicCmpXchg(l->ir->builder, address, expected, replacement,
			LLVMAtomicOrderingSequentiallyConsistent,
			LLVMAtomicOrderingSequentiallyConsistent, 0);
	atomic_push(l, LLVMBuildExtractValue(l->ir->builder, pair, 0, ""), type);
}

void lower_atomic_fence(struct lowering *l, LLVMTypeRef type)
{
	(void)type;
	LLVMBuildFence(l->ir->builder, LLVMAtomicOrderingSequentiallyConsistent, 0, "");
}

/* The helpers check the address themselves: it may have more than 64 bits until they have. */
static LLVMValueRef atomic_helper(struct lowering *l, enum sv_helper helper, LLVMValueRef first,
		LLVMValueRef second)
{
	struct ir *ir = l->ir;
	LLVMValueRef index = pop(l);
	LLVMValueRef arguments[] = {
			LLVMConstInt(ir->i32, l->at->memarg.memory, 0),
			memory_wide(l, l->at->memarg.memory, index),
			LLVMConstInt(ir->i64, l->at->memarg.displacement, 0),
			first,
			second,
	};
	return access_helper(l, helper, arguments);
}

void lower_atomic_notify(struct lowering *l, LLVMTypeRef type)
{
	(void)type;
	LLVMValueRef count = pop(l);
	push(l, atomic_helper(l, SV_HELPER_memory_notify, count, NULL));
}

void lower_atomic_wait(struct lowering *l, LLVMTypeRef type, enum sv_helper helper)
{
	(void)type;
	LLVMValueRef timeout = pop(l);
	LLVMValueRef expected = pop(l);
	push(l, atomic_helper(l, helper, expected, timeout));
}
