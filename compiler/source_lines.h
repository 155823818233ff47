/*
 * source_lines.h: which line of a source file the operators of a module come from, as its DWARF
 * says (WebAssembly's DWARF convention: custom sections, addresses from the start of the code
 * section's contents).
 */
#ifndef SELVAGE_COMPILER_SOURCE_LINES_H
#define SELVAGE_COMPILER_SOURCE_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

struct module;

/* From this place in the module on, up to the next row. */
struct source_row {
	uint32_t offset; /* in the module's file */
	uint32_t file;   /* index into files */
	uint32_t line;   /* from 1; 0: of no source */
	uint32_t column; /* from 1; 0: not known */
	uint32_t order;  /* among all, as they were read */
};

struct source_lines {
	struct source_row *rows; /* owned; by offset */
	size_t row_count;
	char **files; /* owned, and each; paths as the module has them */
	size_t file_count;
};

/*
 * Read the line tables of a module. Without any, or with broken ones, `lines` is left empty: they
 * are in custom sections, which mean nothing (Core 2.0, 2.5.1). False without memory; finish is
 * allowed in any case.
 */
SV_MUST_USE bool source_lines_read(struct source_lines *lines, const struct module *module,
		struct sv_error *error);

/* The row that has the operator at `offset`, or NULL if it is of no source. */
const struct source_row *source_lines_find(const struct source_lines *lines, uint64_t offset);

void source_lines_finish(struct source_lines *lines);

#endif
