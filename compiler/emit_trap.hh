/*
 * emit_trap.hh: traps that are selected fast.
 */
#ifndef SELVAGE_COMPILER_EMIT_TRAP_HH
#define SELVAGE_COMPILER_EMIT_TRAP_HH

#include <llvm/IR/Module.h>
#include <llvm/Pass.h>

/*
 * Before the selection of instructions: prepare the traps of functions that are not optimised, and
 * return a pass, the caller's, that finishes them. It must run next behind the selection.
 */
llvm::Pass *emit_traps(llvm::Module &module);

#endif
