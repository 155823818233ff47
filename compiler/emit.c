/*
 * emit.c: code generation by LLVM, into memory.
 */
#include "compiler/emit.h"

#include <string.h>

#include "compiler/emit_passes.h"

bool emit_code(struct ir *ir, LLVMTargetMachineRef machine, LLVMCodeGenFileType kind,
		struct buffer *output, struct sv_error *error)
{
	LLVMMemoryBufferRef memory = emit_passes_run(machine, ir->module, kind);
	if (!memory)
		return sv_fail(error, SV_ERROR_INTERNAL, "LLVM cannot emit the code");
	bool done = buffer_append(output, LLVMGetBufferStart(memory), LLVMGetBufferSize(memory),
			error);
	LLVMDisposeMemoryBuffer(memory);
	return done;
}

bool emit_text(struct ir *ir, struct buffer *output, struct sv_error *error)
{
	char *text = LLVMPrintModuleToString(ir->module);
	bool done = buffer_append(output, text, strlen(text), error);
	LLVMDisposeMessage(text);
	return done;
}
