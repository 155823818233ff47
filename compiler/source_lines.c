/*
 * source_lines.c: finds the sections of DWARF in a module; dwarf_rows.c reads them.
 */
#include "compiler/source_lines.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/dwarf_rows.h"
#include "compiler/module.h"
#include "compiler/reader.h"

enum {
	SECTION_CUSTOM = 0,
	SECTION_CODE = 10,
};

/* What is needed of a module: its DWARF, and where its code is. */
struct debug_sections {
	struct dwarf dwarf;
	uint32_t code_start, code_size;
};

/* The first of each name counts. */
static void debug_section_take(struct debug_sections *found, struct reader in)
{
	struct dwarf *dwarf = &found->dwarf;
	const struct {
		const char *name;
		struct sv_bytes *contents;
	} wanted[] = {{".debug_line", &dwarf->line}, {".debug_line_str", &dwarf->line_str},
			{".debug_str", &dwarf->str}, {".debug_info", &dwarf->info},
			{".debug_abbrev", &dwarf->abbrev}};
	struct sv_bytes name;
	if (!reader_name(&in, &name))
		return;
	for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) {
		if (!wanted[i].contents->length && name.length == strlen(wanted[i].name) &&
				memcmp(name.data, wanted[i].name, name.length) == 0)
			*wanted[i].contents = (struct sv_bytes){in.at, reader_left(&in)};
	}
}

/* The module has been read: its sections are well-formed. */
static void debug_sections_find(struct debug_sections *found, const struct module *module)
{
	static const size_t header = 8;
	struct sv_error dropped = SV_ERROR_INIT;
	struct reader in = {
			.at = module->input.data + header,
			.end = module->input.data + module->input.length,
			.start = module->input.data,
			.error = &dropped,
	};
	*found = (struct debug_sections){0};
	while (in.at != in.end) {
		uint8_t id;
		uint32_t size;
		struct sv_bytes contents;
		if (!reader_byte(&in, &id) || !reader_u32(&in, &size) ||
				!reader_bytes(&in, size, &contents))
			return;
		struct reader part = in;
		part.at = contents.data;
		part.end = contents.data + contents.length;
		if (id == SECTION_CODE) {
			found->code_start = (uint32_t)reader_offset(&part);
			found->code_size = size;
		} else if (id == SECTION_CUSTOM) {
			debug_section_take(found, part);
		}
	}
}

/*
 * By offset. Where one sequence ends and another begins, the beginning counts; of rows in one
 * place the last one that was made.
 */
static int row_compare(const void *a, const void *b)
{
	const struct source_row *left = a, *right = b;
	if (left->offset != right->offset)
		return left->offset < right->offset ? -1 : 1;
	if ((left->line == 0) != (right->line == 0))
		return left->line == 0 ? -1 : 1;
	return left->order < right->order ? -1 : 1;
}

bool source_lines_read(struct source_lines *lines, const struct module *module,
		struct sv_error *error)
{
	struct debug_sections sections;
	*lines = (struct source_lines){0};
	debug_sections_find(&sections, module);
	if (!dwarf_rows_read(lines, &sections.dwarf, sections.code_start, sections.code_size))
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the source lines");
	if (lines->row_count)
		qsort(lines->rows, lines->row_count, sizeof *lines->rows, row_compare);
	return true;
}

const struct source_row *source_lines_find(const struct source_lines *lines, uint64_t offset)
{
	size_t low = 0, high = lines->row_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (lines->rows[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low && lines->rows[low - 1].line ? &lines->rows[low - 1] : NULL;
}

void source_lines_finish(struct source_lines *lines)
{
	for (size_t i = 0; i < lines->file_count; i++)
		free(lines->files[i]);
	free(lines->files);
	free(lines->rows);
	*lines = (struct source_lines){0};
}
