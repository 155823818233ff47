/*
 * lower_bulk.c: memory.copy, fill and init. What is short and in bounds is copied or filled by code
 * of the artifact; all else is the runtime's, which also finds out that it traps.
 */
#include "compiler/lower_memory.h"

#include "compiler/convention.h"

enum {
	BULK_CLASSES = 8,    /* lengths below 2^8 are done here */
	BULK_INLINE = 128,   /* of a constant length: without a call */
	BULK_CHUNK = 32,     /* greatest number of bytes of one load or store */
	BULK_MAX_CHUNKS = 8, /* for the greatest class, from both ends */
};

/* A copy, or a fill: then `from` is NULL. Addresses of the host's; length as i64. */
struct bulk {
	struct ir *ir;
	LLVMValueRef to, from, byte, length;
	LLVMValueRef tag; /* of what is accessed, or NULL */
};

/* ---- short ones ---- */

static LLVMTypeRef bulk_type(struct ir *ir, unsigned width)
{
	return width <= 8 ? LLVMIntTypeInContext(ir->context, width * 8)
			  : LLVMVectorType(ir->i8, width);
}

/* The byte in all places of a chunk. */
static LLVMValueRef bulk_repeat(const struct bulk *bulk, unsigned width)
{
	struct ir *ir = bulk->ir;
	LLVMTypeRef type = bulk_type(ir, width);
	if (width <= 8) {
		LLVMValueRef wide = LLVMBuildZExt(ir->builder, bulk->byte, ir->i64, "");
		LLVMValueRef ones = LLVMConstInt(ir->i64, UINT64_MAX / 0xff, 0);
		wide = LLVMBuildMul(ir->builder, wide, ones, "");
		return width == 8 ? wide : LLVMBuildTrunc(ir->builder, wide, type, "");
	}
	LLVMValueRef first = LLVMBuildInsertElement(ir->builder, LLVMGetPoison(type), bulk->byte,
			LLVMConstNull(ir->i32), "");
	return LLVMBuildShuffleVector(ir->builder, first, LLVMGetPoison(type),
			LLVMConstNull(LLVMVectorType(ir->i32, width)), "");
}

static LLVMValueRef bulk_place(struct ir *ir, LLVMValueRef start, LLVMValueRef offset)
{
	return LLVMBuildGEP2(ir->builder, ir->i8, start, &offset, 1, "");
}

static void bulk_mark(const struct bulk *bulk, LLVMValueRef access)
{
	LLVMSetAlignment(access, 1);
	if (bulk->tag)
		LLVMSetMetadata(access, bulk->ir->tbaa_kind, bulk->tag);
}

/*
 * Where chunk `number` of `count` of each end is: those of both ends overlap where the length
 * is no multiple of them.
 */
static LLVMValueRef bulk_offset(const struct bulk *bulk, unsigned width, unsigned count,
		unsigned number)
{
	struct ir *ir = bulk->ir;
	if (number < count)
		return LLVMConstInt(ir->i64, (uint64_t)number * width, 0);
	LLVMValueRef back = LLVMConstInt(ir->i64, (uint64_t)(number - count + 1) * width, 0);
	return LLVMBuildSub(ir->builder, bulk->length, back, "");
}

/*
 * All bytes of a length from 2^class to 2^(class + 1) - 1. All are loaded before the first is
 * stored, so source and target may overlap.
 */
static void bulk_short(const struct bulk *bulk, unsigned class)
{
	struct ir *ir = bulk->ir;
	unsigned width = 1u << class < BULK_CHUNK ? 1u << class : BULK_CHUNK;
	unsigned count = (1u << class) / width;
	LLVMValueRef offsets[BULK_MAX_CHUNKS], values[BULK_MAX_CHUNKS];
	LLVMValueRef repeated = bulk->from ? NULL : bulk_repeat(bulk, width);
	for (unsigned i = 0; i < 2 * count; i++) {
		offsets[i] = bulk_offset(bulk, width, count, i);
		values[i] = repeated;
		if (repeated)
			continue;
		values[i] = LLVMBuildLoad2(ir->builder, bulk_type(ir, width),
				bulk_place(ir, bulk->from, offsets[i]), "");
		bulk_mark(bulk, values[i]);
	}
	for (unsigned i = 0; i < 2 * count; i++)
		bulk_mark(bulk,
				LLVMBuildStore(ir->builder, values[i],
						bulk_place(ir, bulk->to, offsets[i])));
}

static unsigned bulk_class(uint64_t length)
{
	unsigned class = 0;
	while (length >> (class + 1))
		class++;
	return class;
}

/* ---- as a function: of any length that is short ---- */

