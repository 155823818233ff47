/*
 * debug.c: debug information. The line of an instruction is its operator's byte offset in
 * the module, so that any tool that reads DWARF can lead a machine address back to the
 * wasm; functions are named "f" and their index (names of people's own are in the symbols).
 */
#include "compiler/lower.h"

#include <stdio.h>
#include <string.h>

void debug_init(struct ir *ir)
{
	const char *name = ir->options->name ? ir->options->name : "module.wasm";
	LLVMMetadataRef no_flag = LLVMValueAsMetadata(LLVMConstInt(ir->i32, 3, 0));
	LLVMAddModuleFlag(ir->module, LLVMModuleFlagBehaviorWarning, "Debug Info Version", 18,
			no_flag);
	ir->debug = LLVMCreateDIBuilder(ir->module);
	ir->debug_file = LLVMDIBuilderCreateFile(ir->debug, name, strlen(name), "", 0);
	ir->debug_unit = LLVMDIBuilderCreateCompileUnit(ir->debug, LLVMDWARFSourceLanguageC,
			ir->debug_file, "selvage", 7, 1, "", 0, 0, "", 0,
			LLVMDWARFEmissionLineTablesOnly, 0, 0, 0, "", 0, "", 0);
	ir->debug_type = LLVMDIBuilderCreateSubroutineType(ir->debug, ir->debug_file, NULL, 0,
			LLVMDIFlagZero);
}

LLVMMetadataRef debug_function(struct ir *ir, LLVMValueRef function, uint32_t index)
{
	char name[16];
	int length = snprintf(name, sizeof name, "f%u", index);
	unsigned line = (unsigned)ir->wasm->functions[index].offset;
	LLVMMetadataRef scope = LLVMDIBuilderCreateFunction(ir->debug, ir->debug_file, name,
			(size_t)length, "", 0, ir->debug_file, line, ir->debug_type, 0, 1, line,
			LLVMDIFlagZero, 1);
	LLVMSetSubprogram(function, scope);
	return scope;
}

void debug_finish(struct ir *ir)
{
	LLVMDIBuilderFinalize(ir->debug);
}
