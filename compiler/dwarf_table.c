/*
 * dwarf_table.c: heads of line tables (DWARF 5, 6.2.4; DWARF 4, 6.2.4).
 */
#include "compiler/dwarf_table.h"

enum {
	DW_LNCT_PATH = 1,
	DW_LNCT_DIRECTORY_INDEX = 2,
};

/* Limits of a table; more than compilers write. */
enum {
	members_most = 16,       /* of an entry; DWARF 5 has 5 */
	entries_most = 1 << 20,
};

/* What one member of an entry is, and how it is written. */
struct member {
	uint64_t content, form;
};

static bool entry_add(struct buffer *entries, struct dwarf_file file, struct reader *in)
{
	return buffer_append(entries, &file, sizeof file, in->error);
}

/* ---- before version 5 ---- */

/* Folder 0 is the unit's, and files are numbered from 1. */
static bool old_names_read(struct dwarf_table *table, struct reader *in)
{
	struct dwarf_file entry = {.name = table->folder};
	TRY(entry_add(&table->folders, entry, in));
	for (;;) {
		TRY(dwarf_text(in, &entry.name));
		if (!entry.name.length)
			break;
		TRY(entry_add(&table->folders, entry, in));
	}
	TRY(entry_add(&table->files, (struct dwarf_file){0}, in));
	for (;;) {
		uint64_t time, size;
		TRY(dwarf_text(in, &entry.name));
		if (!entry.name.length)
			return true;
		TRY(reader_u64(in, &entry.folder) && reader_u64(in, &time) &&
				reader_u64(in, &size));
		TRY(entry_add(&table->files, entry, in));
	}
}

/* ---- version 5 ---- */

static bool entry_read(struct reader *in, const struct dwarf *dwarf, struct dwarf_sizes sizes,
		struct sv_bytes members, struct dwarf_file *entry)
{
	struct sv_error *error = in->error;
	struct reader how = dwarf_reader(members, error);
	*entry = (struct dwarf_file){0};
	while (reader_left(&how)) {
		struct member member;
		struct dwarf_value value;
		TRY(reader_u64(&how, &member.content) && reader_u64(&how, &member.form) &&
				dwarf_value(in, dwarf, member.form, sizes, &value));
		if (member.content == DW_LNCT_PATH)
			entry->name = value.text;
		else if (member.content == DW_LNCT_DIRECTORY_INDEX)
			entry->folder = value.number;
	}
	return true;
}

/* Entries that take no bytes would have no end: each has to. */
static bool entries_read(struct buffer *entries, struct reader *in, const struct dwarf *dwarf,
		struct dwarf_sizes sizes)
{
	uint8_t member_count;
	uint64_t count;
	struct sv_bytes members = {in->at, 0};
	TRY(reader_byte(in, &member_count));
	if (member_count > members_most)
		return reader_fail(in, "entries have up to %d members", members_most);
	members.data = in->at;
	for (unsigned i = 0; i < member_count; i++) {
		struct member member;
		TRY(reader_u64(in, &member.content) && reader_u64(in, &member.form));
	}
	members.length = (size_t)(in->at - members.data);
	TRY(reader_u64(in, &count));
	for (uint64_t i = 0; i < count; i++) {
		struct dwarf_file entry;
		const uint8_t *start = in->at;
		TRY(entry_read(in, dwarf, sizes, members, &entry));
		if (in->at == start)
			return reader_fail(in, "entries without contents");
		TRY(entry_add(entries, entry, in));
	}
	return true;
}

/* Folder 0 is that where others begin. */
static bool names_read(struct dwarf_table *table, struct reader *in, const struct dwarf *dwarf)
{
	TRY(entries_read(&table->folders, in, dwarf, table->sizes));
	if (table->folders.length)
		table->folder = ((const struct dwarf_file *)table->folders.data)->name;
	return entries_read(&table->files, in, dwarf, table->sizes);
}

/* ---- all ---- */

static bool sizes_read(struct dwarf_table *table, struct reader *in)
{
	uint64_t version;
	uint8_t address_size, segment_size;
	TRY(dwarf_number(in, 2, &version));
	if (version < 2 || version > 5)
		return reader_fail(in, "line tables have version 2 to 5");
	table->version = (uint16_t)version;
	if (version < 5)
		return true;
	TRY(reader_byte(in, &address_size) && reader_byte(in, &segment_size));
	table->sizes.address = address_size;
	return address_size <= 8 || reader_fail(in, "addresses have up to 8 bytes");
}

static bool opcodes_read(struct dwarf_table *table, struct reader *in)
{
	uint8_t operations, default_is_stmt, line_base;
	TRY(reader_byte(in, &table->least_length));
	if (table->version >= 4)
		TRY(reader_byte(in, &operations));
	TRY(reader_byte(in, &default_is_stmt) && reader_byte(in, &line_base) &&
			reader_byte(in, &table->line_range) &&
			reader_byte(in, &table->opcode_base));
	table->line_base = (int8_t)line_base;
	if (!table->line_range || !table->opcode_base)
		return reader_fail(in, "neither line range nor opcode base are 0");
	if (reader_left(in) < table->opcode_base - 1u)
		return reader_fail(in, "unexpected end");
	table->operands = in->at;
	in->at += table->opcode_base - 1u;
	return true;
}

bool dwarf_table_read(struct dwarf_table *table, struct reader *in, const struct dwarf *dwarf,
		unsigned offset_size)
{
	uint64_t length;
	table->sizes.offset = offset_size;
	table->folders.limit = table->files.limit = entries_most * sizeof(struct dwarf_file);
	TRY(sizes_read(table, in) && dwarf_number(in, offset_size, &length));
	if (length > reader_left(in))
		return reader_fail(in, "unexpected end");
	struct reader head = *in;
	head.end = in->at + length;
	in->at = head.end;
	TRY(opcodes_read(table, &head));
	return table->version >= 5 ? names_read(table, &head, dwarf) : old_names_read(table, &head);
}

static const struct dwarf_file *entry_at(const struct buffer *entries, uint64_t index)
{
	const struct dwarf_file *all = (const struct dwarf_file *)entries->data;
	return index < entries->length / sizeof *all ? &all[index] : NULL;
}

/* As POSIX and Windows write them. */
static bool is_absolute(struct sv_bytes path)
{
	return path.length && (path.data[0] == '/' || path.data[0] == '\\' ||
					      (path.length > 1 && path.data[1] == ':'));
}

static bool path_add(struct buffer *path, struct sv_bytes more)
{
	if (path->length && path->data[path->length - 1] != '/' && more.length)
		TRY(buffer_append(path, "/", 1, NULL));
	return buffer_append(path, more.data, more.length, NULL);
}

bool dwarf_table_path(const struct dwarf_table *table, uint64_t index, struct buffer *path)
{
	const struct dwarf_file *file = entry_at(&table->files, index);
	path->length = 0;
	if (!file || !file->name.length)
		return false;
	const struct dwarf_file *folder = entry_at(&table->folders, file->folder);
	if (!is_absolute(file->name) && folder) {
		if (!is_absolute(folder->name) && file->folder != 0)
			TRY(path_add(path, table->folder));
		TRY(path_add(path, folder->name));
	}
	return path_add(path, file->name);
}

void dwarf_table_finish(struct dwarf_table *table)
{
	buffer_finish(&table->folders);
	buffer_finish(&table->files);
	*table = (struct dwarf_table){0};
}
