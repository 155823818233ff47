/*
 * dwarf_rows.h: the rows of a module's line tables.
 */
#ifndef SELVAGE_COMPILER_DWARF_ROWS_H
#define SELVAGE_COMPILER_DWARF_ROWS_H

#include "compiler/dwarf.h"
#include "compiler/source_lines.h"

/*
 * Limits of what a module may say: its code has at most so many rows, as bytes; paths are shorter
 * than Linux's limit, and all different ones together. What is beyond is of no source.
 */
enum {
	source_path_most = 4095,
	source_paths_most = 64 << 20, /* a hundred times what LLVM's own sources have */
};

/*
 * Fill `lines`, which is empty, in the order of the tables. Addresses count from `code_start` in
 * the module's file; rows that are not inside the `code_size` bytes from there are left out, and
 * so is whatever is broken. False without memory.
 */
SV_MUST_USE bool dwarf_rows_read(struct source_lines *lines, const struct dwarf *dwarf,
		uint32_t code_start, uint32_t code_size);

#endif
