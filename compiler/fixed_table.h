/*
 * fixed_table.h: tables of which all entries are known when the module is compiled.
 */
#ifndef SELVAGE_COMPILER_FIXED_TABLE_H
#define SELVAGE_COMPILER_FIXED_TABLE_H

#include "compiler/effects.h"
#include "compiler/module.h"

/* Stands for the type of a function of another module; types have lower numbers. */
#define FIXED_ELSEWHERE (SV_NO_INDEX - 1)

/* The function index of each entry, SV_NO_INDEX for an empty one. */
struct fixed_table {
	uint32_t *entries; /* owned; NULL if the table is not fixed */
	uint32_t count;
};

struct fixed_tables {
	struct fixed_table *tables; /* owned; by table index */
	uint32_t count;
};

SV_MUST_USE bool fixed_tables_find(struct fixed_tables *fixed, const struct module *module,
		const struct effects *effects, struct sv_error *error);
void fixed_tables_finish(struct fixed_tables *fixed);

/* A function and its entries in the table. */
#define FIXED_FEW	  4
#define FIXED_FEW_ENTRIES 8
struct fixed_function {
	uint32_t function, count, entries[FIXED_FEW_ENTRIES];
};

/* Those entries whose functions are of a type, or of one below it. */
struct fixed_targets {
	uint32_t count;
	uint32_t index; /* in the table, of the last one */
	bool all_own;   /* defined by the module, with just this type */
	/* The functions, if they and their entries are few, and all own; else none. */
	uint32_t few_count;
	struct fixed_function few[FIXED_FEW];
};

struct fixed_targets fixed_table_targets(const struct fixed_table *table,
		const struct module *module, uint32_t type);

#endif
