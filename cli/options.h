/*
 * options.h: options from tables. A command describes its options in rows; parsing and the usage
 * text come from the same rows. Values go to the fields of the command's own struct, which holds
 * the defaults before.
 */
#ifndef SELVAGE_CLI_OPTIONS_H
#define SELVAGE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"

enum option_kind {
	OPTION_FLAG,     /* bool: becomes true */
	OPTION_TEXT,     /* const char *, borrowed from argv */
	OPTION_LIST,     /* struct option_list: may be given more than once */
	OPTION_NUMBER,   /* uint64_t from minimum to maximum */
	OPTION_SIZE,     /* uint64_t, bytes */
	OPTION_DURATION, /* uint64_t, nanoseconds */
	OPTION_CHOICE,   /* unsigned: index in `choices` */
};

struct option_list {
	const char **items; /* owned; option_list_finish releases it */
	size_t count;
};

struct option_row {
	const char *name; /* long name; NULL if there is only the letter */
	char letter;      /* 0: none */
	enum option_kind kind;
	size_t offset;        /* of the field in the command's struct */
	const char *argument; /* name of the value in the usage text; NULL for flags */
	const char *help;
	uint64_t minimum, maximum;   /* numbers only */
	const char *const *choices;  /* choices only; ends with NULL */
};

struct option_table {
	const char *command;      /* name in commands.def */
	const struct option_row *rows;
	size_t row_count;
	bool stop_at_operand;       /* what follows the first operand is not ours to read */
	const char *json_help;       /* if --json does more than for every command */
	const char *operand;         /* what lacks if one does, for the message; NULL: "file" */
	int minimum_operands;
	int maximum_operands;       /* -1: any number */
};

/*
 * Parse `argv` into `values`; `*operand` becomes the index of the first operand, all of which
 * stand at the end of `argv`. --help and --json are understood by every command. False if the
 * command is over, with its exit code in `*code`: --help was answered, or an error reported.
 */
bool options_parse(const struct option_table *table, int argc, char **argv, void *values,
		int *operand, int *code);

/* Print usage, summary and options of a command. */
void options_print_help(const struct option_table *table);

void option_list_finish(struct option_list *list);

#endif
