/*
 * details.h: what a mode found besides times, as text.
 */
#ifndef SELVAGE_CLI_BENCH_DETAILS_H
#define SELVAGE_CLI_BENCH_DETAILS_H

#include <jansson.h>

/* Print an object of numbers, strings and objects of these, a line for each. NULL: nothing. */
void details_print(const json_t *details);

#endif
