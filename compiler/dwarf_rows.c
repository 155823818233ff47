/*
 * dwarf_rows.c: runs the programs of line tables (DWARF 5, 6.2.5), one table after the other as
 * they lie in their section, whichever units they belong to. So no byte is read twice, and a
 * byte makes at most one row.
 */
#include "compiler/dwarf_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "compiler/dwarf_table.h"

enum {
	DW_LNS_COPY = 1,
	DW_LNS_ADVANCE_PC = 2,
	DW_LNS_ADVANCE_LINE = 3,
	DW_LNS_SET_FILE = 4,
	DW_LNS_SET_COLUMN = 5,
	DW_LNS_CONST_ADD_PC = 8,
	DW_LNS_FIXED_ADVANCE_PC = 9,
	DW_LNE_END_SEQUENCE = 1,
	DW_LNE_SET_ADDRESS = 2,
};

/* A row with the table's own number of the file, as it is made. */
struct made_row {
	uint64_t address, file;
	uint32_t line, column;
	bool is_end;
};

/* All zero is empty. */
struct collection {
	struct source_lines *lines;
	uint32_t code_start, code_size;
	size_t row_capacity, file_capacity;
	struct buffer path; /* owned; the last one that was made */
	size_t paths_length; /* of all files */
	uint32_t *slots;     /* owned; numbers of files by hash, plus 1 */
	size_t slot_count;
};

/* Rows of one sequence, and the registers (6.2.2) at its next row. */
struct program {
	struct collection *all;
	const struct dwarf_table *table;
	struct made_row at;
	struct buffer sequence; /* owned; of struct made_row */
	uint32_t *numbers; /* owned; by the table's own, plus 1; 0: not asked for yet */
	size_t number_count;
};

/* ---- files ---- */

static uint32_t *file_slot(const struct collection *all, const void *path, size_t length)
{
	struct hash hash = hash_begin(hash_process_key());
	hash_add_bytes(&hash, path, length);
	size_t at = hash_end(&hash) % all->slot_count;
	while (all->slots[at]) {
		const char *known = all->lines->files[all->slots[at] - 1];
		if (strlen(known) == length && memcmp(known, path, length) == 0)
			break;
		at = (at + 1) % all->slot_count;
	}
	return &all->slots[at];
}

/* Room for one more file, half of the slots being free. */
static bool file_reserve(struct collection *all)
{
	struct source_lines *lines = all->lines;
	if (lines->file_count < all->file_capacity)
		return true;
	size_t capacity = all->file_capacity ? 2 * all->file_capacity : 64;
	char **files = realloc(lines->files, capacity * sizeof *files);
	uint32_t *slots = calloc(2 * capacity, sizeof *slots);
	if (files)
		lines->files = files;
	if (!files || !slots) {
		free(slots);
		return false;
	}
	free(all->slots);
	all->slots = slots;
	all->slot_count = 2 * capacity;
	all->file_capacity = capacity;
	for (size_t i = 0; i < lines->file_count; i++)
		*file_slot(all, files[i], strlen(files[i])) = (uint32_t)i + 1;
	return true;
}

/* The number of the file with the path at hand, plus 1; 0: there are too many. */
static bool file_number(struct collection *all, uint32_t *number)
{
	size_t length = all->path.length;
	TRY(file_reserve(all));
	uint32_t *slot = file_slot(all, all->path.data, length);
	*number = *slot;
	if (*slot || all->paths_length + length > source_paths_most)
		return true;
	char *path = strndup((const char *)all->path.data, length);
	if (!path)
		return false;
	all->lines->files[all->lines->file_count++] = path;
	all->paths_length += length;
	*number = *slot = (uint32_t)all->lines->file_count;
	return true;
}

