/*
 * json.h: text from guests, made safe for JSON and for a terminal.
 */
#ifndef SELVAGE_CLI_JSON_H
#define SELVAGE_CLI_JSON_H

#include <jansson.h>
#include <stddef.h>

/* A JSON string; bytes that are not UTF-8 become '?'. */
json_t *json_text(const char *bytes, size_t length);

/* Copy a name, cut to fit, with control characters as \xNN. Always ends with a NUL. */
void text_of_name(const char *bytes, size_t length, char *text, size_t size);

#endif
