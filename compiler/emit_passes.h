/*
 * emit_passes.h: LLVM's passes of code generation, less those that have nothing to do here.
 */
#ifndef SELVAGE_COMPILER_EMIT_PASSES_H
#define SELVAGE_COMPILER_EMIT_PASSES_H

#include <llvm-c/TargetMachine.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The module as object code or assembly, which the caller disposes of. NULL if the machine cannot
 * emit `kind`. The module is not to be used for anything else afterwards.
 */
LLVMMemoryBufferRef emit_passes_run(LLVMTargetMachineRef machine, LLVMModuleRef module,
		LLVMCodeGenFileType kind);

#ifdef __cplusplus
}
#endif

#endif
