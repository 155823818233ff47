/*
 * units.h: numbers with units on the command line: 500ms, 2s, 64MiB, 1G.
 */
#ifndef SELVAGE_CLI_UNITS_H
#define SELVAGE_CLI_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"

/* A decimal number between `minimum` and `maximum`. `what` names the option in messages. */
SV_MUST_USE bool number_parse(const char *what, const char *text, uint64_t minimum,
		uint64_t maximum, uint64_t *value, struct sv_error *error);

/* Bytes: a decimal number and nothing, K, KiB, M, MiB, G or GiB (powers of 1024). */
SV_MUST_USE bool size_parse(const char *what, const char *text, uint64_t *bytes,
		struct sv_error *error);

/* Nanoseconds: a decimal number and us, ms, s, m or h; not 0. */
SV_MUST_USE bool duration_parse(const char *what, const char *text, uint64_t *nanoseconds,
		struct sv_error *error);

/* "500ms", "2s": the largest unit that has no remainder. */
void duration_text(uint64_t nanoseconds, char *text, size_t size);

/* "64 KiB", "7.3 MiB": for reading, not exact. */
void size_text(uint64_t bytes, char *text, size_t size);

#endif
