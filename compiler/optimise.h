/*
 * optimise.h: from IR as lowered to IR worth emitting, without losing a trap or a NaN.
 */
#ifndef SELVAGE_COMPILER_OPTIMISE_H
#define SELVAGE_COMPILER_OPTIMISE_H

#include <llvm-c/TargetMachine.h>

#include "compiler/lower.h"

/*
 * Verify the module, run the passes of options->level, verify what comes out. Fails only by a
 * fault of our own (code INTERNAL).
 */
SV_MUST_USE bool optimise_run(struct ir *ir, LLVMTargetMachineRef machine,
		struct sv_error *error);

/* ---- exact.c: what LLVM must not be told and what it must ---- */

/*
 * Protect float operations that LLVM would fold into their operand (x * 1, x - 0): they must
 * quiet a signalling NaN. Run on SSA form, before any folding pass.
 */
void exact_floats(struct ir *ir, LLVMValueRef function);

/*
 * Take the volatile mark off every load whose value the program needs: such a load cannot be
 * removed, so it traps without it, and may be vectorised. The others keep it, and all of shared
 * memory do.
 */
void exact_loads(struct ir *ir, LLVMValueRef function);

#endif
