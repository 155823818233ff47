/*
 * generate.h: random modules.
 */
#ifndef SELVAGE_TESTS_FUZZ_GENERATE_H
#define SELVAGE_TESTS_FUZZ_GENERATE_H

#include "base/bytes.h"

/*
 * Append module `number` of the run with `seed` to `module`: always valid, always the
 * same. It exports functions c0, c1... without parameters and results to be called in turn,
 * "o" to be called after each, and memories m0, m1...; it imports from "h" the functions that
 * native.c defines. Adds to coverage[operator] how often each operator was written. True if
 * other engines must do the same with it.
 */
bool generate(uint64_t seed, uint64_t number, struct buffer *module, uint32_t *coverage);

/* Why no module has the operator of this name; NULL: it must be generated. */
const char *generate_excuse(const char *operator_name);

#endif
