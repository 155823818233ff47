/*
 * emit.h: from LLVM IR to bytes.
 */
#ifndef SELVAGE_COMPILER_EMIT_H
#define SELVAGE_COMPILER_EMIT_H

#include <llvm-c/TargetMachine.h>

#include "base/bytes.h"
#include "compiler/lower.h"

/*
 * emit_stack.c: let code that runs without a guard below its stack compare the stack pointer
 * with its limit, in all functions of the module. After the passes, which would put the
 * comparisons of inlined functions in the way.
 */
void emit_stack_checks(struct ir *ir);
/*
 * emit_stack_x86.c: the assembly of a function `name` that traps unless `rax` bytes more of the
 * stack may be used. It is called with a context, changes no register but flags, and returns.
 */
void emit_stack_probe(struct ir *ir, const char *name);

/* Append the module as object code or assembly to `output`. */
SV_MUST_USE bool emit_code(struct ir *ir, LLVMTargetMachineRef machine,
		LLVMCodeGenFileType kind, struct buffer *output, struct sv_error *error);

/* Append the module as IR text. */
SV_MUST_USE bool emit_text(struct ir *ir, struct buffer *output, struct sv_error *error);

#endif
