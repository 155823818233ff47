/*
 * client_print.c: prints answers.
 */
#include "cli/client_print.h"

#include <string.h>

#include "base/check.h"
#include "cli/report.h"

#define MAX_COLUMNS 8
/* A column is made no wider for a longer value, which is printed all the same. */
#define WIDEST 64

void print_text(FILE *to, const char *text)
{
	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		/* U+0080 to U+009F are control characters too, of two bytes in UTF-8. */
		bool is_wide = at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0;
		if (is_wide)
			fprintf(to, "\\x%02x", *++at);
		else if (*at < 0x20 || *at == 0x7f)
			fprintf(to, "\\x%02x", *at);
		else
			fputc(*at, to);
	}
}

bool print_json(const json_t *answer)
{
	if (!report_uses_json())
		return false;
	json_dumpf(answer, stdout, JSON_INDENT(2));
	putchar('\n');
	return true;
}

/* A value for people: text as it is, "-" for none. `buffer` is for numbers. */
static const char *value_text(const json_t *value, char *buffer, size_t size)
{
	if (json_is_string(value))
		return json_string_value(value);
	if (json_is_boolean(value))
		return json_is_true(value) ? "yes" : "no";
	if (!json_is_integer(value))
		return "-";
	snprintf(buffer, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return buffer;
}

static const char *member_text(const json_t *object, const struct print_field *field, char *buffer,
		size_t size)
{
	return value_text(json_object_get(object, field->key), buffer, size);
}

/* As many columns as text_print fills, if a character is a column. */
static int text_width(const char *text)
{
	int width = 0;
	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

void print_fields(const json_t *object, const struct print_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char buffer[32];
		if (!json_object_get(object, fields[i].key))
			continue;
		printf("%-12s ", fields[i].title);
		print_text(stdout, member_text(object, &fields[i], buffer, sizeof buffer));
		putchar('\n');
	}
}

static int column_width(const json_t *array, const struct print_field *field)
{
	int width = text_width(field->title);
	size_t i;
	json_t *object;
	json_array_foreach((json_t *)array, i, object)
	{
		char buffer[32];
		int wanted = text_width(member_text(object, field, buffer, sizeof buffer));
		if (wanted > width)
			width = wanted;
	}
	return width < WIDEST ? width : WIDEST;
}

/* The last column has nothing behind it. */
static void cell_print(const char *text, int width, bool is_last)
{
	print_text(stdout, text);
	if (is_last)
		putchar('\n');
	else
		printf("%*s", width > text_width(text) ? width - text_width(text) + 2 : 2, "");
}

void print_table(const json_t *array, const struct print_field *fields, size_t count)
{
	int widths[MAX_COLUMNS];
	check(count <= MAX_COLUMNS);
	for (size_t i = 0; i < count; i++) {
		widths[i] = column_width(array, &fields[i]);
		cell_print(fields[i].title, widths[i], i + 1 == count);
	}
	size_t row;
	json_t *object;
	json_array_foreach((json_t *)array, row, object)
	{
		for (size_t i = 0; i < count; i++) {
			char buffer[32];
			cell_print(member_text(object, &fields[i], buffer, sizeof buffer),
					widths[i], i + 1 == count);
		}
	}
}
