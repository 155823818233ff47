/*
 * dwarf.h: what is read of a module's DWARF. It is untrusted: nothing is read outside of the
 * sections, and the time taken is in proportion to their size.
 */
#ifndef SELVAGE_COMPILER_DWARF_H
#define SELVAGE_COMPILER_DWARF_H

#include "compiler/reader.h"

/* Contents of sections, views; empty: not there. */
struct dwarf {
	struct sv_bytes line, line_str, str, info, abbrev;
};

/* Sizes in bytes within one unit or line table. */
struct dwarf_sizes {
	unsigned offset, address;
};

/* What an attribute says; the other member is empty. */
struct dwarf_value {
	uint64_t number;
	struct sv_bytes text; /* without its end; a view */
};

/* Texts of sections that are longer are not looked at: many attributes may point to one. */
enum {
	dwarf_text_most = 4095
};

/* A cursor over a section; what is wrong is put into `error`. */
struct reader dwarf_reader(struct sv_bytes section, struct sv_error *error);

/* A little-endian number of `size` bytes, at most 8. */
SV_MUST_USE bool dwarf_number(struct reader *in, unsigned size, uint64_t *value);

/* A unit or table: its contents behind the length, and the size of offsets in it (7.2.2). */
SV_MUST_USE bool dwarf_part(struct reader *in, struct reader *part, unsigned *offset_size);

/* A text and the zero at its end, which is not in the view. */
SV_MUST_USE bool dwarf_text(struct reader *in, struct sv_bytes *text);

/* A value of a form by number (dwarf_forms.def); false for unknown forms too. */
SV_MUST_USE bool dwarf_value(struct reader *in, const struct dwarf *dwarf, uint64_t form,
		struct dwarf_sizes sizes, struct dwarf_value *value);

/* The folder in which a unit was compiled. */
struct dwarf_folder {
	uint64_t line; /* place of its table in .debug_line */
	struct sv_bytes path;
};

/* Those of units before version 5, by place; `count` of them, owned by the caller. */
struct dwarf_folders {
	struct dwarf_folder *all;
	size_t count;
};

/* Read what can be read. False without memory; finish is allowed in any case. */
SV_MUST_USE bool dwarf_folders_read(struct dwarf_folders *folders, const struct dwarf *dwarf);

/* The folder for the line table at this place; empty if no unit says. */
struct sv_bytes dwarf_folders_find(const struct dwarf_folders *folders, uint64_t line);

void dwarf_folders_finish(struct dwarf_folders *folders);

#endif
