/*
 * disassemble.c: maps an artifact, and asks LLVM for its instructions, the artifact's symbols for
 * their places, and the module for the operators there. Nothing of it is run.
 */
#include "cli/disassemble.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compiler_load.h"
#include "cli/json.h"
#include "cli/module_open.h"
#include "cli/operators.h"
#include "runtime/artifact.h"
#include "runtime/symbols.h"

struct disassembly {
	struct sv_artifact *artifact;
	struct operators *operators; /* NULL: the module is not at hand */
	uint32_t function;
	uintptr_t start, end;
	json_t *instructions;
	char name[200]; /* of the last address that was asked for */
};

static struct sv_bytes function_name(const struct sv_artifact *artifact, uint32_t index)
{
	struct sv_name name = artifact_functions(artifact)[index].name;
	return (struct sv_bytes){(const uint8_t *)artifact_string(artifact, name), name.length};
}

/* ---- which function ---- */

static bool function_is_own(const struct disassembly *d, uint32_t index, struct sv_error *error)
{
	const struct sv_artifact_header *header = d->artifact->header;
	if (index >= header->functions.count)
		return sv_fail(error, SV_ERROR_USAGE,
				"there is no function %" PRIu32 ": the module has %" PRIu32, index,
				header->functions.count);
	if (index < header->imported_functions)
		return sv_fail(error, SV_ERROR_USAGE, "function %" PRIu32 " is imported", index);
	return true;
}

static bool function_by_name(struct disassembly *d, const char *wanted, struct sv_error *error)
{
	const struct sv_artifact_header *header = d->artifact->header;
	size_t length = strlen(wanted);
	uint32_t found = SV_NO_INDEX;
	for (uint32_t i = header->imported_functions; i < header->functions.count; i++) {
		struct sv_bytes name = function_name(d->artifact, i);
		if (name.length != length || memcmp(name.data, wanted, length) != 0)
			continue;
		if (found != SV_NO_INDEX)
			return sv_fail(error, SV_ERROR_USAGE,
					"functions %" PRIu32 " and %" PRIu32
					" are both called '%s': give the index",
					found, i, wanted);
		found = i;
	}
	const struct sv_export_record *export =
			artifact_find_export(d->artifact, wanted, length, SV_EXTERN_FUNCTION);
	if (found == SV_NO_INDEX && export)
		found = export->index;
	if (found == SV_NO_INDEX)
		return sv_fail(error, SV_ERROR_USAGE, "there is no function '%s'", wanted);
	d->function = found;
	return function_is_own(d, found, error);
}

static bool function_find(struct disassembly *d, const char *wanted, struct sv_error *error)
{
	char *end;
	unsigned long index = strtoul(wanted, &end, 10);
	bool is_number = *wanted >= '0' && *wanted <= '9' && !*end;
	if (is_number) {
		d->function = index < SV_NO_INDEX ? (uint32_t)index : SV_NO_INDEX;
		TRY(function_is_own(d, d->function, error));
	} else {
		TRY(function_by_name(d, wanted, error));
	}
	return symbols_code(d->artifact, d->function, &d->start, &d->end) ||
			sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the symbols");
}

/* ---- instructions ---- */

/* What is at the target of a branch or call; addresses count from the function's start. */
static const char *target_name(void *data, uint64_t address)
{
	struct disassembly *d = data;
	struct symbol symbols[1];
	uintptr_t pc = d->start + address;
	if (pc >= d->start && pc < d->end)
		return NULL;
	if (pc < d->artifact->text_start || pc >= d->artifact->text_end ||
			symbols_find(d->artifact, pc, symbols, 1) != 1 || symbols[0].code_offset)
		return NULL;
	struct sv_bytes name = function_name(d->artifact, symbols[0].function);
	size_t length = (size_t)snprintf(d->name, sizeof d->name, "f%" PRIu32 " ",
			symbols[0].function);
	text_of_name((const char *)name.data, name.length, d->name + length,
			sizeof d->name - length);
	return d->name;
}

