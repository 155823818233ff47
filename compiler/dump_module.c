/*
 * dump_module.c: the decoded module as text, a line for each thing, by kind.
 */
#include "compiler/dump.h"

#include <ctype.h>
#include <inttypes.h>

void dump_name(struct sv_bytes name, FILE *file)
{
	fputc('"', file);
	for (size_t i = 0; i < name.length; i++) {
		uint8_t byte = name.data[i];
		if (isprint(byte) && byte < 0x80 && byte != '"' && byte != '\\')
			fputc(byte, file);
		else
			fprintf(file, "\\%02x", byte);
	}
	fputc('"', file);
}

static void dump_types_list(const enum sv_type *types, uint32_t count, FILE *file)
{
	for (uint32_t i = 0; i < count; i++)
		fprintf(file, "%s%s", i ? " " : "", sv_type_text(types[i]).text);
	if (!count)
		fputs("()", file);
}

void dump_type(const struct function_type *type, FILE *file)
{
	dump_types_list(type->parameters, type->parameter_count, file);
	fputs(" -> ", file);
	dump_types_list(type->results, type->result_count, file);
}

static void dump_limits(const struct limits *limits, FILE *file)
{
	fprintf(file, "%s%" PRIu64 "..", limits->is_64 ? "i64 " : "", limits->minimum);
	if (limits->has_maximum)
		fprintf(file, "%" PRIu64, limits->maximum);
	if (limits->is_shared)
		fputs(" shared", file);
	if (limits->page_log2 != SV_WASM_PAGE_LOG2)
		fprintf(file, " pages of 2^%" PRIu32, limits->page_log2);
}

static void dump_constant(const struct constant *constant, FILE *file)
{
	const struct sv_constant *value = &constant->value;
	struct sv_type_text type = sv_type_text((enum sv_type)value->type);
	switch (value->kind) {
	case SV_CONSTANT_BITS:
		fprintf(file, "%s 0x", type.text);
		if (value->type == SV_TYPE_V128)
			fprintf(file, "%016" PRIx64 "%016" PRIx64, value->high, value->value);
		else
			fprintf(file, "%" PRIx64, value->value);
		break;
	case SV_CONSTANT_GLOBAL:
		fprintf(file, "global %" PRIu64, value->value);
		break;
	case SV_CONSTANT_FUNCTION:
		fprintf(file, "function %" PRIu64, value->value);
		break;
	case SV_CONSTANT_CODE:
		fprintf(file, "expression %" PRIu64 " of %s", value->value, type.text);
		break;
	default:
		fprintf(file, "null %s", type.text);
	}
}

static void dump_imports(const struct module *module, FILE *file)
{
	for (uint32_t i = 0; i < module->import_count; i++) {
		const struct import *import = &module->imports[i];
		fprintf(file, "import %s %u ", sv_extern_kind_name(import->kind), import->index);
		dump_name(import->module, file);
		fputc('.', file);
		dump_name(import->name, file);
		fputc('\n', file);
	}
}

static void dump_functions(const struct module *module, FILE *file)
{
	for (uint32_t i = 0; i < module->function_count; i++) {
		const struct function *function = &module->functions[i];
		fprintf(file, "function %u type %u", i, function->type);
		if (function->name.length) {
			fputc(' ', file);
			dump_name(function->name, file);
		}
		if (function->reference != SV_NO_INDEX)
			fprintf(file, " reference %u", function->reference);
		if (i >= module->imported_functions)
			fprintf(file, " at 0x%" PRIx64 ", %zu bytes", function->offset,
					function->body.length);
		fputc('\n', file);
	}
}

