/*
 * lower_memory.c: linear memory. memory_address emits every guest address there is but those of
 * short copies and fills (lower_bulk.c), so the sandbox rests on that one function and their check.
 */
#include "compiler/lower_memory.h"

#include <stddef.h>

#include "abi/limits.h"

/* True if each access is compared with the size; else unreachable space stops it. */
static bool memory_is_checked(struct lowering *l, uint32_t memory)
{
	const struct limits *limits = &l->ir->wasm->memories[memory].limits;
	return l->ir->options->bounds == SV_BOUNDS_CHECK ||
			sv_memory_needs_check(limits->is_64, limits->page_log2);
}

static uint64_t memory_row(struct lowering *l, uint32_t memory)
{
	return l->ir->layout.memories + (uint64_t)memory * sizeof(struct sv_memory_row);
}

/* The base never changes while the instance lives: one value for the whole function. */
LLVMValueRef memory_base(struct lowering *l, uint32_t memory)
{
	if (l->bases[memory])
		return l->bases[memory];
	LLVMBasicBlockRef saved = lower_enter_entry(l);
	uint64_t offset = memory_row(l, memory) + offsetof(struct sv_memory_row, base);
	l->bases[memory] = access_load_constant(l, l->ir->ptr, access_at(l, l->context, offset));
	lower_leave_entry(l, saved);
	return l->bases[memory];
}

static bool memory_is_shared(struct lowering *l, uint32_t memory)
{
	return l->ir->wasm->memories[memory].limits.is_shared;
}

/* What the memory's type says of its size, for LLVM to leave comparisons out. */
static void memory_size_limit(struct lowering *l, LLVMValueRef size, const struct limits *limits)
{
	struct ir *ir = l->ir;
	uint64_t least, end;
	if (!ir_memory_size_range(limits, &least, &end))
		return;
	LLVMMetadataRef range[] = {LLVMValueAsMetadata(LLVMConstInt(ir->i64, least, 0)),
			LLVMValueAsMetadata(LLVMConstInt(ir->i64, end, 0))};
	access_note(l, size, ir->range_kind,
			LLVMMetadataAsValue(ir->context,
					LLVMMDNodeInContext2(ir->context, range, 2)));
}

LLVMValueRef memory_size_bytes(struct lowering *l, uint32_t memory,
		LLVMAtomicOrdering ordering)
{
	struct ir *ir = l->ir;
	uint64_t row = memory_row(l, memory) + offsetof(struct sv_memory_row, memory);
	LLVMValueRef view = access_load_constant(l, ir->ptr, access_at(l, l->context, row));
	LLVMValueRef size = access_load(l, ir->i64,
			access_at(l, view, offsetof(struct sv_memory_view, size)), ALIAS_SIZE);
	memory_size_limit(l, size, &ir->wasm->memories[memory].limits);
	/* Other threads may let a shared memory grow. */
	if (memory_is_shared(l, memory))
		LLVMSetOrdering(size, ordering);
	return size;
}

/* The first index that is out of bounds when `last` is the distance to the last byte. */
static LLVMValueRef memory_limit(struct lowering *l, uint32_t memory, uint64_t last)
{
	struct ir *ir = l->ir;
	LLVMValueRef subtract = ir_intrinsic(ir, "llvm.usub.sat", &ir->i64, 1);
	LLVMValueRef arguments[] = {
			memory_size_bytes(l, memory, LLVMAtomicOrderingUnordered),
			LLVMConstInt(ir->i64, last, 0),
	};
	return LLVMBuildCall2(ir->builder, LLVMGlobalGetValueType(subtract), subtract, arguments, 2,
			"");
}

/*
 * Trap unless index + displacement + width <= size. Written as index < size - (displacement +
 * width - 1) with a saturating subtraction: exact also for a memory smaller than that, and of a
 * form whose limit is invariant in loops, so that LLVM can count the iterations and vectorise.
 * A displacement so large that the sum has more than 64 bits is out of bounds at every index.
 */
static void memory_check(struct lowering *l, LLVMValueRef index, uint64_t width)
{
	uint64_t last = l->at->memarg.displacement + width - 1;
	if (last < width - 1) {
		trap_unless(l, LLVMConstNull(l->ir->i1), SV_TRAP_MEMORY_BOUNDS);
		return;
	}
	LLVMValueRef limit = memory_limit(l, l->at->memarg.memory, last);
	trap_unless(l, LLVMBuildICmp(l->ir->builder, LLVMIntULT, index, limit, ""),
			SV_TRAP_MEMORY_BOUNDS);
}

static bool memory_is_64(struct lowering *l, uint32_t memory)
{
	return l->ir->wasm->memories[memory].limits.is_64;
}

/* An address, length or number of pages of a memory, without sign. */
LLVMValueRef memory_wide(struct lowering *l, uint32_t memory, LLVMValueRef value)
{
	return memory_is_64(l, memory) ? value : lower_wide(l, value);
}

/*
 * Without optimisation each value that is used behind a check has a place of its own in the frame,
 * which makes frames of 400 KB. So what is used there is put aside before the check, in a place for
 * all values of its type, and one for all indices.
 */
