/*
 * vector_text.h: v128 values to and from text: a shape and its lanes, "i32x4:1,2,-3,0xff".
 */
#ifndef SELVAGE_CLI_VECTOR_TEXT_H
#define SELVAGE_CLI_VECTOR_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "abi/layout.h"

/* Parse SHAPE:LANE,LANE,... with lanes as value_parse takes them; false if it is none. */
bool vector_parse(const char *text, union sv_value *value);

/* Print as i32x4 in hexadecimal, which vector_parse takes, and a newline. */
void vector_print(FILE *file, const union sv_value *value);

#endif