static void instruction_place(struct disassembly *d, json_t *row, uintptr_t pc)
{
	struct symbol symbols[SV_MAX_FRAMES];
	if (!symbols_find(d->artifact, pc, symbols, SV_MAX_FRAMES) || !symbols[0].wasm_offset)
		return;
	const struct symbol *at = &symbols[0];
	json_object_set_new(row, "wasm_offset", json_integer(at->wasm_offset));
	const char *text = d->operators
			? operators_text(d->operators, at->function, at->wasm_offset)
			: NULL;
	if (text)
		json_object_set_new(row, "operator", json_string(text));
	if (at->function != d->function) {
		struct sv_bytes name = function_name(d->artifact, at->function);
		json_object_set_new(row, "inlined",
				json_text((const char *)name.data, name.length));
	}
	if (!at->source)
		return;
	json_object_set_new(row, "source", json_text(at->source, strlen(at->source)));
	json_object_set_new(row, "line", json_integer(at->line));
	json_object_set_new(row, "column", json_integer(at->column));
}

static void instruction_add(void *data, size_t offset, size_t length, const char *text)
{
	struct disassembly *d = data;
	const uint8_t *bytes = (const uint8_t *)d->start + offset;
	char digits[2 * 16 + 1] = "";
	for (size_t i = 0; i < length && i < 16; i++)
		snprintf(digits + 2 * i, 3, "%02x", bytes[i]);
	/* LLVM writes tabs around the mnemonic. */
	char line[240];
	size_t end = 0;
	for (text += strspn(text, "\t "); *text && end < sizeof line - 1; text++)
		line[end++] = *text == '\t' ? ' ' : *text;
	line[end] = '\0';
	json_t *row = json_object();
	json_object_set_new(row, "offset", json_integer((json_int_t)offset));
	json_object_set_new(row, "bytes", json_string(digits));
	json_object_set_new(row, "text", json_string(line));
	instruction_place(d, row, d->start + offset);
	json_array_append_new(d->instructions, row);
}

static json_t *disassembly_make(struct disassembly *d, const char *path, struct sv_error *error)
{
	struct compiler compiler;
	if (!compiler_load(&compiler, error))
		return NULL;
	struct sv_bytes code = {(const uint8_t *)d->start, d->end - d->start};
	struct sv_bytes name = function_name(d->artifact, d->function);
	d->instructions = json_array();
	if (!compiler.disassemble(code, 0, instruction_add, target_name, d, error)) {
		json_decref(d->instructions);
		return NULL;
	}
	return json_pack("{ss sI so sI sI so}", "file", path, "function", (json_int_t)d->function,
			"name", json_text((const char *)name.data, name.length), "module_offset",
			(json_int_t)artifact_functions(d->artifact)[d->function].wasm_offset,
			"bytes", (json_int_t)code.length, "instructions", d->instructions);
}

/* ---- files ---- */

/* The artifact in `bytes`, or what the module there becomes; then `*module` is that module. */
static struct sv_artifact *artifact_open(struct sv_engine *engine, const char *path,
		const struct compile_flags *flags, const struct buffer *bytes,
		enum module_form form, struct sv_error *error)
{
	if (form == MODULE_ARTIFACT)
		return module_load_bytes(engine, path, buffer_view(bytes), error);
	struct compile_flags all = *flags;
	struct buffer output = {0};
	struct sv_artifact *artifact = NULL;
	all.all_positions = true;
	if (module_compile(path, &all, buffer_view(bytes), &output, error))
		artifact = module_load_bytes(engine, path, buffer_view(&output), error);
	buffer_finish(&output);
	return artifact;
}

/* True if the bodies are where the artifact says. */
static bool operators_fit(const struct disassembly *d)
{
	uint32_t count = d->artifact->header->functions.count;
	for (uint32_t i = 0; i < count; i++) {
		if (operators_body(d->operators, i) !=
				artifact_functions(d->artifact)[i].wasm_offset)
			return false;
	}
	return operators_body(d->operators, count) == 0;
}