static LLVMValueRef memory_put_aside(struct lowering *l, struct aside *aside, LLVMValueRef value)
{
	if (!l->is_plain || !memory_is_checked(l, l->at->memarg.memory))
		return NULL;
	if (!aside->type) {
		LLVMBasicBlockRef saved = lower_enter_entry(l);
		aside->type = LLVMTypeOf(value);
		aside->place = LLVMBuildAlloca(l->ir->builder, aside->type, "");
		lower_leave_entry(l, saved);
	}
	LLVMBuildStore(l->ir->builder, value, aside->place);
	return aside->place;
}

/* The one of the type, or a new one. */
static struct aside *memory_aside(struct lowering *l, LLVMTypeRef type)
{
	struct aside *aside = l->asides;
	while (aside->type && aside->type != type)
		aside++;
	debug_check(aside < l->asides + ARRAY_LENGTH(l->asides));
	return aside;
}

static LLVMValueRef memory_take_back(struct lowering *l, LLVMValueRef place, LLVMValueRef value)
{
	return place ? LLVMBuildLoad2(l->ir->builder, LLVMTypeOf(value), place, "") : value;
}

/*
 * The host address of a guest access of `width` bytes. A 32-bit index is zero-extended (an
 * i32 in a GEP would be sign-extended: an escape), and no arithmetic carries a no-wrap flag.
 */
LLVMValueRef memory_address(struct lowering *l, LLVMValueRef guest_address, uint64_t width)
{
	struct ir *ir = l->ir;
	uint32_t memory = l->at->memarg.memory;
	uint64_t displacement = l->at->memarg.displacement;
	LLVMValueRef index = memory_wide(l, memory, guest_address);
	if (memory_is_checked(l, memory)) {
		LLVMValueRef place = memory_put_aside(l, &l->index_aside, index);
		memory_check(l, index, width);
		index = memory_take_back(l, place, index);
	}
	LLVMValueRef base = memory_base(l, memory);
	LLVMValueRef address = LLVMBuildGEP2(ir->builder, ir->i8, base, &index, 1, "");
	trap_mark_position(l);
	return displacement ? access_at(l, address, displacement) : address;
}

static enum alias_class memory_alias(struct lowering *l)
{
	return memory_is_shared(l, l->at->memarg.memory) ? ALIAS_SHARED : ALIAS_MEMORY;
}

static uint64_t memory_width(LLVMTypeRef type)
{
	switch (LLVMGetTypeKind(type)) {
	case LLVMFloatTypeKind:
		return 4;
	case LLVMDoubleTypeKind:
		return 8;
	case LLVMVectorTypeKind:
		return LLVMGetVectorSize(type) * memory_width(LLVMGetElementType(type));
	default:
		return LLVMGetIntTypeWidth(type) / 8;
	}
}

/*
 * Without optimisation only vectors are selected by more than one instruction at a time, which is
 * what freezing keeps apart.
 */
static LLVMValueRef memory_guard_load(struct lowering *l, LLVMValueRef load)
{
	if (!l->is_plain || LLVMGetTypeKind(LLVMTypeOf(load)) == LLVMVectorTypeKind)
		return exact_guard_load(l->ir, load);
	LLVMSetVolatile(load, 1);
	return load;
}

void lower_load(struct lowering *l, LLVMTypeRef type, LLVMTypeRef in_memory, enum widening how)
{
	struct ir *ir = l->ir;
	LLVMValueRef address = memory_address(l, pop(l), memory_width(in_memory));
	LLVMValueRef value = access_load(l, in_memory, address, memory_alias(l));
	LLVMSetAlignment(value, 1);
	/* In shared memory in any case: one load must not become two, which might differ. */
	uint32_t memory = l->at->memarg.memory;
	if (!memory_is_checked(l, memory) || memory_is_shared(l, memory))
		value = memory_guard_load(l, value);
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
	LLVMValueRef index = pop(l);
	LLVMValueRef place = memory_put_aside(l, memory_aside(l, in_memory), value);
	LLVMValueRef address = memory_address(l, index, memory_width(in_memory));
	value = memory_take_back(l, place, value);
	LLVMValueRef store = LLVMBuildStore(l->ir->builder, value, address);
	access_note(l, store, l->ir->tbaa_kind, l->ir->alias_tags[memory_alias(l)]);
	LLVMSetAlignment(store, 1);
}

LLVMValueRef memory_number(struct lowering *l, uint32_t number)
{
	return LLVMConstInt(l->ir->i32, number, 0);
}

/* Back from 64 bits to the address type of the memory. */
static void memory_push(struct lowering *l, uint32_t memory, LLVMValueRef value)
{
	push(l, memory_is_64(l, memory) ? value : lower_narrow(l, value));
}

void lower_memory_size(struct lowering *l)
{
	uint32_t memory = l->at->index;
	LLVMValueRef bytes = memory_size_bytes(l, memory, LLVMAtomicOrderingSequentiallyConsistent);
	LLVMValueRef shift =
			LLVMConstInt(l->ir->i64, l->ir->wasm->memories[memory].limits.page_log2, 0);
	memory_push(l, memory, LLVMBuildLShr(l->ir->builder, bytes, shift, ""));
}

void lower_memory_grow(struct lowering *l)
{
	uint32_t memory = l->at->index;
	LLVMValueRef arguments[] = {memory_number(l, memory), memory_wide(l, memory, pop(l))};
	memory_push(l, memory, access_helper(l, SV_HELPER_memory_grow, arguments));
}
