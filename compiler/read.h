/*
 * read.h: what the files that decode a module share.
 */
#ifndef SELVAGE_COMPILER_READ_H
#define SELVAGE_COMPILER_READ_H

#include "compiler/module.h"
#include "compiler/reader.h"

/* The different recursive groups of types met so far: first index + 1 of each, by content. */
struct group_table {
	uint32_t *cells; /* in the module's arena; 0: free */
	uint32_t count, capacity;
};

/* A module being read. */
struct module_reader {
	struct reader in; /* the current section */
	struct module *module;
	uint32_t type_capacity;
	struct group_table groups;
	uint32_t own_functions; /* announced by the function section */
	uint32_t bodies;        /* met in the code section */
	uint32_t announced_data; /* by the data count section */
	bool has_code;          /* the code section was there */
	struct sv_bytes names;  /* contents of the first name section */
	struct sv_bytes hints;  /* of the first section of branch hints before the code */
};

/* One decoder for each section. */
#define SV_SECTION(id, name, order) SV_MUST_USE bool read_section_##name(struct module_reader *r);
#include "compiler/sections.def"
#undef SV_SECTION

/* ---- read.c: lists in the module's arena ---- */

/*
 * Make room for `more` elements of `size` bytes behind the `count` in the list at `items`,
 * which moves. NULL and NO_MEMORY in the report if there is none; else the first new one.
 */
void *read_extend(struct module_reader *r, void *items, uint32_t count, uint32_t more, size_t size);

/* The same for one element at a time: moves only when `count` is a power of two. */
void *read_append(struct module_reader *r, void *items, uint32_t count, size_t size);

/* ---- read_types.c: types wherever they stand ---- */

SV_MUST_USE bool read_value_type(struct reader *in, enum sv_type *type);
SV_MUST_USE bool read_reference_type(struct reader *in, enum sv_type *type);
/* Heap type as in sv_type_heap; a defined one by canonical index. */
SV_MUST_USE bool read_heap_type(struct reader *in, uint32_t *heap);
/* Index of a type of the module, made canonical. */
SV_MUST_USE bool read_type_index(struct reader *in, uint32_t *index);
SV_MUST_USE bool read_memory_index(struct reader *in, uint32_t *memory);

/* ---- constexpr.c ---- */

/* Decode a constant expression of this type up to and with its end. */
SV_MUST_USE bool read_constant(struct module_reader *r, enum sv_type type,
		struct constant *constant);

/* ---- names.c ---- */

/* Take names from a name section; one that is broken changes nothing. */
void names_read(struct module *module, struct sv_bytes section);

/* Give functions without a name that of their first export. */
void names_from_exports(struct module *module);

/* ---- hints.c ---- */

/* Take branch hints from their section; one that is broken changes nothing. */
SV_MUST_USE bool hints_read(struct module *module, struct sv_bytes section,
		struct sv_error *error);

#endif
