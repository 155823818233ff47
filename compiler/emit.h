/*
 * emit.h: from LLVM IR to bytes.
 */
#ifndef SELVAGE_COMPILER_EMIT_H
#define SELVAGE_COMPILER_EMIT_H

#include <llvm-c/TargetMachine.h>

#include "base/bytes.h"
#include "compiler/lower.h"

/* Append the module as object code or assembly to `output`. */
SV_MUST_USE bool emit_code(struct ir *ir, LLVMTargetMachineRef machine,
		LLVMCodeGenFileType kind, struct buffer *output, struct sv_error *error);

/* Append the module as IR text. */
SV_MUST_USE bool emit_text(struct ir *ir, struct buffer *output, struct sv_error *error);

#endif
