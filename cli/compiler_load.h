/*
 * compiler_load.h: the compiler, loaded when a command needs it. LLVM comes with it; a process
 * that runs or serves artifacts never calls this and stays small.
 */
#ifndef SELVAGE_CLI_COMPILER_LOAD_H
#define SELVAGE_CLI_COMPILER_LOAD_H

#include <stdbool.h>

#include "base/check.h"
#include "compiler/compiler.h"

/* The public functions of libselvage-compiler.so. */
struct compiler {
	void (*options_init)(struct sv_compile_options *options);
	bool (*compile)(struct sv_bytes module, const struct sv_compile_options *options,
			struct buffer *output, struct sv_error *error);
	bool (*disassemble)(struct sv_bytes code, uint64_t address, sv_instruction each,
			sv_address_name name, void *data, struct sv_error *error);
};

/*
 * Load libselvage-compiler.so: from beside the executable, from ../lib, or as the dynamic
 * linker finds it. Stays loaded until the process ends.
 */
SV_MUST_USE bool compiler_load(struct compiler *compiler, struct sv_error *error);

#define COMPILER_STAMP_SIZE 48

/*
 * Which library that is, without loading it: two that may make different code of a module have
 * different texts, by the file's time and size. The version alone does not tell them apart.
 */
void compiler_stamp(char text[static COMPILER_STAMP_SIZE]);

#endif
