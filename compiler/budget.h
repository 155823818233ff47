/*
 * budget.h: what compiling a module may cost. A few bytes of wasm can name thousands of
 * locals or values; LLVM's time and memory follow those, not the bytes.
 */
#ifndef SELVAGE_COMPILER_BUDGET_H
#define SELVAGE_COMPILER_BUDGET_H

#include "compiler/compiler.h"
#include "compiler/module.h"

/* What is to be known of a body before it is lowered; bits. */
enum body_shape {
	BODY_PLAIN = 1,      /* optimising it would be slower than linear */
	BODY_TAIL_CALLS = 2, /* has tail calls */
};

/* The level 0..3 that `module` is compiled at if `level` is asked for. */
unsigned budget_level(const struct module *module, unsigned level);

/*
 * Count the locals of all functions and the values on all branches and calls. False with LIMIT
 * if either exceeds what a module of this size may have. `shapes` (one per function) become bits of
 * enum body_shape.
 */
SV_MUST_USE bool budget_check(const struct module *module, uint8_t *shapes,
		struct sv_error *error);

#endif
