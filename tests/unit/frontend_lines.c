/*
 * frontend_lines.c: line tables of DWARF: rows and paths of each version, and sections that ask
 * for more than they are worth.
 */
#include "tests/lib/test.h"
#include "tests/unit/frontend_fixture.h"

#include "compiler/dwarf_rows.h"
#include "compiler/source_lines.h"

static const uint32_t code_start = 1000, code_size = 500;

static void add_fixed(struct buffer *buffer, unsigned size, uint64_t value)
{
	for (unsigned i = 0; i < size; i++)
		add_byte(buffer, (unsigned)(value >> (8 * i)) & 255);
}

/* A unit or table with its length in front; finishes the contents. */
static void add_part(struct buffer *section, struct buffer *contents)
{
	add_fixed(section, 4, contents->length);
	add_bytes(section, contents->data, contents->length);
	buffer_finish(contents);
}

/* A line table with these names in its head. One special opcode is a row 1 further, a line on. */
static void add_table(struct buffer *section, unsigned version, struct sv_bytes names,
		struct sv_bytes program)
{
	struct buffer table = {0}, head = {0};
	add_fixed(&table, 2, version);
	if (version >= 5)
		add_bytes(&table, "\4\0", 2);
	add_byte(&head, 1);
	if (version >= 4)
		add_byte(&head, 1);
	/* Lines from 0 on, 2 of them; opcode base 10. */
	add_bytes(&head, "\1\0\2\012" "\0\1\1\1\1\0\0\0\1", 13);
	add_bytes(&head, names.data, names.length);
	add_fixed(&table, 4, head.length);
	add_bytes(&table, head.data, head.length);
	add_bytes(&table, program.data, program.length);
	buffer_finish(&head);
	add_part(section, &table);
}

/* At address 100 line 1, at 101 line 2, up to 102. */
#define PROGRAM \
	BYTES("\0\5\2\x64\0\0\0" "\1" "\x0d" "\2\1" "\0\1\1")

static struct source_lines lines_of(const struct dwarf *dwarf)
{
	struct source_lines lines = {0};
	if (!dwarf_rows_read(&lines, dwarf, code_start, code_size))
		abort();
	return lines;
}

static bool row_is(const struct source_lines *lines, size_t at, uint32_t offset, uint32_t line)
{
	return at < lines->row_count && lines->rows[at].offset == code_start + offset &&
			lines->rows[at].line == line;
}

static bool are_rows_of_program(const struct source_lines *lines)
{
	return lines->row_count == 3 && row_is(lines, 0, 100, 1) && row_is(lines, 1, 101, 2) &&
			row_is(lines, 2, 102, 0);
}

TEST(paths_before_version_5_begin_in_the_folder_of_the_unit)
{
	/* Tag of a unit: stmt_list as sec_offset, comp_dir as string. */
	struct sv_bytes abbrev = BYTES("\1\x11\0\x10\x17\x1b\x08\0\0\0");
	for (unsigned version = 2; version <= 4; version++) {
		struct buffer section = {0}, unit = {0}, info = {0};
		add_table(&section, 3, BYTES("\0\0"), BYTES(""));
		size_t place = section.length;
		add_table(&section, version, BYTES("sub\0\0" "a.c\0\1\0\0\0"), PROGRAM);
		add_fixed(&unit, 2, version);
		add_bytes(&unit, "\0\0\0\0\4\1", 6);
		add_fixed(&unit, 4, place);
		add_bytes(&unit, "/home/x", 8);
		add_part(&info, &unit);
		struct dwarf dwarf = {.line = buffer_view(&section), .info = buffer_view(&info),
				.abbrev = abbrev};
		struct source_lines lines = lines_of(&dwarf);
		CHECK(are_rows_of_program(&lines));
		CHECK_STR(lines.files[0], "/home/x/sub/a.c");
		source_lines_finish(&lines);
		buffer_finish(&section);
		buffer_finish(&info);
	}
}

TEST(paths_of_version_5_are_in_the_table_and_each_is_there_once)
{
	struct buffer section = {0};
	/* Folders as strings, files as strings with the number of a folder. */
	struct sv_bytes names = BYTES("\1\1\x08\2" "/home\0" "sub\0"
				      "\2\1\x08\2\x0b\2" "a.c\0\1" "/b.c\0\1");
	add_table(&section, 5, names, PROGRAM); /* a program begins with file 1 */
	add_table(&section, 5, names, BYTES("\0\5\2\xc8\0\0\0" "\4\0" "\1" "\2\1" "\0\1\1"));
	add_table(&section, 5, names, PROGRAM);
	struct dwarf dwarf = {.line = buffer_view(&section)};
	struct source_lines lines = lines_of(&dwarf);
	CHECK_EQ(lines.file_count, 2);
	CHECK_STR(lines.files[0], "/b.c");
	CHECK_STR(lines.files[1], "/home/sub/a.c");
	CHECK_EQ(lines.row_count, 8);
	CHECK_EQ(lines.rows[3].file, 1);
	CHECK_EQ(lines.rows[5].file, 0);
	source_lines_finish(&lines);
	buffer_finish(&section);
}

