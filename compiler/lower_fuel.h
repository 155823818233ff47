/*
 * lower_fuel.h: operators are counted. Nothing happens unless the options say so.
 */
#ifndef SELVAGE_COMPILER_LOWER_FUEL_H
#define SELVAGE_COMPILER_LOWER_FUEL_H

#include <stdbool.h>
#include <stdint.h>

#include <llvm-c/Core.h>

struct lowering;

/* Operators that are all run if the first is, unless one traps or throws. */
struct fuel_line {
	LLVMValueRef charge, store; /* the counter without them; NULL: no line has begun */
	uint32_t units;             /* so far */
	bool is_looked_at;
};

/* The operator at hand is on the straight line at hand. */
void fuel_count(struct lowering *l);
/* A straight line begins here; if `looks`, with a trap when all fuel is used up. */
void fuel_begin(struct lowering *l, bool looks);
/* The last one has ended. */
void fuel_end(struct lowering *l);

#endif