static void bulk_build_classes(const struct bulk *bulk, LLVMValueRef function)
{
	struct ir *ir = bulk->ir;
	LLVMValueRef count_zeros = ir_intrinsic(ir, "llvm.ctlz", &ir->i64, 1);
	LLVMValueRef arguments[] = {bulk->length, LLVMConstNull(ir->i1)};
	LLVMValueRef zeros = LLVMBuildCall2(ir->builder, LLVMGlobalGetValueType(count_zeros),
			count_zeros, arguments, 2, "");
	LLVMBasicBlockRef none = LLVMAppendBasicBlockInContext(ir->context, function, "");
	LLVMValueRef choice = LLVMBuildSwitch(ir->builder, zeros, none, BULK_CLASSES);
	for (unsigned class = 0; class < BULK_CLASSES; class++) {
		LLVMBasicBlockRef block = LLVMAppendBasicBlockInContext(ir->context, function, "");
		LLVMAddCase(choice, LLVMConstInt(ir->i64, 63 - class, 0), block);
		LLVMPositionBuilderAtEnd(ir->builder, block);
		bulk_short(bulk, class);
		LLVMBuildRetVoid(ir->builder);
	}
	LLVMPositionBuilderAtEnd(ir->builder, none);
	LLVMBuildRetVoid(ir->builder);
}

/*
 * selvage.copy(context, to, from, length) and selvage.fill(context, to, byte, length): one of each
 * in a piece. All code is given the context, for the check of its stack.
 */
static LLVMValueRef bulk_function(struct ir *ir, bool is_copy)
{
	const char *name = is_copy ? "selvage.copy" : "selvage.fill";
	LLVMValueRef function = LLVMGetNamedFunction(ir->module, name);
	if (function)
		return function;
	LLVMBasicBlockRef saved = LLVMGetInsertBlock(ir->builder);
	LLVMMetadataRef position = LLVMGetCurrentDebugLocation2(ir->builder);
	LLVMSetCurrentDebugLocation2(ir->builder, NULL);
	LLVMTypeRef types[] = {ir->ptr, ir->ptr, is_copy ? ir->ptr : ir->i8, ir->i64};
	function = ir_add_stub(ir, name, LLVMFunctionType(ir->none, types, 4, 0));
	LLVMSetVisibility(function, LLVMDefaultVisibility);
	LLVMSetLinkage(function, LLVMInternalLinkage);
	LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex,
			ir_attribute(ir, "noinline", 0));
	LLVMValueRef what = LLVMGetParam(function, 2);
	const struct bulk bulk = {.ir = ir,
			.to = LLVMGetParam(function, 1),
			.from = is_copy ? what : NULL,
			.byte = what,
			.length = LLVMGetParam(function, 3)};
	bulk_build_classes(&bulk, function);
	LLVMPositionBuilderAtEnd(ir->builder, saved);
	LLVMSetCurrentDebugLocation2(ir->builder, position);
	return function;
}

/* Of a length that is short, in bounds. */
static void bulk_build(struct lowering *l, const struct bulk *bulk)
{
	struct ir *ir = bulk->ir;
	if (LLVMIsAConstantInt(bulk->length)) {
		uint64_t length = LLVMConstIntGetZExtValue(bulk->length);
		if (length <= BULK_INLINE) {
			if (length > 0)
				bulk_short(bulk, bulk_class(length));
			return;
		}
	}
	LLVMValueRef function = bulk_function(ir, bulk->from != NULL);
	LLVMValueRef arguments[] = {
			l->context, bulk->to, bulk->from ? bulk->from : bulk->byte, bulk->length};
	LLVMBuildCall2(ir->builder, LLVMGlobalGetValueType(function), function, arguments, 4, "");
}

/* ---- the operators ---- */

/*
 * Threads may let a shared memory grow, and fuel is paid for bytes: both are the runtime's. Without
 * optimisation, code is to be small.
 */
static bool bulk_is_quick(const struct lowering *l, uint32_t memory)
{
	const struct limits *limits = &l->ir->wasm->memories[memory].limits;
	return !l->is_plain && l->ir->options->level > 0 && !l->ir->options->fuel &&
			!limits->is_shared && !limits->is_64;
}

/* i1: are `length` bytes from `start` on in the memory? Of 32 bits, no sum wraps around. */
static LLVMValueRef bulk_is_inside(struct lowering *l, uint32_t memory, LLVMValueRef start,
		LLVMValueRef length)
{
	LLVMBuilderRef b = l->ir->builder;
	LLVMValueRef size = memory_size_bytes(l, memory, LLVMAtomicOrderingUnordered);
	return LLVMBuildICmp(b, LLVMIntULE, LLVMBuildAdd(b, start, length, ""), size, "");
}