static bool operators_open(struct disassembly *d, const struct buffer *input, enum module_form form,
		const char *path, struct buffer *module, struct sv_error *error)
{
	if (form != MODULE_ARTIFACT && path)
		return sv_fail(error, SV_ERROR_USAGE, "--module is for artifacts");
	if (form == MODULE_ARTIFACT && !path)
		return true;
	if (path)
		TRY(module_read_binary(path, module, error));
	d->operators = operators_new(buffer_view(path ? module : input), error);
	bool done = d->operators &&
			(operators_fit(d) ||
					sv_fail(error, SV_ERROR_USAGE,
							"not the module that the artifact was "
							"compiled from"));
	if (!done && path)
		sv_error_prefix(error, "%s", module_label(path));
	return done;
}

json_t *disassemble(const char *path, const struct compile_flags *flags, const char *module,
		const char *function, struct sv_error *error)
{
	struct disassembly d = {0};
	struct buffer input = {0}, other = {0};
	enum module_form form;
	json_t *object = NULL;
	struct sv_engine *engine = sv_engine_new(NULL, error);
	if (engine && module_read_file(path, &input, &form, error))
		d.artifact = artifact_open(engine, path, flags, &input, form, error);
	if (d.artifact && operators_open(&d, &input, form, module, &other, error) &&
			function_find(&d, function, error))
		object = disassembly_make(&d, path, error);
	operators_free(d.operators);
	if (d.artifact)
		sv_artifact_free(d.artifact);
	if (engine)
		sv_engine_free(engine);
	buffer_finish(&other);
	buffer_finish(&input);
	return object;
}

/* ---- for people ---- */

static bool member_equal(const json_t *a, const json_t *b, const char *key)
{
	const json_t *first = json_object_get(a, key), *second = json_object_get(b, key);
	return first == second || (first && second && json_equal(first, second));
}

static void print_place(const json_t *row)
{
	const json_t *offset = json_object_get(row, "wasm_offset");
	const char *text_there = json_string_value(json_object_get(row, "operator"));
	const json_t *inlined = json_object_get(row, "inlined");
	const json_t *source = json_object_get(row, "source");
	char text[200];
	if (!offset)
		return;
	printf("; %06" PRIx64, (uint64_t)json_integer_value(offset));
	if (text_there)
		printf(" %s", text_there);
	if (inlined) {
		text_of_name(json_string_value(inlined), json_string_length(inlined), text,
				sizeof text);
		printf(" (%s)", text);
	}
	if (source) {
		text_of_name(json_string_value(source), json_string_length(source), text,
				sizeof text);
		printf(" %s:%" JSON_INTEGER_FORMAT, text,
				json_integer_value(json_object_get(row, "line")));
	}
}

void disassembly_print(const json_t *object)
{
	const json_t *name = json_object_get(object, "name");
	const json_t *before = NULL, *row;
	char text[200];
	size_t i;
	text_of_name(json_string_value(name), json_string_length(name), text, sizeof text);
	printf("function %" JSON_INTEGER_FORMAT " %s%sat 0x%" PRIx64 " of the module, %" PRIu64
	       " bytes of code\n",
			json_integer_value(json_object_get(object, "function")), text,
			*text ? " " : "",
			(uint64_t)json_integer_value(json_object_get(object, "module_offset")),
			(uint64_t)json_integer_value(json_object_get(object, "bytes")));
	json_array_foreach(json_object_get(object, "instructions"), i, row)
	{
		const char *instruction = json_string_value(json_object_get(row, "text"));
		bool is_same = before && member_equal(before, row, "wasm_offset") &&
				member_equal(before, row, "inlined") &&
				member_equal(before, row, "line");
		bool has_place = !is_same && json_object_get(row, "wasm_offset");
		printf("%6" PRIx64 "  ",
				(uint64_t)json_integer_value(json_object_get(row, "offset")));
		printf(has_place ? "%-52s" : "%s", *instruction ? instruction : "(bad)");
		if (has_place)
			print_place(row);
		putchar('\n');
		before = row;
	}
}
