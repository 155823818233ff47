/*
 * dwarf_folder.c: units before DWARF 5, whose line tables do not say where their paths begin.
 * Later tables do, so nothing else is read of units.
 */
#include "compiler/dwarf.h"

#include <stdlib.h>
#include <string.h>

enum {
	DW_AT_STMT_LIST = 0x10,
	DW_AT_COMP_DIR = 0x1b,
	/* How far behind the first declaration that of a unit may be: it is the first of its table
	   with all compilers, and many units may share a table. */
	declarations_most = 256,
};

/* Specifications of attributes end with two zeros. */
static bool specification(struct reader *in, uint64_t *name, uint64_t *form)
{
	return reader_u64(in, name) && reader_u64(in, form);
}

/* Leave `in` at the specifications of the declaration with this code. */
static bool declaration_find(struct reader *in, uint64_t wanted)
{
	for (;;) {
		uint64_t code, name, form;
		uint8_t has_children;
		TRY(reader_u64(in, &code));
		/* Tag, and whether it has children. */
		if (code == 0 || !reader_u64(in, &name) || !reader_byte(in, &has_children))
			return false;
		if (code == wanted)
			return true;
		do {
			TRY(specification(in, &name, &form));
		} while (name || form);
	}
}

/* The attributes at `in`, as the specifications at `how` say. */
static bool attributes_read(struct reader *in, struct reader *how, const struct dwarf *dwarf,
		struct dwarf_sizes sizes, struct dwarf_folder *folder)
{
	bool has_line = false;
	for (;;) {
		uint64_t name, form;
		struct dwarf_value value;
		TRY(specification(how, &name, &form));
		if (!name && !form)
			return has_line && folder->path.length;
		TRY(dwarf_value(in, dwarf, form, sizes, &value));
		if (name == DW_AT_STMT_LIST) {
			folder->line = value.number;
			has_line = true;
		} else if (name == DW_AT_COMP_DIR) {
			folder->path = value.text;
		}
	}
}

/* The folder of the unit at `in`; false if it has none, or is of DWARF 5. */
static bool unit_read(struct reader *in, unsigned offset_size, const struct dwarf *dwarf,
		struct dwarf_folder *folder)
{
	uint64_t version, table, code;
	uint8_t address_size;
	*folder = (struct dwarf_folder){0};
	TRY(dwarf_number(in, 2, &version));
	if (version < 2 || version > 4)
		return false;
	TRY(dwarf_number(in, offset_size, &table) && reader_byte(in, &address_size) &&
			reader_u64(in, &code));
	if (table >= dwarf->abbrev.length || address_size > 8 || code == 0)
		return false;
	struct reader how = dwarf_reader(dwarf->abbrev, in->error);
	how.at += table;
	if (reader_left(&how) > declarations_most)
		how.end = how.at + declarations_most;
	return declaration_find(&how, code) &&
			attributes_read(in, &how, dwarf,
					(struct dwarf_sizes){offset_size, address_size}, folder);
}

static int folder_compare(const void *a, const void *b)
{
	const struct dwarf_folder *left = a, *right = b;
	return (left->line > right->line) - (left->line < right->line);
}

bool dwarf_folders_read(struct dwarf_folders *folders, const struct dwarf *dwarf)
{
	struct buffer all = {0};
	struct sv_error dropped = SV_ERROR_INIT;
	struct reader in = dwarf_reader(dwarf->info, &dropped), unit;
	unsigned offset_size;
	bool done = true;
	while (done && reader_left(&in) && dwarf_part(&in, &unit, &offset_size)) {
		struct dwarf_folder folder;
		if (unit_read(&unit, offset_size, dwarf, &folder))
			done = buffer_append(&all, &folder, sizeof folder, NULL);
	}
	folders->all = (struct dwarf_folder *)all.data;
	folders->count = all.length / sizeof *folders->all;
	if (folders->count)
		qsort(folders->all, folders->count, sizeof *folders->all, folder_compare);
	return done;
}

struct sv_bytes dwarf_folders_find(const struct dwarf_folders *folders, uint64_t line)
{
	const struct dwarf_folder wanted = {.line = line};
	const struct dwarf_folder *found = folders->count
			? bsearch(&wanted, folders->all, folders->count, sizeof wanted,
					  folder_compare)
			: NULL;
	return found ? found->path : (struct sv_bytes){0};
}

void dwarf_folders_finish(struct dwarf_folders *folders)
{
	free(folders->all);
	*folders = (struct dwarf_folders){0};
}
