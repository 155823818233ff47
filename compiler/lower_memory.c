/*
 * lower_memory.c: linear memory. memory_address emits every guest address there is, so
 * the sandbox rests on that one function.
 */
#include "compiler/lower.h"

#include <stddef.h>

#include "abi/limits.h"

static uint64_t memory_row(struct lowering *l, uint32_t memory)
{
	return l->ir->layout.memories + (uint64_t)memory * sizeof(struct sv_memory_row);
}

/* The base never changes while the instance lives: one value for the whole function. */
static LLVMValueRef memory_base(struct lowering *l, uint32_t memory)
{
	if (l->bases[memory])
		return l->bases[memory];
	LLVMBasicBlockRef saved = lower_enter_entry(l);
	uint64_t offset = memory_row(l, memory) + offsetof(struct sv_memory_row, base);
	l->bases[memory] = access_load_constant(l, l->ir->ptr, access_at(l, l->context, offset));
	lower_leave_entry(l, saved);
	return l->bases[memory];
}

static LLVMValueRef memory_size_bytes(struct lowering *l, uint32_t memory)
{
	struct ir *ir = l->ir;
	uint64_t row = memory_row(l, memory) + offsetof(struct sv_memory_row, memory);
	LLVMValueRef view = access_load_constant(l, ir->ptr, access_at(l, l->context, row));
	return access_load(l, ir->i64, access_at(l, view, offsetof(struct sv_memory_view, size)),
			ALIAS_SIZE);
}

/*
 * Trap unless index + displacement + width <= size. Written as index < size - (rest - 1) with a
 * saturating subtraction: exact also for a memory smaller than the rest, and of a form whose
 * limit is invariant in loops, so that LLVM can count the iterations and vectorise.
 */
static void memory_check(struct lowering *l, uint32_t memory, LLVMValueRef index, uint64_t rest)
{
	struct ir *ir = l->ir;
	LLVMValueRef subtract = ir_intrinsic(ir, "llvm.usub.sat", &ir->i64, 1);
	LLVMValueRef arguments[] = {
			memory_size_bytes(l, memory), LLVMConstInt(ir->i64, rest - 1, 0)};
	LLVMValueRef limit = LLVMBuildCall2(ir->builder, LLVMGlobalGetValueType(subtract), subtract,
			arguments, 2, "");
	trap_unless(l, LLVMBuildICmp(ir->builder, LLVMIntULT, index, limit, ""),
			SV_TRAP_MEMORY_BOUNDS);
}

/*
 * The host address of a guest access of `width` bytes. The 32-bit index is zero-extended (an
 * i32 in a GEP would be sign-extended: an escape), and no arithmetic carries a no-wrap flag.
 */
static LLVMValueRef memory_address(struct lowering *l, LLVMValueRef guest_address, uint64_t width)
{
	struct ir *ir = l->ir;
	uint32_t memory = l->at->memarg.memory;
	uint64_t displacement = l->at->memarg.displacement;
	LLVMValueRef index = LLVMBuildZExt(ir->builder, guest_address, ir->i64, "");
	if (ir->options->bounds == SV_BOUNDS_CHECK)
		memory_check(l, memory, index, displacement + width);
	LLVMValueRef base = memory_base(l, memory);
	LLVMValueRef address = LLVMBuildGEP2(ir->builder, ir->i8, base, &index, 1, "");
	trap_mark_position(l);
	return displacement ? access_at(l, address, displacement) : address;
}

static uint64_t memory_width(LLVMTypeRef type)
{
	switch (LLVMGetTypeKind(type)) {
	case LLVMFloatTypeKind:
		return 4;
	case LLVMDoubleTypeKind:
		return 8;
	default:
		return LLVMGetIntTypeWidth(type) / 8;
	}
}

