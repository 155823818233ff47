/*
 * transcript.h: what a host sees of a module that runs: numbers told to it, how calls end,
 * memory after each.
 */
#ifndef SELVAGE_TESTS_FUZZ_TRANSCRIPT_H
#define SELVAGE_TESTS_FUZZ_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_tag {
	RECORD_NUMBER_I32 = 'i',
	RECORD_NUMBER_I64 = 'I',
	RECORD_NUMBER_F32 = 'f', /* bits; every NaN is the canonical one */
	RECORD_NUMBER_F64 = 'F',
	RECORD_MIX = 'x',     /* argument of the host function that gives a number back */
	RECORD_RETURN = 'R',  /* of the export with this number */
	RECORD_TRAP = 'T',    /* enum sv_trap */
	RECORD_MEMORY = 'M',  /* CRC-32, and size in pages of 1 KiB above */
	RECORD_REFUSED = 'C', /* did not compile, load or instantiate; `why` says more */
};

struct record {
	uint8_t tag;
	uint64_t value;
};

enum { TRANSCRIPT_RECORDS = 3000 };

struct transcript {
	uint32_t count; /* those beyond TRANSCRIPT_RECORDS are counted only */
	struct record records[TRANSCRIPT_RECORDS];
	char why[300];
};

void transcript_clear(struct transcript *transcript);
void transcript_add(struct transcript *transcript, enum record_tag tag, uint64_t value);

/*
 * True if both tell the same. `classes`: trap kinds that another engine does not tell apart are
 * one. If not, one line about the first difference.
 */
bool transcript_equal(const struct transcript *a, const struct transcript *b, bool classes,
		char *line, size_t size);

#endif
