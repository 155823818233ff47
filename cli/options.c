/*
 * options.c: getopt_long driven by option tables, and the usage text from them.
 */
#include "cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/report.h"
#include "cli/units.h"

#define MAX_ROWS 64
/* Codes getopt_long returns: row n is FIRST_ROW + n, whichever of its names was used. */
#define FIRST_ROW 0x100
#define CODE_HELP 1
#define CODE_JSON 2

/* What getopt_long wants to see of a table. */
struct getopt_form {
	struct option names[MAX_ROWS + 3];
	char letters[2 * MAX_ROWS + 8];
};

static void form_init(struct getopt_form *form, const struct option_table *table)
{
	check(table->row_count <= MAX_ROWS);
	struct option *name = form->names;
	/* '+': stop at the first operand; ':': a missing value is reported as ':'. */
	char *letter = form->letters;
	if (table->stop_at_operand)
		*letter++ = '+';
	*letter++ = ':';
	*letter++ = 'h';
	*name++ = (struct option){"help", no_argument, NULL, CODE_HELP};
	*name++ = (struct option){"json", no_argument, NULL, CODE_JSON};
	for (size_t i = 0; i < table->row_count; i++) {
		const struct option_row *row = &table->rows[i];
		bool flag = row->kind == OPTION_FLAG;
		if (row->name)
			*name++ = (struct option){row->name, flag ? no_argument : required_argument,
					NULL, FIRST_ROW + (int)i};
		if (!row->letter)
			continue;
		*letter++ = row->letter;
		if (!flag)
			*letter++ = ':';
	}
	*letter = '\0';
	*name = (struct option){0};
}

static const struct option_row *row_of_code(const struct option_table *table, int code)
{
	if (code >= FIRST_ROW)
		return &table->rows[code - FIRST_ROW];
	for (size_t i = 0; i < table->row_count; i++) {
		if (table->rows[i].letter == code)
			return &table->rows[i];
	}
	return NULL;
}

/* The option as the user knows it. */
static const char *row_label(const struct option_row *row, char *buffer, size_t size)
{
	if (row->name)
		snprintf(buffer, size, "--%s", row->name);
	else
		snprintf(buffer, size, "-%c", row->letter);
	return buffer;
}

static bool choice_parse(const struct option_row *row, const char *label, const char *text,
		unsigned *value, struct sv_error *error)
{
	char known[200] = "";
	for (unsigned i = 0; row->choices[i]; i++) {
		if (strcmp(row->choices[i], text) == 0) {
			*value = i;
			return true;
		}
		snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "",
				row->choices[i]);
	}
	return sv_fail(error, SV_ERROR_USAGE, "%s takes one of %s, not \"%s\"", label, known, text);
}

static bool list_append(struct option_list *list, const char *text, struct sv_error *error)
{
	const char **items = reallocarray(list->items, list->count + 1, sizeof *items);
	if (!items)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for options");
	list->items = items;
	items[list->count++] = text;
	return true;
}

void option_list_finish(struct option_list *list)
{
	free(list->items);
	*list = (struct option_list){0};
}

static bool row_set(const struct option_row *row, const char *text, void *values,
		struct sv_error *error)
{
	void *field = (char *)values + row->offset;
	char label[40];
	row_label(row, label, sizeof label);
	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return true;
	case OPTION_TEXT:
		*(const char **)field = text;
		return true;
	case OPTION_LIST:
		return list_append(field, text, error);
	case OPTION_NUMBER:
		return number_parse(label, text, row->minimum, row->maximum, field, error);
	case OPTION_SIZE:
		return size_parse(label, text, field, error);
	case OPTION_DURATION:
		return duration_parse(label, text, field, error);
	case OPTION_CHOICE:
		return choice_parse(row, label, text, field, error);
	}
	return true;
}