void lower_load(struct lowering *l, LLVMTypeRef type, LLVMTypeRef in_memory, enum widening how)
{
	struct ir *ir = l->ir;
	LLVMValueRef address = memory_address(l, pop(l), memory_width(in_memory));
	LLVMValueRef value = access_load(l, in_memory, address, ALIAS_MEMORY);
	LLVMSetAlignment(value, 1);
	/*
	 * A load whose value is not used must trap all the same. Volatile keeps it; exact.c
	 * takes the mark off those that the program needs anyway.
	 */
	LLVMSetVolatile(value, ir->options->bounds == SV_BOUNDS_GUARD);
	if (how == ZEXT)
		value = LLVMBuildZExt(ir->builder, value, type, "");
	if (how == SEXT)
		value = LLVMBuildSExt(ir->builder, value, type, "");
	push(l, value);
}

void lower_store(struct lowering *l, LLVMTypeRef type, LLVMTypeRef in_memory)
{
	LLVMValueRef value = pop(l);
	if (type != in_memory && LLVMGetTypeKind(type) == LLVMIntegerTypeKind)
		value = LLVMBuildTrunc(l->ir->builder, value, in_memory, "");
	LLVMValueRef address = memory_address(l, pop(l), memory_width(in_memory));
	LLVMValueRef store = LLVMBuildStore(l->ir->builder, value, address);
	LLVMSetMetadata(store, l->ir->tbaa_kind, l->ir->alias_tags[ALIAS_MEMORY]);
	LLVMSetAlignment(store, 1);
}

static LLVMValueRef memory_number(struct lowering *l, uint32_t number)
{
	return LLVMConstInt(l->ir->i32, number, 0);
}

static LLVMValueRef memory_wide(struct lowering *l, LLVMValueRef value)
{
	return LLVMBuildZExt(l->ir->builder, value, l->ir->i64, "");
}

static LLVMValueRef memory_narrow(struct lowering *l, LLVMValueRef value)
{
	return LLVMBuildTrunc(l->ir->builder, value, l->ir->i32, "");
}

void lower_memory_size(struct lowering *l)
{
	LLVMValueRef bytes = memory_size_bytes(l, l->at->index);
	LLVMValueRef shift = LLVMConstInt(l->ir->i64, 16, 0);
	push(l, memory_narrow(l, LLVMBuildLShr(l->ir->builder, bytes, shift, "")));
}

void lower_memory_grow(struct lowering *l)
{
	LLVMValueRef arguments[] = {memory_number(l, l->at->index), memory_wide(l, pop(l))};
	push(l, memory_narrow(l, access_helper(l, SV_HELPER_memory_grow, arguments)));
}

void lower_memory_fill(struct lowering *l)
{
	LLVMValueRef length = memory_wide(l, pop(l));
	LLVMValueRef byte = pop(l);
	LLVMValueRef arguments[] = {
			memory_number(l, l->at->index), memory_wide(l, pop(l)), byte, length};
	access_helper(l, SV_HELPER_memory_fill, arguments);
}

void lower_memory_copy(struct lowering *l)
{
	LLVMValueRef length = memory_wide(l, pop(l));
	LLVMValueRef from = memory_wide(l, pop(l));
	LLVMValueRef to = memory_wide(l, pop(l));
	LLVMValueRef arguments[] = {memory_number(l, l->at->index), memory_number(l, l->at->index2),
			to, from, length};
	access_helper(l, SV_HELPER_memory_copy, arguments);
}

void lower_memory_init(struct lowering *l)
{
	LLVMValueRef length = pop(l);
	LLVMValueRef from = pop(l);
	LLVMValueRef to = memory_wide(l, pop(l));
	LLVMValueRef arguments[] = {memory_number(l, l->at->index), memory_number(l, l->at->index2),
			to, from, length};
	access_helper(l, SV_HELPER_memory_init, arguments);
}

void lower_data_drop(struct lowering *l)
{
	LLVMValueRef segment = memory_number(l, l->at->index);
	access_helper(l, SV_HELPER_data_drop, &segment);
}
