/*
 * exact_demand.h: which parts of its operands an instruction needs, so that it is known
 * what LLVM could leave out when it rewrites code. exact.c decides with it about loads.
 */
#ifndef SELVAGE_COMPILER_EXACT_DEMAND_H
#define SELVAGE_COMPILER_EXACT_DEMAND_H

#include <stdbool.h>
#include <stdint.h>

#include <llvm-c/Core.h>

/*
 * Parts of a value, a bit each, lowest first: bits of a scalar, bytes of a vector, lanes of a
 * vector of i1. Types of more than 64 parts have one part, the whole.
 */
typedef uint64_t demand_parts;

/* All parts of a type. */
demand_parts demand_all(LLVMTypeRef type);

/* Is any part of the last byte in memory among these? */
bool demand_has_last_byte(LLVMTypeRef type, demand_parts parts);

/*
 * The parts of operand `index` without which these parts of the result, of which there is at
 * least one, cannot be computed. In doubt a part is not named.
 */
demand_parts demand_of_operand(LLVMValueRef instruction, unsigned index, demand_parts result);

#endif
