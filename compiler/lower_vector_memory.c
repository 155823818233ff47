/*
 * lower_vector_memory.c: loads and stores of parts of vectors, each by way of the scalar
 * families, so that lower_memory.c remains the only file that forms a guest address.
 */
#include "compiler/lower_vector.h"

void lower_load_extend(struct lowering *l, LLVMTypeRef type, LLVMTypeRef wide, enum widening how)
{
	(void)type;
	lower_load(l, wide, vector_narrowed(l->ir, wide), how);
}

/* The lane of a shape from the address on the stack. */
static LLVMValueRef load_lane(struct lowering *l, LLVMTypeRef shape)
{
	LLVMTypeRef lane = LLVMGetElementType(shape);
	lower_load(l, lane, lane, NONE);
	return pop(l);
}

void lower_load_splat(struct lowering *l, LLVMTypeRef type, LLVMTypeRef shape)
{
	(void)type;
	push(l, vector_splat(l, load_lane(l, shape), shape));
}

void lower_load_zero(struct lowering *l, LLVMTypeRef type, LLVMTypeRef shape)
{
	(void)type;
	LLVMValueRef index = LLVMConstNull(l->ir->i32);
	LLVMValueRef lane = load_lane(l, shape);
	push(l, LLVMBuildInsertElement(l->ir->builder, LLVMConstNull(shape), lane, index, ""));
}

void lower_load_lane(struct lowering *l, LLVMTypeRef type, LLVMTypeRef shape)
{
	(void)type;
	LLVMValueRef index = LLVMConstInt(l->ir->i32, l->at->lane, 0);
	LLVMValueRef vector = pop_as(l, shape);
	LLVMValueRef lane = load_lane(l, shape);
	push(l, LLVMBuildInsertElement(l->ir->builder, vector, lane, index, ""));
}

void lower_store_lane(struct lowering *l, LLVMTypeRef type, LLVMTypeRef shape)
{
	(void)type;
	LLVMTypeRef lane = LLVMGetElementType(shape);
	LLVMValueRef index = LLVMConstInt(l->ir->i32, l->at->lane, 0);
	push(l, LLVMBuildExtractElement(l->ir->builder, pop_as(l, shape), index, ""));
	lower_store(l, lane, lane);
}
