/*
 * disassemble.h: the machine code of a function beside the operators of the module.
 */
#ifndef SELVAGE_CLI_DISASSEMBLE_H
#define SELVAGE_CLI_DISASSEMBLE_H

#include <jansson.h>

#include "base/error.h"
#include "cli/compile_flags.h"

/*
 * Describe the code of a function, given by name or index, of the artifact or module at `path`. A
 * module is compiled with `flags` first. `module` is the path of the module that an artifact
 * was compiled from, for its operators, or NULL. NULL with `error`; else an object:
 *
 *   file, function (index), name, module_offset, bytes (of code)
 *   instructions  [{offset (in the function), bytes (hexadecimal), text, wasm_offset, operator,
 *                   inlined (name of the function it is from), source, line, column}]
 *
 * where what is not known is not there.
 */
json_t *disassemble(const char *path, const struct compile_flags *flags, const char *module,
		const char *function, struct sv_error *error);

/* The same as lines for people, on standard output. */
void disassembly_print(const json_t *object);

#endif
