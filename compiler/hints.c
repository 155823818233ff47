/*
 * hints.c: the custom section metadata.code.branch_hint: which way branches mostly go. Hints
 * are kept in one list for the module, in the order of the section. What is said about
 * anything but a br_if or an if is never looked up; a broken section is as good as none.
 */
#include "compiler/read.h"

/* With `hints` NULL only counts those of one function, and sees whether they are in order. */
static bool hints_function(struct reader *in, uint32_t function, struct branch_hint *hints,
		uint32_t *count)
{
	uint32_t hint_count, offset, size;
	uint64_t next = 0; /* least offset that may follow */
	uint8_t value;
	TRY(reader_u32(in, &hint_count));
	for (uint32_t i = 0; i < hint_count; i++) {
		TRY(reader_u32(in, &offset));
		TRY(reader_u32(in, &size));
		TRY(reader_byte(in, &value));
		if (size != 1 || value > 1 || offset < next)
			return false;
		next = (uint64_t)offset + 1;
		if (hints)
			hints[*count] = (struct branch_hint){function, offset, value == 1};
		++*count;
	}
	return true;
}

static bool hints_walk(struct reader in, struct branch_hint *hints, uint32_t *count)
{
	uint32_t functions, function;
	uint64_t next = 0; /* least index that may follow */
	*count = 0;
	TRY(reader_u32(&in, &functions));
	for (uint32_t i = 0; i < functions; i++) {
		TRY(reader_u32(&in, &function));
		if (function < next)
			return false;
		next = (uint64_t)function + 1;
		TRY(hints_function(&in, function, hints, count));
	}
	return in.at == in.end;
}

bool hints_read(struct module *module, struct sv_bytes section, struct sv_error *error)
{
	struct sv_error dropped = SV_ERROR_INIT;
	struct reader in = {
			.at = section.data,
			.end = section.data + section.length,
			.start = module->input.data,
			.error = &dropped,
	};
	uint32_t count;
	if (!section.data || !hints_walk(in, NULL, &count))
		return true;
	struct branch_hint *hints = arena_new(&module->arena, count, sizeof *hints);
	if (!hints)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the branch hints");
	bool ok = hints_walk(in, hints, &count);
	check(ok);
	module->hints = hints;
	module->hint_count = count;
	return true;
}

static bool hint_is_before(const struct branch_hint *hint, uint32_t function, uint64_t offset)
{
	return hint->function < function || (hint->function == function && hint->offset < offset);
}

enum expectation hints_find(const struct module *module, uint32_t function, uint64_t offset)
{
	uint32_t first = 0, last = module->hint_count;
	while (first < last) {
		uint32_t middle = first + (last - first) / 2;
		if (hint_is_before(&module->hints[middle], function, offset))
			first = middle + 1;
		else
			last = middle;
	}
	if (first == module->hint_count)
		return EXPECT_NOTHING;
	const struct branch_hint *hint = &module->hints[first];
	if (hint->function != function || hint->offset != offset)
		return EXPECT_NOTHING;
	return hint->taken ? EXPECT_TAKEN : EXPECT_NOT_TAKEN;
}
