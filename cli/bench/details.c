/*
 * details.c: a JSON object as lines for people.
 */
#include "cli/bench/details.h"

#include <stdio.h>
#include <string.h>

#include "cli/units.h"

static const char bytes_ending[] = "_bytes";

/* "resident_bytes" is a size; its unit says so. */
static size_t name_length(const char *name)
{
	size_t length = strlen(name), ending = sizeof bytes_ending - 1;
	bool is_size = length > ending && strcmp(name + length - ending, bytes_ending) == 0;
	return is_size ? length - ending : length;
}

static void name_print(const char *outer, const char *name)
{
	char label[80];
	snprintf(label, sizeof label, "%s%s%.*s", outer, *outer ? " " : "", (int)name_length(name),
			name);
	for (char *at = label; *at; at++)
		*at = *at == '_' ? ' ' : *at;
	printf("%-28s ", label);
}

static void member_print(const char *outer, const char *name, const json_t *value)
{
	char size[32];
	name_print(outer, name);
	if (json_is_string(value)) {
		puts(json_string_value(value));
	} else if (name[name_length(name)]) {
		size_text((uint64_t)json_number_value(value), size, sizeof size);
		puts(size);
	} else if (json_is_integer(value)) {
		printf("%" JSON_INTEGER_FORMAT "\n", json_integer_value(value));
	} else {
		printf("%.2f\n", json_number_value(value));
	}
}

static void object_print(const char *outer, const json_t *object)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)object, name, value)
	{
		if (json_is_object(value))
			object_print(name, value);
		else
			member_print(outer, name, value);
	}
}

void details_print(const json_t *details)
{
	if (details)
		object_print("", details);
}