static void dump_storage(const struct module *module, FILE *file)
{
	for (uint32_t i = 0; i < module->table_count; i++) {
		fprintf(file, "table %u %s ", i, sv_type_text(module->tables[i].element).text);
		dump_limits(&module->tables[i].limits, file);
		fputc('\n', file);
	}
	for (uint32_t i = 0; i < module->memory_count; i++) {
		fprintf(file, "memory %u ", i);
		dump_limits(&module->memories[i].limits, file);
		fputc('\n', file);
	}
	for (uint32_t i = 0; i < module->global_count; i++) {
		const struct global *global = &module->globals[i];
		fprintf(file, "global %u %s%s", i, global->mutable ? "mutable " : "",
				sv_type_text(global->type).text);
		if (i >= module->imported_globals) {
			fputs(" = ", file);
			dump_constant(&global->initial, file);
		}
		fputc('\n', file);
	}
}

static void dump_exports(const struct module *module, FILE *file)
{
	for (uint32_t i = 0; i < module->export_count; i++) {
		const struct export *export = &module->exports[i];
		fputs("export ", file);
		dump_name(export->name, file);
		fprintf(file, " %s %u\n", sv_extern_kind_name(export->kind), export->index);
	}
	if (module->start != SV_NO_INDEX)
		fprintf(file, "start function %u\n", module->start);
}

static const char *mode_name(enum sv_segment_mode mode)
{
	static const char *const names[] = {
			[SV_SEGMENT_PASSIVE] = "passive",
			[SV_SEGMENT_ACTIVE] = "active",
			[SV_SEGMENT_DECLARED] = "declared",
			[SV_SEGMENT_IMAGE] = "image",
	};
	return names[mode];
}

static void dump_elements(const struct module *module, FILE *file)
{
	for (uint32_t i = 0; i < module->element_count; i++) {
		const struct element_segment *segment = &module->elements[i];
		fprintf(file, "elements %u %s %s", i, mode_name(segment->mode),
				sv_type_text(segment->type).text);
		if (segment->mode == SV_SEGMENT_ACTIVE) {
			fprintf(file, " table %u at ", segment->table);
			dump_constant(&segment->index, file);
		}
		fputs(":", file);
		for (uint32_t k = 0; k < segment->item_count; k++) {
			fputs(k ? ", " : " ", file);
			dump_constant(&segment->items[k], file);
		}
		fputc('\n', file);
	}
}

static void dump_data(const struct module *module, FILE *file)
{
	for (uint32_t i = 0; i < module->data_count; i++) {
		const struct data_segment *segment = &module->data[i];
		fprintf(file, "data %u %s", i, mode_name(segment->mode));
		if (segment->mode == SV_SEGMENT_ACTIVE) {
			fprintf(file, " memory %u at ", segment->memory);
			dump_constant(&segment->address, file);
		}
		fprintf(file, ", %zu bytes\n", segment->bytes.length);
	}
}

static void dump_fields(const struct defined_type *type, FILE *file)
{
	for (uint32_t i = 0; i < type->field_count; i++)
		fprintf(file, " (%s%s)", type->fields[i].mutable ? "mut " : "",
				sv_type_text(type->fields[i].type).text);
}

static void dump_defined_type(const struct defined_type *type, FILE *file)
{
	static const char *const kinds[] = {"", "struct", "array"};
	if (type->group_size > 1)
		fprintf(file, "group %u ", type->group_first);
	if (type->supertype != SV_NO_INDEX)
		fprintf(file, "below %u ", type->supertype);
	if (!type->is_final)
		fprintf(file, "open ");
	if (type->kind == SV_KIND_FUNCTION) {
		dump_type(&type->function, file);
		return;
	}
	fprintf(file, "%s", kinds[type->kind]);
	dump_fields(type, file);
}

void dump_module(const struct module *module, FILE *file)
{
	fprintf(file, "module, %zu bytes", module->input.length);
	if (module->name.length) {
		fputc(' ', file);
		dump_name(module->name, file);
	}
	fputc('\n', file);
	for (uint32_t i = 0; i < module->type_count; i++) {
		fprintf(file, "type %u ", i);
		dump_defined_type(&module->types[i], file);
		fputc('\n', file);
	}
	dump_imports(module, file);
	dump_functions(module, file);
	dump_storage(module, file);
	dump_exports(module, file);
	dump_elements(module, file);
	dump_data(module, file);
}
