/*
 * client_print.h: answers of a server for people. Text comes from whoever deployed or called, so
 * nothing in it moves the cursor or changes a terminal.
 */
#ifndef SELVAGE_CLI_CLIENT_PRINT_H
#define SELVAGE_CLI_CLIENT_PRINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A member of an object: what it is called for people, and in the answer. */
struct print_field {
	const char *title;
	const char *key;
};

/* Text with control characters as \xNN. */
void print_text(FILE *to, const char *text);

/* With --json print the answer as it is and return true. */
bool print_json(const json_t *answer);

/* A line for each member that is there. */
void print_fields(const json_t *object, const struct print_field *fields, size_t count);

/* A line of titles and one for each object of the array, in columns. */
void print_table(const json_t *array, const struct print_field *fields, size_t count);

#endif
