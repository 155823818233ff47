/*
 * lower_memory.h: memories as those see them who lower operators on whole ranges of bytes.
 */
#ifndef SELVAGE_COMPILER_LOWER_MEMORY_H
#define SELVAGE_COMPILER_LOWER_MEMORY_H

#include "compiler/lower.h"

/* The host address of byte 0, as it is now. */
LLVMValueRef memory_base(struct lowering *l, uint32_t memory);

/* Bytes there are now, as i64. */
LLVMValueRef memory_size_bytes(struct lowering *l, uint32_t memory, LLVMAtomicOrdering ordering);

/* i32: the number of a memory or segment, for a call of the runtime. */
LLVMValueRef memory_number(struct lowering *l, uint32_t number);

#endif
