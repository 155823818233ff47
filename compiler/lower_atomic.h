/*
 * lower_atomic.h: families of ops.def: pairs of integers (lower_pair.c) and atomic accesses
 * (lower_atomic.c).
 */
#ifndef SELVAGE_COMPILER_LOWER_ATOMIC_H
#define SELVAGE_COMPILER_LOWER_ATOMIC_H

#include "compiler/lower.h"

void lower_pair_binary(struct lowering *l, LLVMTypeRef type, LLVMOpcode opcode);
void lower_pair_multiply(struct lowering *l, LLVMTypeRef type, enum sign sign);
void lower_atomic_load(struct lowering *l, LLVMTypeRef type, LLVMTypeRef in_memory);
void lower_atomic_store(struct lowering *l, LLVMTypeRef type, LLVMTypeRef in_memory);
void lower_atomic_update(struct lowering *l, LLVMTypeRef type, LLVMTypeRef in_memory,
		LLVMAtomicRMWBinOp operation);
void lower_atomic_exchange(struct lowering *l, LLVMTypeRef type, LLVMTypeRef in_memory);
void lower_atomic_fence(struct lowering *l, LLVMTypeRef type);
void lower_atomic_notify(struct lowering *l, LLVMTypeRef type);
void lower_atomic_wait(struct lowering *l, LLVMTypeRef type, enum sv_helper helper);

#endif
