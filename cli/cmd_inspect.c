/*
 * cmd_inspect.c: `selvage inspect [--json] [--disassemble FUNCTION] FILE`.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/compile_flags.h"
#include "cli/disassemble.h"
#include "cli/inspect.h"
#include "cli/json.h"
#include "cli/module_open.h"
#include "cli/options.h"
#include "cli/profile_file.h"
#include "cli/report.h"
#include "cli/units.h"

struct inspect_command {
	const char *function; /* NULL: describe the file */
	const char *module;
	struct compile_flags flags;
};

static const struct option_row rows[] = {
		{.name = "disassemble",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct inspect_command, function),
				.argument = "FUNCTION",
				.help = "machine code of a function, by name or index, beside its "
					"operators"},
		{.name = "module",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct inspect_command, module),
				.argument = "FILE",
				.help = "module that the artifact was compiled from, for its "
					"operators"},
		COMPILE_FLAG_ROWS(struct inspect_command, flags),
};

static const struct option_table table = {
		.command = "inspect",
		.rows = rows,
		.row_count = ARRAY_LENGTH(rows),
		.json_help = "the description, or an error, as one JSON object",
		.minimum_operands = 1,
		.maximum_operands = 1,
};

/* A string member, safe for a terminal. Valid until the next call. */
static const char *member_text(const json_t *object, const char *key)
{
	static char text[600];
	const json_t *member = json_object_get(object, key);
	text_of_name(json_string_value(member), json_string_length(member), text, sizeof text);
	return text;
}

static void print_number(const json_t *object, const char *key, const char *label)
{
	const json_t *member = json_object_get(object, key);
	if (json_is_integer(member))
		printf("  %-11s %" JSON_INTEGER_FORMAT "\n", label, json_integer_value(member));
}

static void print_size(const json_t *object, const char *key, const char *label)
{
	char text[32];
	const json_t *member = json_object_get(object, key);
	if (!json_is_integer(member))
		return;
	size_text((uint64_t)json_integer_value(member), text, sizeof text);
	printf("  %-11s %s\n", label, text);
}

static void print_text(const json_t *object, const char *key, const char *label)
{
	const char *text = member_text(object, key);
	if (*text)
		printf("  %-11s %s\n", label, text);
}

static void print_features(const json_t *features)
{
	if (!features)
		return;
	printf("  %-11s", "features");
	size_t i;
	json_t *name;
	json_array_foreach(features, i, name) printf(" %s", json_string_value(name));
	puts(json_array_size(features) ? "" : " WebAssembly 1.0");
}

static void print_externs(const json_t *list, const char *title)
{
	printf("  %s: %zu\n", title, json_array_size(list));
	size_t i;
	json_t *row;
	json_array_foreach(list, i, row)
	{
		if (json_object_get(row, "module"))
			printf("    %s.", member_text(row, "module"));
		else
			printf("    ");
		printf("%s: ", member_text(row, "name"));
		printf("%s ", member_text(row, "kind"));
		printf("%s\n", member_text(row, "type"));
	}
}

static void print_space(const json_t *list, const char *title)
{
	if (!json_array_size(list))
		return;
	printf("  %s: %zu\n", title, json_array_size(list));
	size_t i;
	json_t *row;
	json_array_foreach(list, i, row) printf("    %" JSON_INTEGER_FORMAT ": %s%s\n",
			json_integer_value(json_object_get(row, "index")), member_text(row, "type"),
			json_is_true(json_object_get(row, "imported")) ? ", imported" : "");
}

static void print_counts(const json_t *object)
{
	const json_t *functions = json_object_get(object, "functions");
	const json_t *data = json_object_get(object, "data");
	char text[32];
	printf("  %-11s %" JSON_INTEGER_FORMAT " and %" JSON_INTEGER_FORMAT " imported\n",
			"functions", json_integer_value(json_object_get(functions, "own")),
			json_integer_value(json_object_get(functions, "imported")));
	print_number(object, "start", "start");
	print_size(object, "code_bytes", "code");
	size_text((uint64_t)json_integer_value(json_object_get(data, "bytes")), text, sizeof text);
	printf("  %-11s %" JSON_INTEGER_FORMAT " segments, %s\n", "data",
			json_integer_value(json_object_get(data, "segments")), text);
	print_number(object, "elements", "elements");
	print_size(object, "image_bytes", "image");
}

static void print_object(const json_t *object)
{
	char size[32];
	size_text((uint64_t)json_integer_value(json_object_get(object, "size")), size, sizeof size);
	printf("%s: ", member_text(object, "file"));
	printf("%s, %s\n", member_text(object, "kind"), size);
	print_text(object, "name", "name");
	const json_t *valid = json_object_get(object, "valid");
	if (valid)
		printf("  %-11s %s\n", "valid", json_is_true(valid) ? "yes" : "no");
	print_text(object, "error", "error");
	print_features(json_object_get(object, "features"));
	print_text(object, "compiler", "compiler");
	print_number(object, "abi", "abi");
	print_text(object, "target", "target");
	print_text(object, "cpu", "cpu");
	print_text(object, "bounds", "bounds");
	print_number(object, "level", "level");
	if (json_is_true(json_object_get(object, "snapshot")))
		printf("  %-11s yes: instances begin where one was\n", "snapshot");
	if (json_is_true(json_object_get(object, "fuel")))
		printf("  %-11s %s\n", "fuel", "counted");
	if (json_is_true(json_object_get(object, "profile")))
		printf("  %-11s %s\n", "profile", "counted");
	print_counts(object);
	print_space(json_object_get(object, "memories"), "memories");
	print_space(json_object_get(object, "tables"), "tables");
	print_space(json_object_get(object, "globals"), "globals");
	print_externs(json_object_get(object, "imports"), "imports");
	print_externs(json_object_get(object, "exports"), "exports");
}

static json_t *inspect_file(const char *path, struct sv_error *error)
{
	struct buffer bytes = {0};
	enum module_form form;
	json_t *object = NULL;
	if (module_read_file(path, &bytes, &form, error)) {
		object = form == MODULE_ARTIFACT ? inspect_artifact(buffer_view(&bytes), error)
						 : inspect_module(buffer_view(&bytes), error);
		if (!object)
			sv_error_prefix(error, "%s", module_label(path));
	}
	if (object) {
		json_object_set_new(object, "file", json_text(path, strlen(path)));
		json_object_set_new(object, "size", json_integer((json_int_t)bytes.length));
	}
	buffer_finish(&bytes);
	return object;
}

static int inspect_print(json_t *object, void (*print)(const json_t *), struct sv_error *error)
{
	if (!object)
		return report_error(error);
	if (report_uses_json()) {
		json_dumpf(object, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		print(object);
	}
	json_decref(object);
	return EXIT_FINE;
}

int cmd_inspect(int argc, char **argv)
{
	struct inspect_command command = {.flags = COMPILE_FLAGS_INIT};
	int operand, code;
	if (!options_parse(&table, argc, argv, &command, &operand, &code))
		return code;
	struct sv_error error = SV_ERROR_INIT;
	const char *path = argv[operand];
	if (command.function)
		return inspect_print(disassemble(path, &command.flags, command.module,
						     command.function, &error),
				disassembly_print, &error);
	if (command.module)
		return report_usage("inspect: --module goes with --disassemble");
	if (profile_file_is_one(path))
		return inspect_print(profile_file_describe(path, &error), profile_file_print,
				&error);
	return inspect_print(inspect_file(path, &error), print_object, &error);
}
