/*
 * dwarf_lines.h: shim over LLVM's reader of DWARF, which has no C interface.
 */
#ifndef SELVAGE_COMPILER_DWARF_LINES_H
#define SELVAGE_COMPILER_DWARF_LINES_H

#include "compiler/source_lines.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A section of DWARF; both are views. */
struct dwarf_section {
	struct sv_bytes name; /* "debug_line" */
	struct sv_bytes contents;
};

/*
 * Fill `lines`, which is empty, from these sections. Addresses count from `code_start` in the
 * module's file; rows that are not inside the `code_size` bytes from there are left out, and
 * so is whatever is broken. False without memory.
 */
bool dwarf_lines_read(struct source_lines *lines, const struct dwarf_section *sections,
		size_t count, uint32_t code_start, uint32_t code_size);

#ifdef __cplusplus
}
#endif

#endif
