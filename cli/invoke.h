/*
 * invoke.h: arguments of a guest function from text, its results to text.
 */
#ifndef SELVAGE_CLI_INVOKE_H
#define SELVAGE_CLI_INVOKE_H

#include <stdbool.h>
#include <stdio.h>

#include "abi/layout.h"
#include "abi/types.h"
#include "base/check.h"
#include "base/error.h"

/*
 * Parse `text` as a value: integers in decimal or 0x hexadecimal, signed or unsigned; floats as
 * strtod reads them, inf and nan too; vectors as in vector_text.h; references only as "null".
 */
SV_MUST_USE bool value_parse(const char *text, enum sv_type type, union sv_value *value,
		struct sv_error *error);

/* Print a value and a newline; floats so that reading them back gives the same bits. */
void value_print(FILE *file, enum sv_type type, const union sv_value *value);

/*
 * Parse `count` arguments for a function of this signature ("iI:f") into `values`, which has
 * room for them. The error is about usage.
 */
SV_MUST_USE bool arguments_parse(const char *name, const char *signature, char *const *arguments,
		int count, union sv_value *values, struct sv_error *error);

/* Print all results of a function of this signature, one a line. */
void results_print(FILE *file, const char *signature, const union sv_value *values);

/* Room that arguments and results of this signature need, in values; at least 1. */
size_t signature_room(const char *signature);

#endif
