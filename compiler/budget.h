/*
 * budget.h: what compiling a module may cost. A few bytes of wasm can name thousands of
 * locals or values; LLVM's time and memory follow those, not the bytes.
 */
#ifndef SELVAGE_COMPILER_BUDGET_H
#define SELVAGE_COMPILER_BUDGET_H

#include "compiler/compiler.h"
#include "compiler/module.h"

/* The level 0..3 that `module` is compiled at if `level` is asked for. */
unsigned budget_level(const struct module *module, unsigned level);

/*
 * Count the locals of all functions and the values on all branches and calls. False with LIMIT
 * if either exceeds what a module of this size may have. `plain` (one per function) is set for
 * bodies of a shape that makes optimisation slower than linear: they are compiled without.
 */
SV_MUST_USE bool budget_check(const struct module *module, bool *plain, struct sv_error *error);

#endif