/* Goes on in a block where `holds` is true; the result is the one for all else. */
static LLVMBasicBlockRef bulk_branch(struct lowering *l, LLVMValueRef holds)
{
	LLVMBasicBlockRef quick = lower_new_block(l, ""), slow = lower_new_block(l, "");
	LLVMValueRef branch = LLVMBuildCondBr(l->ir->builder, holds, quick, slow);
	LLVMSetMetadata(branch, l->ir->weights_kind, l->ir->likely);
	lower_into(l, quick);
	return slow;
}

static LLVMValueRef bulk_is_short(struct lowering *l, LLVMValueRef length)
{
	LLVMValueRef end = LLVMConstInt(l->ir->i64, 1u << BULK_CLASSES, 0);
	return LLVMBuildICmp(l->ir->builder, LLVMIntULT, length, end, "");
}

/* The short and the long way meet in a new block. */
static void bulk_meet(struct lowering *l, LLVMBasicBlockRef slow, enum sv_helper helper,
		LLVMValueRef *arguments)
{
	LLVMBasicBlockRef next = lower_new_block(l, "");
	LLVMBuildBr(l->ir->builder, next);
	lower_into(l, slow);
	access_helper(l, helper, arguments);
	LLVMBuildBr(l->ir->builder, next);
	lower_into(l, next);
}

static LLVMValueRef bulk_address(struct lowering *l, uint32_t memory, LLVMValueRef index)
{
	return bulk_place(l->ir, memory_base(l, memory), index);
}

void lower_memory_fill(struct lowering *l)
{
	struct ir *ir = l->ir;
	uint32_t memory = l->at->index;
	LLVMValueRef length = memory_wide(l, memory, pop(l));
	LLVMValueRef byte = pop(l), to = memory_wide(l, memory, pop(l));
	LLVMValueRef arguments[] = {memory_number(l, memory), to, byte, length};
	if (!bulk_is_quick(l, memory)) {
		access_helper(l, SV_HELPER_memory_fill, arguments);
		return;
	}
	LLVMValueRef holds = LLVMBuildAnd(ir->builder, bulk_is_short(l, length),
			bulk_is_inside(l, memory, to, length), "");
	LLVMBasicBlockRef slow = bulk_branch(l, holds);
	const struct bulk bulk = {.ir = ir,
			.to = bulk_address(l, memory, to),
			.length = length,
			.byte = LLVMBuildTrunc(ir->builder, byte, ir->i8, ""),
			.tag = ir->alias_tags[ALIAS_MEMORY]};
	bulk_build(l, &bulk);
	bulk_meet(l, slow, SV_HELPER_memory_fill, arguments);
}

void lower_memory_copy(struct lowering *l)
{
	struct ir *ir = l->ir;
	uint32_t to_memory = l->at->index, from_memory = l->at->index2;
	/* The length is of the smaller address type. */
	bool is_64 = ir->wasm->memories[to_memory].limits.is_64;
	LLVMValueRef length = memory_wide(l, is_64 ? from_memory : to_memory, pop(l));
	LLVMValueRef from = memory_wide(l, from_memory, pop(l));
	LLVMValueRef to = memory_wide(l, to_memory, pop(l));
	LLVMValueRef arguments[] = {memory_number(l, to_memory), memory_number(l, from_memory), to,
			from, length};
	if (!bulk_is_quick(l, to_memory) || !bulk_is_quick(l, from_memory)) {
		access_helper(l, SV_HELPER_memory_copy, arguments);
		return;
	}
	LLVMValueRef holds = LLVMBuildAnd(ir->builder, bulk_is_short(l, length),
			bulk_is_inside(l, to_memory, to, length), "");
	holds = LLVMBuildAnd(ir->builder, holds, bulk_is_inside(l, from_memory, from, length), "");
	LLVMBasicBlockRef slow = bulk_branch(l, holds);
	const struct bulk bulk = {.ir = ir,
			.to = bulk_address(l, to_memory, to),
			.from = bulk_address(l, from_memory, from),
			.length = length,
			.tag = ir->alias_tags[ALIAS_MEMORY]};
	bulk_build(l, &bulk);
	bulk_meet(l, slow, SV_HELPER_memory_copy, arguments);
}

void lower_memory_init(struct lowering *l)
{
	uint32_t memory = l->at->index2;
	LLVMValueRef length = pop(l);
	LLVMValueRef from = pop(l);
	LLVMValueRef to = memory_wide(l, memory, pop(l));
	LLVMValueRef arguments[] = {
			memory_number(l, l->at->index), memory_number(l, memory), to, from, length};
	access_helper(l, SV_HELPER_memory_init, arguments);
}

void lower_data_drop(struct lowering *l)
{
	LLVMValueRef segment = memory_number(l, l->at->index);
	access_helper(l, SV_HELPER_data_drop, &segment);
}