/* --json decides how a wrong option before it is reported, so it is looked for first. */
static void options_find_json(const struct getopt_form *form, int argc, char **argv)
{
	/* getopt_long moves operands to the end, also when it then fails: it gets a copy. */
	char **copy = calloc((size_t)argc + 1, sizeof *copy);
	if (!copy)
		return;
	memcpy(copy, argv, (size_t)argc * sizeof *copy);
	int code;
	optind = 0;
	while ((code = getopt_long(argc, copy, form->letters, form->names, NULL)) != -1) {
		if (code == CODE_JSON)
			report_use_json();
	}
	optind = 0;
	free(copy);
}

/* The argument getopt_long has just refused, for the message. */
static int report_refused(const struct option_table *table, char **argv, int code)
{
	const struct option_row *row = optopt ? row_of_code(table, optopt) : NULL;
	char label[40];
	if (row)
		row_label(row, label, sizeof label);
	else if (optopt && optopt < 0x80)
		snprintf(label, sizeof label, "-%c", optopt);
	else
		snprintf(label, sizeof label, "%.39s", argv[optind - 1]);
	if (code == ':')
		return report_usage("%s needs a value (see `selvage help %s`)", label,
				table->command);
	if (row || optopt == CODE_HELP || optopt == CODE_JSON)
		return report_usage("\"%.39s\" takes no value (see `selvage help %s`)",
				argv[optind - 1], table->command);
	return report_usage("unknown option %s (see `selvage help %s`)", label, table->command);
}

/* EXIT_FINE, or EXIT_USAGE with the error reported. */
static int options_check_operands(const struct option_table *table, int argc)
{
	int given = argc - optind;
	if (given < table->minimum_operands)
		return report_usage("%s: no %s given (see `selvage help %s`)", table->command,
				table->operand ? table->operand : "file", table->command);
	if (table->maximum_operands >= 0 && given > table->maximum_operands)
		return report_usage("%s: too many operands (see `selvage help %s`)", table->command,
				table->command);
	return EXIT_FINE;
}

bool options_parse(const struct option_table *table, int argc, char **argv, void *values,
		int *operand, int *code)
{
	struct getopt_form form;
	form_init(&form, table);
	opterr = 0;
	options_find_json(&form, argc, argv);
	*code = EXIT_USAGE;
	int found;
	while ((found = getopt_long(argc, argv, form.letters, form.names, NULL)) != -1) {
		if (found == CODE_JSON)
			continue;
		if (found == CODE_HELP || found == 'h') {
			options_print_help(table);
			*code = EXIT_FINE;
			return false;
		}
		if (found == ':' || found == '?') {
			report_refused(table, argv, found);
			return false;
		}
		struct sv_error error = SV_ERROR_INIT;
		if (!row_set(row_of_code(table, found), optarg, values, &error)) {
			report_error(&error);
			return false;
		}
	}
	*operand = optind;
	*code = options_check_operands(table, argc);
	return *code == EXIT_FINE;
}

static void row_print(const struct option_row *row)
{
	char left[80];
	const char *argument = row->argument ? row->argument : "";
	if (!row->name)
		snprintf(left, sizeof left, "-%c%s%s", row->letter, row->argument ? " " : "",
				argument);
	else if (row->letter)
		snprintf(left, sizeof left, "-%c, --%s%s%s", row->letter, row->name,
				row->argument ? " " : "", argument);
	else
		snprintf(left, sizeof left, "--%s%s%s", row->name, row->argument ? " " : "",
				argument);
	printf("  %-28s %s\n", left, row->help);
}

void options_print_help(const struct option_table *table)
{
	const struct command *command = command_find(table->command);
	printf("usage: selvage %s [OPTIONS] %s\n%s\n\n", command->name, command->operands,
			command->summary);
	for (size_t i = 0; i < table->row_count; i++)
		row_print(&table->rows[i]);
	printf("  %-28s %s\n", "--json",
			table->json_help ? table->json_help
					 : "errors as one JSON object on standard error");
	printf("  %-28s %s\n", "-h, --help", "this text");
}
