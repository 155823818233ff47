/*
 * transcript.c: comparing what two hosts saw.
 */
#include "tests/fuzz/transcript.h"

#include <inttypes.h>
#include <stdio.h>

#include "abi/layout.h"

void transcript_clear(struct transcript *transcript)
{
	transcript->count = 0;
	transcript->why[0] = '\0';
}

void transcript_add(struct transcript *transcript, enum record_tag tag, uint64_t value)
{
	uint32_t at = transcript->count++;
	if (at < TRANSCRIPT_RECORDS)
		transcript->records[at] = (struct record){(uint8_t)tag, value};
}

/* V8 has one message for all that is wrong with an element, for all nulls, for all conversions. */
static uint64_t trap_class(uint64_t kind)
{
	switch (kind) {
	case SV_TRAP_UNDEFINED_ELEMENT:
		return SV_TRAP_TABLE_BOUNDS;
	case SV_TRAP_NULL_ELEMENT:
		return SV_TRAP_CALL_TYPE;
	case SV_TRAP_UNALIGNED_ATOMIC:
		/* If out of bounds as well, either may be said. */
		return SV_TRAP_MEMORY_BOUNDS;
	case SV_TRAP_NULL_FUNCTION:
	case SV_TRAP_NULL_STRUCT:
	case SV_TRAP_NULL_ARRAY:
	case SV_TRAP_NULL_I31:
		return SV_TRAP_NULL_REFERENCE;
	case SV_TRAP_CONVERSION:
		return SV_TRAP_INTEGER_OVERFLOW;
	default:
		return kind;
	}
}

/* An operator on two arrays, or an array and a segment, may owe several of these. */
static bool trap_is_of_range(uint64_t kind)
{
	return kind == SV_TRAP_NULL_REFERENCE || kind == SV_TRAP_ARRAY_BOUNDS ||
			kind == SV_TRAP_MEMORY_BOUNDS || kind == SV_TRAP_TABLE_BOUNDS;
}

static bool trap_is_of_array(uint64_t kind)
{
	return kind == SV_TRAP_NULL_REFERENCE || kind == SV_TRAP_ARRAY_BOUNDS;
}

static bool trap_agrees(uint64_t a, uint64_t b)
{
	a = trap_class(a);
	b = trap_class(b);
	bool is_array = trap_is_of_array(a) || trap_is_of_array(b);
	return a == b || (is_array && trap_is_of_range(a) && trap_is_of_range(b));
}

static bool record_equal(const struct record *a, const struct record *b, bool classes)
{
	if (a->tag != b->tag)
		return false;
	if (a->tag == RECORD_TRAP && classes)
		return trap_agrees(a->value, b->value);
	return a->value == b->value;
}

static int record_print(const struct transcript *transcript, uint32_t at, char *line, size_t size)
{
	if (at >= transcript->count)
		return snprintf(line, size, "nothing");
	const struct record *record = &transcript->records[at];
	return snprintf(line, size, "%c %" PRIx64 " %s", record->tag, record->value,
			record->tag == RECORD_REFUSED ? transcript->why : "");
}

bool transcript_equal(const struct transcript *a, const struct transcript *b, bool classes,
		char *line, size_t size)
{
	uint32_t most = a->count > b->count ? a->count : b->count;
	uint32_t seen = most < TRANSCRIPT_RECORDS ? most : TRANSCRIPT_RECORDS;
	for (uint32_t i = 0; i < seen; i++) {
		if (i < a->count && i < b->count &&
				record_equal(&a->records[i], &b->records[i], classes))
			continue;
		size_t at = (size_t)snprintf(line, size, "record %u: ", i);
		at += (size_t)record_print(a, i, line + at, size - at);
		if (at < size)
			at += (size_t)snprintf(line + at, size - at, " / ");
		if (at < size)
			record_print(b, i, line + at, size - at);
		return false;
	}
	if (a->count != b->count)
		snprintf(line, size, "%u / %u records", a->count, b->count);
	return a->count == b->count;
}
