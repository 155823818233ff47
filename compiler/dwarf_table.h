/*
 * dwarf_table.h: the head of a line table: how its program is to be read, and its files.
 */
#ifndef SELVAGE_COMPILER_DWARF_TABLE_H
#define SELVAGE_COMPILER_DWARF_TABLE_H

#include "compiler/dwarf.h"

/* A file, or a folder, of which only the name counts. */
struct dwarf_file {
	struct sv_bytes name;
	uint64_t folder;
};

/* All zero is empty. Views are of the module. */
struct dwarf_table {
	struct dwarf_sizes sizes;
	uint16_t version;
	uint8_t least_length; /* of an instruction */
	int8_t line_base;
	uint8_t line_range, opcode_base;
	const uint8_t *operands; /* of opcodes from 1 on */
	struct sv_bytes folder;  /* where others begin; empty: not known */
	struct buffer folders, files; /* owned; of struct dwarf_file; numbers from 0 */
};

/*
 * Read the head of the table at `in`, which ends where the table does, and leave `in` at its
 * program. False if it is broken, or with NO_MEMORY in in->error.
 */
SV_MUST_USE bool dwarf_table_read(struct dwarf_table *table, struct reader *in,
		const struct dwarf *dwarf, unsigned offset_size);

/* Put the path of a file into `path`; false if it has none, or one that is too long. */
SV_MUST_USE bool dwarf_table_path(const struct dwarf_table *table, uint64_t file,
		struct buffer *path);

void dwarf_table_finish(struct dwarf_table *table);

#endif
