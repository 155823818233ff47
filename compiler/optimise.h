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

/* ---- exact.c, exact_float.c: what LLVM must not be told and what it must ---- */

/*
 * Protect float operations that LLVM would fold into their operand (x * 1, x - 0): they must
 * quiet a signalling NaN. Run on SSA form if there will be any folding pass, and before it.
 */
void exact_floats(struct ir *ir, LLVMValueRef function);

/*
 * Vectorising makes llvm.canonicalize of two floats, for which LLVM 22 can select no instruction
 * and ends the process: do it in four lanes. Run after all passes.
 */
void exact_widen(struct ir *ir, LLVMValueRef function);

/*
 * Mark those stores volatile that LLVM could make narrower or leave out, with their traps,
 * since they store back what was loaded from there.
 */
void exact_stores(LLVMValueRef function);

/*
 * Take the volatile mark off every load whose last byte the program needs: such a load can be
 * neither removed nor made narrower, so it traps without it, and may be vectorised. The others
 * keep it, and all of shared memory do. To be run after exact_stores.
 */
void exact_loads(struct ir *ir, LLVMValueRef function);

/*
 * Marked loads are frozen, which selection of instructions does not look behind. Take that away
 * where it would find nothing but the load's whole integer. Run after all passes.
 */
void exact_thaw(LLVMValueRef function);

#endif