/* The same for a file of a table; 0: it has no name either. */
static bool table_file_number(struct program *program, uint64_t file, uint32_t *number)
{
	static const uint32_t none = UINT32_MAX;
	*number = 0;
	if (file >= program->number_count)
		return true;
	uint32_t *known = &program->numbers[file];
	if (!*known && dwarf_table_path(program->table, file, &program->all->path))
		TRY(file_number(program->all, known));
	if (!*known)
		*known = none;
	*number = *known == none ? 0 : *known;
	return true;
}

/* ---- rows ---- */

static bool row_reserve(struct collection *all)
{
	struct source_lines *lines = all->lines;
	if (lines->row_count < all->row_capacity)
		return true;
	size_t capacity = all->row_capacity ? 2 * all->row_capacity : 1024;
	struct source_row *rows = realloc(lines->rows, capacity * sizeof *rows);
	if (!rows)
		return false;
	lines->rows = rows;
	all->row_capacity = capacity;
	return true;
}

/*
 * Take the rows of a sequence. What the linker dropped has its lines at address 0, where there is
 * no body, or behind all code.
 */
static bool sequence_take(struct program *program)
{
	struct collection *all = program->all;
	const struct made_row *rows = (const struct made_row *)program->sequence.data;
	size_t count = program->sequence.length / sizeof *rows;
	const struct made_row *end = &rows[count - 1];
	if (rows[0].address == 0 || end->address <= rows[0].address ||
			end->address > all->code_size || !end->is_end)
		return true;
	for (size_t i = 0; i < count && all->lines->row_count < all->code_size; i++) {
		struct source_row row = {.offset = all->code_start + (uint32_t)rows[i].address,
				.order = (uint32_t)all->lines->row_count};
		uint32_t file = 0;
		if (rows[i].address > all->code_size)
			continue;
		if (!rows[i].is_end)
			TRY(table_file_number(program, rows[i].file, &file));
		if (file) {
			row.file = file - 1;
			row.line = rows[i].line;
			row.column = rows[i].column;
		}
		TRY(row_reserve(all));
		all->lines->rows[all->lines->row_count++] = row;
	}
	return true;
}

static void program_reset(struct program *program)
{
	program->sequence.length = 0;
	program->at = (struct made_row){.file = 1, .line = 1};
}

/* A sequence of more rows than there is code has no end, and is not taken. */
static bool row_make(struct program *program)
{
	if (program->sequence.length / sizeof program->at > program->all->code_size)
		return true;
	return buffer_append(&program->sequence, &program->at, sizeof program->at, NULL);
}

/* ---- operations ---- */

static void advance(struct program *program, uint64_t operations)
{
	program->at.address += operations * program->table->least_length;
}

/* What an opcode from the base on stands for; 255 also for const_add_pc. */
static unsigned special(const struct program *program, unsigned opcode)
{
	return opcode - program->table->opcode_base;
}

/* False without memory; what is wrong is in in->error. */
static bool extended_run(struct program *program, struct reader *in)
{
	uint64_t length;
	uint8_t opcode;
	if (!reader_u64(in, &length) || length == 0)
		return true;
	if (length > reader_left(in)) {
		reader_fail(in, "unexpected end");
		return true;
	}
	struct reader operands = *in;
	operands.end = in->at + length;
	in->at = operands.end;
	if (!reader_byte(&operands, &opcode))
		return true;
	if (opcode == DW_LNE_SET_ADDRESS && length <= 9)
		(void)!dwarf_number(&operands, (unsigned)length - 1, &program->at.address);
	if (opcode != DW_LNE_END_SEQUENCE)
		return true;
	program->at.is_end = true;
	TRY(row_make(program) && sequence_take(program)); /* at least one row */
	program_reset(program);
	return true;
}

/* What operators without use here have is left out. */
static void operands_skip(const struct program *program, struct reader *in, unsigned opcode)
{
	uint64_t value;
	for (unsigned i = program->table->operands[opcode - 1]; i; i--) {
		if (!reader_u64(in, &value))
			return;
	}
}

