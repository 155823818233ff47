/*
 * source_lines.c: finds the sections of DWARF in a module; dwarf_lines.cc reads them.
 */
#include "compiler/source_lines.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/dwarf_lines.h"
#include "compiler/module.h"
#include "compiler/reader.h"

enum {
	SECTION_CUSTOM = 0,
	SECTION_CODE = 10,
	debug_sections_most = 32, /* DWARF 5 has 21; of more, the first are read */
};

/* What is needed of a module: its DWARF, and where its code is. */
struct debug_sections {
	struct dwarf_section all[debug_sections_most];
	size_t count;
	uint32_t code_start, code_size;
};

static void debug_section_add(struct debug_sections *found, struct reader in)
{
	static const char prefix[] = ".debug_";
	struct sv_bytes name;
	if (found->count == debug_sections_most || !reader_name(&in, &name) ||
			name.length < sizeof prefix ||
			memcmp(name.data, prefix, sizeof prefix - 1) != 0)
		return;
	found->all[found->count++] = (struct dwarf_section){
			{name.data + 1, name.length - 1}, {in.at, reader_left(&in)}};
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
			debug_section_add(found, part);
		}
	}
}

bool source_lines_read(struct source_lines *lines, const struct module *module,
		struct sv_error *error)
{
	struct debug_sections sections;
	*lines = (struct source_lines){0};
	debug_sections_find(&sections, module);
	return sections.count == 0 ||
			dwarf_lines_read(lines, sections.all, sections.count, sections.code_start,
					sections.code_size) ||
			sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the source lines");
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
