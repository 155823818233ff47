/*
 * output.h: files that commands make from a module.
 */
#ifndef SELVAGE_CLI_OUTPUT_H
#define SELVAGE_CLI_OUTPUT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

/* IN with another suffix, in the folder of IN; on the heap, NULL if there is no memory. */
char *output_name(const char *input, const char *suffix);

bool output_is_input(const char *input, const char *output);

/* Write a file of this mode, whole or not at all; or ("-") to standard output. */
SV_MUST_USE bool output_write(const char *path, struct sv_bytes bytes, unsigned mode,
		struct sv_error *error);

#endif