static void line_advance(struct program *program, struct reader *in)
{
	int64_t lines;
	if (reader_s64(in, &lines))
		program->at.line += (uint32_t)lines;
}

static void column_set(struct program *program, struct reader *in)
{
	uint64_t column;
	if (reader_u64(in, &column))
		program->at.column = column > UINT32_MAX ? 0 : (uint32_t)column;
}

static bool standard_run(struct program *program, struct reader *in, unsigned opcode)
{
	uint64_t value;
	switch (opcode) {
	case DW_LNS_COPY:
		return row_make(program);
	case DW_LNS_ADVANCE_PC:
		if (reader_u64(in, &value))
			advance(program, value);
		return true;
	case DW_LNS_ADVANCE_LINE:
		line_advance(program, in);
		return true;
	case DW_LNS_SET_FILE:
		(void)!reader_u64(in, &program->at.file);
		return true;
	case DW_LNS_SET_COLUMN:
		column_set(program, in);
		return true;
	case DW_LNS_CONST_ADD_PC:
		advance(program, special(program, 255) / program->table->line_range);
		return true;
	case DW_LNS_FIXED_ADVANCE_PC:
		if (dwarf_number(in, 2, &value))
			program->at.address += value;
		return true;
	default:
		operands_skip(program, in, opcode);
		return true;
	}
}

static bool special_run(struct program *program, unsigned opcode)
{
	const struct dwarf_table *table = program->table;
	unsigned number = special(program, opcode);
	advance(program, number / table->line_range);
	program->at.line += (uint32_t)(table->line_base + (int)(number % table->line_range));
	return row_make(program);
}

/* Up to what is wrong. False without memory. */
static bool program_run(struct program *program, struct reader *in)
{
	uint8_t opcode;
	program_reset(program);
	while (reader_left(in) && in->error->code == SV_ERROR_NONE && reader_byte(in, &opcode)) {
		if (opcode == 0)
			TRY(extended_run(program, in));
		else if (opcode < program->table->opcode_base)
			TRY(standard_run(program, in, opcode));
		else
			TRY(special_run(program, opcode));
	}
	return true;
}

/* ---- tables ---- */

static bool table_run(struct collection *all, const struct dwarf_table *table, struct reader *in)
{
	struct program program = {.all = all, .table = table};
	program.number_count = table->files.length / sizeof(struct dwarf_file);
	program.numbers = calloc(program.number_count + 1, sizeof *program.numbers);
	bool done = program.numbers && program_run(&program, in);
	buffer_finish(&program.sequence);
	free(program.numbers);
	return done;
}

static bool tables_read(struct collection *all, const struct dwarf *dwarf,
		const struct dwarf_folders *folders)
{
	struct sv_error dropped = SV_ERROR_INIT;
	struct reader in = dwarf_reader(dwarf->line, &dropped), part;
	bool done = true;
	while (done && reader_left(&in)) {
		struct sv_error error = SV_ERROR_INIT;
		struct dwarf_table table = {
				.folder = dwarf_folders_find(folders, reader_offset(&in))};
		unsigned offset_size;
		if (!dwarf_part(&in, &part, &offset_size))
			return true;
		part.error = &error;
		if (dwarf_table_read(&table, &part, dwarf, offset_size))
			done = table_run(all, &table, &part);
		done = done && error.code != SV_ERROR_NO_MEMORY;
		dwarf_table_finish(&table);
	}
	return done;
}

bool dwarf_rows_read(struct source_lines *lines, const struct dwarf *dwarf, uint32_t code_start,
		uint32_t code_size)
{
	struct collection all = {.lines = lines, .code_start = code_start, .code_size = code_size};
	struct dwarf_folders folders = {0};
	all.path.limit = source_path_most;
	bool done = dwarf_folders_read(&folders, dwarf) && tables_read(&all, dwarf, &folders);
	dwarf_folders_finish(&folders);
	buffer_finish(&all.path);
	free(all.slots);
	return done;
}