TEST(sequences_outside_of_the_code_are_left_out)
{
	struct buffer section = {0};
	struct sv_bytes names = BYTES("\0" "/a.c\0\0\0\0\0");
	add_table(&section, 4, names, BYTES("\0\5\2\0\0\0\0" "\1\x0d\2\1\0\1\1"));
	add_table(&section, 4, names, BYTES("\0\5\2\xf4\1\0\0" "\1\2\1\0\1\1"));
	add_table(&section, 4, names, BYTES("\0\5\2\xf3\1\0\0" "\1\2\1\0\1\1"));
	add_table(&section, 4, names, BYTES("\0\5\2\x10\0\0\0" "\1\0\1\1"));
	add_table(&section, 4, names, BYTES("\0\5\2\x10\0\0\0" "\1\1\1")); /* no end */
	struct dwarf dwarf = {.line = buffer_view(&section)};
	struct source_lines lines = lines_of(&dwarf);
	CHECK_EQ(lines.row_count, 2);
	CHECK(row_is(&lines, 0, 499, 1) && row_is(&lines, 1, 500, 0));
	source_lines_finish(&lines);
	buffer_finish(&section);
}

/* What is broken says nothing, and does not hide the table behind it. */
static bool is_left_out(unsigned version, struct sv_bytes names)
{
	struct buffer section = {0};
	add_table(&section, version, names, BYTES(""));
	add_table(&section, 4, BYTES("\0" "/a.c\0\0\0\0\0"), PROGRAM);
	struct dwarf dwarf = {.line = buffer_view(&section)};
	struct source_lines lines = lines_of(&dwarf);
	bool is_so = are_rows_of_program(&lines) && lines.file_count == 1;
	source_lines_finish(&lines);
	buffer_finish(&section);
	return is_so;
}

TEST(entries_without_contents_are_not_counted_to_their_end)
{
	/* 2^62 files, and folders, whose name is a form of no bytes. */
	CHECK(is_left_out(5, BYTES("\1\1\x19\0" "\1\1\x19\x80\x80\x80\x80\x80\x80\x80\x80\x40")));
	CHECK(is_left_out(5, BYTES("\1\1\x19\x80\x80\x80\x80\x80\x80\x80\x80\x40" "\1\1\x19\0")));
	CHECK(is_left_out(5, BYTES("\0\x80\x80\x80\x80\x80\x80\x80\x80\x40" "\0\0")));
	/* A folder's number that is a text; a form nobody knows. */
	CHECK(is_left_out(5, BYTES("\0\0" "\1\2\x08\1" "abc\0")));
	CHECK(is_left_out(5, BYTES("\1\1\x7f\1" "\0\0")));
}

TEST(paths_have_limits_each_and_together)
{
	/* One folder of 4,000 bytes and 20,000 files in it: 80 MB. */
	enum { folder_length = 4000, file_count = 20000 };
	struct buffer section = {0}, names = {0}, program = {0};
	for (int i = 0; i < folder_length; i++)
		add_byte(&names, '/');
	add_bytes(&names, "\0\0", 2);
	add_bytes(&program, "\0\5\2\x64\0\0\0", 7);
	for (unsigned i = 0; i < file_count; i++) {
		char name[16];
		int length = snprintf(name, sizeof name, "%u", i);
		add_bytes(&names, name, (size_t)length + 1);
		add_bytes(&names, "\1\0\0", 3);
		add_byte(&program, 4);
		add_u32(&program, i + 1);
		add_bytes(&program, "\1", 1);
	}
	add_byte(&names, 0);
	add_bytes(&program, "\2\1\0\1\1", 5);
	add_table(&section, 4, buffer_view(&names), buffer_view(&program));
	struct dwarf dwarf = {.line = buffer_view(&section)};
	struct source_lines lines = {0};
	CHECK(dwarf_rows_read(&lines, &dwarf, 8, file_count + 200));
	size_t all = 0;
	for (size_t i = 0; i < lines.file_count; i++) {
		CHECK(strlen(lines.files[i]) <= source_path_most);
		all += strlen(lines.files[i]);
	}
	CHECK(all <= source_paths_most && all > source_paths_most - 2 * folder_length);
	CHECK_EQ(lines.row_count, file_count + 1);
	CHECK(lines.rows[0].line == 1 && lines.rows[file_count - 1].line == 0);
	source_lines_finish(&lines);
	buffer_finish(&section);
	buffer_finish(&names);
	buffer_finish(&program);
}

TEST(there_are_no_more_rows_than_bytes_of_code)
{
	struct buffer section = {0}, program = {0};
	struct sv_bytes names = BYTES("\0" "/a.c\0\0\0\0\0");
	for (unsigned sequence = 0; sequence < 4; sequence++) {
		add_bytes(&program, "\0\5\2\x64\0\0\0", 7);
		for (unsigned i = 0; i < (sequence ? 300 : 10 * code_size); i++)
			add_byte(&program, 1);
		add_bytes(&program, "\2\1\0\1\1", 5);
	}
	add_table(&section, 4, names, buffer_view(&program));
	struct dwarf dwarf = {.line = buffer_view(&section)};
	struct source_lines lines = lines_of(&dwarf);
	CHECK_EQ(lines.row_count, code_size);
	source_lines_finish(&lines);
	buffer_finish(&section);
	buffer_finish(&program);
}

TEST_MAIN()
