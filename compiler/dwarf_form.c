/*
 * dwarf_form.c: numbers, lengths and values in DWARF (version 5, chapter 7).
 */
#include "compiler/dwarf.h"

#include <string.h>

enum shape { ADDRESS = 1, BLOCK, BYTES, LEB, LINE_STR, NUMBER, OFFSET, STR, TEXT };

struct form {
	enum shape shape; /* 0: unknown */
	unsigned size;
};

static const struct form forms[] = {
#define DWARF_FORM(code, shape, size) [code] = {shape, size},
#include "compiler/dwarf_forms.def"
#undef DWARF_FORM
};

struct reader dwarf_reader(struct sv_bytes section, struct sv_error *error)
{
	return (struct reader){
			.at = section.data,
			.end = section.data + section.length,
			.start = section.data,
			.error = error,
	};
}

bool dwarf_number(struct reader *in, unsigned size, uint64_t *value)
{
	*value = 0;
	if (reader_left(in) < size)
		return reader_fail(in, "unexpected end");
	for (unsigned i = 0; i < size; i++)
		*value |= (uint64_t)in->at[i] << (8 * i);
	in->at += size;
	return true;
}

bool dwarf_part(struct reader *in, struct reader *part, unsigned *offset_size)
{
	uint64_t length;
	*offset_size = 4;
	TRY(dwarf_number(in, 4, &length));
	if (length == UINT32_MAX) {
		*offset_size = 8;
		TRY(dwarf_number(in, 8, &length));
	}
	if (length > reader_left(in))
		return reader_fail(in, "unexpected end");
	*part = *in;
	part->end = in->at + length;
	in->at = part->end;
	return true;
}

static bool skip(struct reader *in, uint64_t length)
{
	if (length > reader_left(in))
		return reader_fail(in, "unexpected end");
	in->at += length;
	return true;
}

static bool skip_block(struct reader *in, unsigned size)
{
	uint64_t length;
	TRY(size ? dwarf_number(in, size, &length) : reader_u64(in, &length));
	return skip(in, length);
}

/* Of any sign and padding: who needs the number is content with its low bits. */
static bool read_leb(struct reader *in, uint64_t *value)
{
	unsigned shift = 0;
	uint8_t byte;
	*value = 0;
	do {
		TRY(reader_byte(in, &byte));
		if (shift < 64)
			*value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return true;
}

bool dwarf_text(struct reader *in, struct sv_bytes *text)
{
	const uint8_t *end = reader_left(in) ? memchr(in->at, 0, reader_left(in)) : NULL;
	if (!end)
		return reader_fail(in, "unexpected end");
	*text = (struct sv_bytes){in->at, (size_t)(end - in->at)};
	in->at = end + 1;
	return true;
}

/* Text at a place in a section; one that is not there is empty. */
static bool read_reference(struct reader *in, struct sv_bytes section, unsigned size,
		struct sv_bytes *text)
{
	uint64_t at;
	TRY(dwarf_number(in, size, &at));
	if (at >= section.length)
		return true;
	const uint8_t *start = section.data + at;
	size_t most = section.length - (size_t)at;
	const uint8_t *end = memchr(start, 0, most <= dwarf_text_most ? most : dwarf_text_most + 1);
	if (end)
		*text = (struct sv_bytes){start, (size_t)(end - start)};
	return true;
}

bool dwarf_value(struct reader *in, const struct dwarf *dwarf, uint64_t code,
		struct dwarf_sizes sizes, struct dwarf_value *value)
{
	struct form form = code < ARRAY_LENGTH(forms) ? forms[code] : (struct form){0};
	*value = (struct dwarf_value){0};
	switch (form.shape) {
	case ADDRESS:
		return dwarf_number(in, sizes.address, &value->number);
	case OFFSET:
		return dwarf_number(in, sizes.offset, &value->number);
	case NUMBER:
		return dwarf_number(in, form.size, &value->number);
	case LEB:
		return read_leb(in, &value->number);
	case BYTES:
		return skip(in, form.size);
	case BLOCK:
		return skip_block(in, form.size);
	case TEXT:
		return dwarf_text(in, &value->text);
	case STR:
		return read_reference(in, dwarf->str, sizes.offset, &value->text);
	case LINE_STR:
		return read_reference(in, dwarf->line_str, sizes.offset, &value->text);
	}
	return reader_fail(in, "unknown form");
}
