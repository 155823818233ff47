/*
 * disassemble.c: machine code as text, by LLVM's disassembler.
 */
#include <llvm-c/Disassembler.h>
#include <llvm-c/Target.h>

#include "compiler/compiler.h"
#include "compiler/target.h"

/* Who is asked for names. */
struct disassembly {
	sv_address_name name;
	void *data;
};

static const char *disassembly_name(void *data, uint64_t value, uint64_t *reference, uint64_t pc,
		const char **reference_name)
{
	const struct disassembly *disassembly = data;
	bool is_branch = *reference == LLVMDisassembler_ReferenceType_In_Branch;
	(void)pc;
	*reference = LLVMDisassembler_ReferenceType_InOut_None;
	*reference_name = NULL;
	return is_branch && disassembly->name ? disassembly->name(disassembly->data, value) : NULL;
}

bool sv_disassemble(struct sv_bytes code, uint64_t address, sv_instruction each,
		sv_address_name name, void *data, struct sv_error *error)
{
	struct disassembly disassembly = {name, data};
	struct target target;
	TRY(target_find(&target, NULL, error));
	LLVMInitializeX86Disassembler();
	LLVMDisasmContextRef context = LLVMCreateDisasmCPU(target.triple, target.cpu, &disassembly,
			0, NULL, disassembly_name);
	if (!context)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the disassembler");
	LLVMSetDisasmOptions(context,
			LLVMDisassembler_Option_PrintImmHex |
					LLVMDisassembler_Option_AsmPrinterVariant);
	for (size_t at = 0; at < code.length;) {
		char text[200];
		/* LLVM takes bytes that it may write, and does not. */
		size_t length = LLVMDisasmInstruction(context, (uint8_t *)code.data + at,
				code.length - at, address + at, text, sizeof text);
		if (!length)
			text[0] = '\0';
		each(data, at, length ? length : 1, text);
		at += length ? length : 1;
	}
	LLVMDisasmDispose(context);
	return true;
}
