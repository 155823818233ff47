/*
 * debug.c: debug information, so that any tool that reads DWARF leads a machine address back to
 * the wasm. Where the module says from which source an operator comes, the instruction has
 * that file and line, and as its discriminator where in its function the operator is. Else the file
 * is the module, and that is the line. Functions are called as their symbols are, which end in
 * the index. Nothing here depends on where in the module a function is: pieces whose functions have
 * only moved are what they were (shard_cache.c).
 */
#include "compiler/lower.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/source_lines.h"

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

static LLVMMetadataRef debug_source(struct ir *ir, uint32_t file)
{
	if (!ir->debug_sources)
		ir->debug_sources = calloc(ir->lines->file_count, sizeof *ir->debug_sources);
	check(ir->debug_sources);
	const char *path = ir->lines->files[file];
	if (!ir->debug_sources[file])
		ir->debug_sources[file] =
				LLVMDIBuilderCreateFile(ir->debug, path, strlen(path), "", 0);
	return ir->debug_sources[file];
}

static const struct source_row *debug_row(const struct ir *ir, uint64_t offset)
{
	return ir->lines ? source_lines_find(ir->lines, offset) : NULL;
}

/* The place of an operator in its function, from 1: 0 is no place. symbols.c adds it up again. */
static unsigned debug_place(const struct ir *ir, uint32_t function, uint64_t offset)
{
	return (unsigned)(offset - ir->wasm->functions[function].offset + 1);
}

LLVMMetadataRef debug_function(struct ir *ir, LLVMValueRef function, uint32_t index)
{
	size_t length;
	const char *name = LLVMGetValueName2(function, &length);
	uint64_t offset = ir->wasm->functions[index].offset;
	const struct source_row *row = debug_row(ir, offset);
	LLVMMetadataRef file = row ? debug_source(ir, row->file) : ir->debug_file;
	unsigned line = row ? row->line : debug_place(ir, index, offset);
	LLVMMetadataRef scope = LLVMDIBuilderCreateFunction(ir->debug, file, name, length, "", 0,
			file, line, ir->debug_type, 0, 1, line, LLVMDIFlagZero, 1);
	LLVMSetSubprogram(function, scope);
	return scope;
}

LLVMMetadataRef debug_location(struct ir *ir, LLVMMetadataRef scope, uint32_t index, uint64_t at)
{
	const struct source_row *row = debug_row(ir, at);
	unsigned place = debug_place(ir, index, at);
	if (!row)
		return LLVMDIBuilderCreateDebugLocation(ir->context, place, 0, scope, NULL);
	LLVMMetadataRef block = LLVMDIBuilderCreateLexicalBlockFile(ir->debug, scope,
			debug_source(ir, row->file), place);
	return LLVMDIBuilderCreateDebugLocation(ir->context, row->line, row->column, block, NULL);
}

void debug_finish(struct ir *ir)
{
	LLVMDIBuilderFinalize(ir->debug);
}
