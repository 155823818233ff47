/*
 * dwarf_lines.cc: line tables through LLVM's reader of DWARF. What they say is untrusted: rows
 * outside of the code are left out, and complaints are dropped.
 */
#include "compiler/dwarf_lines.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <llvm/ADT/StringMap.h>
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/DebugInfo/DWARF/DWARFDebugLine.h>
#include <llvm/Support/MemoryBuffer.h>

using namespace llvm;

namespace
{

typedef DWARFDebugLine::LineTable LineTable;
typedef StringMap<std::unique_ptr<MemoryBuffer>> Sections;

/* The code section's contents in the module's file. */
struct Code {
	uint32_t start, size;
};

/* Rows and files as they are collected. */
struct Collection {
	std::vector<source_row> rows;
	std::vector<std::string> files;
	StringMap<uint32_t> file_numbers;
};

} // namespace

static uint32_t file_number(Collection &all, const std::string &path)
{
	auto known = all.file_numbers.try_emplace(path, (uint32_t)all.files.size());
	if (known.second)
		all.files.push_back(path);
	return known.first->second;
}

/*
 * Rows of one table. What the linker dropped has its lines at address 0, where there is no body,
 * or behind all code.
 */
static void collect_table(Collection &all, const LineTable &table, const char *folder, Code code)
{
	std::vector<uint32_t> numbers; /* by the table's own, plus 1; 0: not asked for yet */
	for (const DWARFDebugLine::Sequence &sequence : table.Sequences) {
		if (!sequence.isValid() || sequence.LowPC == 0 || sequence.HighPC > code.size)
			continue;
		for (unsigned i = sequence.FirstRowIndex; i < sequence.LastRowIndex; i++) {
			const DWARFDebugLine::Row &row = table.Rows[i];
			source_row found = {};
			std::string path;
			found.offset = (uint32_t)(code.start + row.Address.Address);
			if (row.File >= numbers.size())
				numbers.resize(row.File + 1);
			if (numbers[row.File] == 0 &&
					table.getFileNameByIndex(row.File, folder,
							DILineInfoSpecifier::FileLineInfoKind::
									AbsoluteFilePath,
							path))
				numbers[row.File] = file_number(all, path) + 1;
			if (!row.EndSequence && numbers[row.File] != 0) {
				found.file = numbers[row.File] - 1;
				found.line = row.Line;
				found.column = row.Column;
			}
			all.rows.push_back(found);
		}
	}
}

static Collection collect(const Sections &sections, Code code)
{
	Collection all;
	auto ignore = [](Error error) { consumeError(std::move(error)); };
	std::unique_ptr<DWARFContext> context =
			DWARFContext::create(sections, 4, true, ignore, ignore);
	std::set<const LineTable *> seen; /* units may share one */
	for (const std::unique_ptr<DWARFUnit> &unit : context->compile_units()) {
		Expected<const LineTable *> table =
				context->getLineTableForUnit(unit.get(), ignore);
		if (!table)
			consumeError(table.takeError());
		else if (*table && seen.insert(*table).second) {
			const char *folder = unit->getCompilationDir();
			collect_table(all, **table, folder ? folder : "", code);
		}
	}
	/* Where one sequence ends and another begins, the beginning counts. */
	std::stable_sort(all.rows.begin(), all.rows.end(),
			[](const source_row &a, const source_row &b) {
				if (a.offset != b.offset)
					return a.offset < b.offset;
				return a.line == 0 && b.line != 0;
			});
	return all;
}

static bool take(struct source_lines *lines, const Collection &all)
{
	lines->rows = (struct source_row *)calloc(all.rows.size() + 1, sizeof *lines->rows);
	lines->files = (char **)calloc(all.files.size() + 1, sizeof *lines->files);
	if (!lines->rows || !lines->files)
		return false;
	std::copy(all.rows.begin(), all.rows.end(), lines->rows);
	lines->row_count = all.rows.size();
	for (const std::string &path : all.files) {
		char *copy = strdup(path.c_str());
		if (!copy)
			return false;
		lines->files[lines->file_count++] = copy;
	}
	return true;
}

extern "C" bool dwarf_lines_read(struct source_lines *lines, const struct dwarf_section *sections,
		size_t count, uint32_t code_start, uint32_t code_size)
{
	Sections known;
	for (size_t i = 0; i < count; i++) {
		StringRef name((const char *)sections[i].name.data, sections[i].name.length);
		StringRef contents((const char *)sections[i].contents.data,
				sections[i].contents.length);
		known.try_emplace(name, MemoryBuffer::getMemBuffer(contents, "", false));
	}
	return take(lines, collect(known, Code{code_start, code_size}));
}
